//! What is in an archive, gathered member by member.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;

use simulay_model::{Clash, Digest, Omission, RelativePath};

use crate::link::leads_to;
use crate::name::{Verdict, below, judge};
use crate::{ArchiveError, Bounds};

/// What is left out and listed; more is counted.
const LISTED: usize = 100;
/// Links that lead to links.
const HOPS: usize = 16;

/// What was in an archive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// The files, in the order of the archive.
    pub files: Vec<Packed>,
    /// What is in the archive and was not taken.
    pub left_out: Vec<Omission>,
    /// How much more was not taken than `left_out` lists.
    pub left_out_more: u64,
}

/// A file of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// Where it lies below the folder that was packed.
    pub path: RelativePath,
    /// Its bytes.
    pub sha256: Digest,
    /// How many.
    pub size: u64,
}

/// Contents in the making.
pub(crate) struct Gathering<'a> {
    bounds: &'a Bounds,
    members: Vec<(RelativePath, Found)>,
    places: HashMap<RelativePath, usize>,
    folders: Vec<RelativePath>,
    omitted: usize,
    contents: Contents,
}

/// The place of a member among the others.
#[derive(Debug)]
pub(crate) struct Place {
    place: usize,
    pub(crate) path: RelativePath,
}

enum Found {
    Stored(Digest, u64),
    /// What leads to a file of the archive; nothing when it leads nowhere.
    Link(Option<String>),
}

impl<'a> Gathering<'a> {
    pub(crate) fn new(bounds: &'a Bounds) -> Self {
        Self {
            bounds,
            members: Vec::new(),
            places: HashMap::new(),
            folders: Vec::new(),
            omitted: 0,
            contents: Contents::default(),
        }
    }

    /// The place of a file or link, unless it is left out.
    pub(crate) fn admit(&mut self, name: &[u8]) -> Result<Option<Place>, ArchiveError> {
        let place = self.members.len();
        if place + self.omitted >= self.bounds.files {
            return Err(ArchiveError::Files(self.bounds.files));
        }
        match judge(name)? {
            Verdict::Taken(path) if self.places.contains_key(&path) => {
                Err(ArchiveError::Twice(path.as_str().to_owned()))
            }
            Verdict::Taken(path) => {
                self.places.insert(path.clone(), place);
                self.members.push((path.clone(), Found::Link(None)));
                Ok(Some(Place { place, path }))
            }
            Verdict::Root => Err(ArchiveError::Special { path: ".".to_owned(), what: "the folder itself" }),
            Verdict::LeftOut(shown, reason) => {
                self.leave_out(shown, reason);
                Ok(None)
            }
        }
    }

    /// A folder; one that stays empty is nothing to a run, and is told.
    pub(crate) fn folder(&mut self, name: &[u8]) -> Result<(), ArchiveError> {
        if self.folders.len() >= self.bounds.files {
            return Err(ArchiveError::Files(self.bounds.files));
        }
        if let Verdict::Taken(path) = judge(name)? {
            self.folders.push(path);
        }
        Ok(())
    }

    /// A file that was stored.
    pub(crate) fn file(&mut self, place: &Place, (sha256, size): (Digest, u64)) {
        self.fill(place, Found::Stored(sha256, size));
    }

    /// A link, whose `target` is written from where it lies.
    pub(crate) fn link(&mut self, place: &Place, target: &[u8]) {
        let target = std::str::from_utf8(target).ok();
        self.fill(place, Found::Link(target.and_then(|target| leads_to(place.path.as_str(), target))));
    }

    /// Another name of a file that came before.
    pub(crate) fn hard_link(&mut self, place: &Place, target: &[u8]) {
        let target = std::str::from_utf8(target).ok();
        self.fill(place, Found::Link(target.map(|target| below(target).to_owned())));
    }

    fn fill(&mut self, place: &Place, found: Found) {
        if let Some((_, empty)) = self.members.get_mut(place.place) {
            *empty = found;
        }
    }

    fn leave_out(&mut self, path: String, reason: String) {
        self.omitted += 1;
        if self.contents.left_out.len() < LISTED {
            self.contents.left_out.push(Omission { path, reason });
        } else {
            self.contents.left_out_more += 1;
        }
    }

    /// All of it, when it can lie in one folder.
    pub(crate) fn finish(mut self) -> Result<Contents, ArchiveError> {
        self.check_places()?;
        for folder in self.empty_folders() {
            let reason = "it is an empty folder; a file in it, e.g. `.gitkeep`, takes it along";
            self.leave_out(folder, reason.to_owned());
        }
        let members = std::mem::take(&mut self.members);
        for (path, found) in &members {
            match self.resolve(&members, found) {
                Some((sha256, size)) => {
                    self.contents.files.push(Packed { path: path.clone(), sha256, size });
                }
                None => {
                    let reason = "it is a link that leads to no file of the archive";
                    self.leave_out(path.as_str().to_owned(), reason.to_owned());
                }
            }
        }
        Ok(self.contents)
    }

    fn check_places(&self) -> Result<(), ArchiveError> {
        let clash = Clash::among(self.members.iter().map(|(path, _)| path));
        let file = clash.and_then(|clash| self.members.get(clash.folder())).map(|(path, _)| path);
        let both = file.or_else(|| self.folders.iter().find(|folder| self.places.contains_key(*folder)));
        both.map_or(Ok(()), |path| Err(ArchiveError::FileAndFolder(path.as_str().to_owned())))
    }

    /// The folders without a file or folder that could be taken.
    fn empty_folders(&self) -> Vec<String> {
        let members = self.members.iter().map(|(path, _)| path);
        let paths: BTreeSet<&str> = members.chain(&self.folders).map(RelativePath::as_str).collect();
        let is_empty = |inside: &String| {
            let next = paths.range::<str, _>((Bound::Included(inside.as_str()), Bound::Unbounded)).next();
            next.is_none_or(|path| !path.starts_with(inside.as_str()))
        };
        let folders: BTreeSet<&RelativePath> = self.folders.iter().collect();
        folders.into_iter().map(|folder| format!("{folder}/")).filter(is_empty).collect()
    }

    fn resolve(&self, members: &[(RelativePath, Found)], found: &Found) -> Option<(Digest, u64)> {
        let mut found = found;
        for _ in 0..HOPS {
            match found {
                Found::Stored(sha256, size) => return Some((*sha256, *size)),
                Found::Link(place) => {
                    let path = RelativePath::new(place.as_deref()?).ok()?;
                    found = &members.get(*self.places.get(&path)?)?.1;
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { files: 6, bytes: 0, file_bytes: 0 };

    fn stored(byte: u8) -> (Digest, u64) {
        (Digest::of(&[byte]), 1)
    }

    /// Takes these files, each with bytes of its own.
    fn gather(names: &[&str]) -> Result<Gathering<'static>, ArchiveError> {
        let mut gathering = Gathering::new(&BOUNDS);
        for (name, byte) in names.iter().zip(0..) {
            if let Some(place) = gathering.admit(name.as_bytes())? {
                gathering.file(&place, stored(byte));
            }
        }
        Ok(gathering)
    }

    fn link(gathering: &mut Gathering<'_>, name: &str, target: &str) {
        let place = gathering.admit(name.as_bytes()).unwrap().unwrap();
        gathering.link(&place, target.as_bytes());
    }

    #[test]
    fn files_keep_their_order() {
        let contents = gather(&["b", "a/x", "A"]).unwrap().finish().unwrap();
        let paths: Vec<&str> = contents.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["b", "a/x", "A"]);
    }

    #[test]
    fn a_name_is_one_file_or_one_folder() {
        assert!(matches!(gather(&["a", "b", "./a"]), Err(ArchiveError::Twice(name)) if name == "a"));
        let both = gather(&["a/b", "a"]).unwrap().finish();
        assert!(matches!(both, Err(ArchiveError::FileAndFolder(name)) if name == "a"));
        let mut gathering = gather(&["a"]).unwrap();
        gathering.folder(b"a/").unwrap();
        assert!(matches!(gathering.finish(), Err(ArchiveError::FileAndFolder(_))));
    }

    #[test]
    fn links_are_what_they_lead_to() {
        let mut gathering = gather(&["v1/main.m"]).unwrap();
        link(&mut gathering, "v1/again.m", "main.m");
        link(&mut gathering, "latest.m", "v1/again.m");
        let place = gathering.admit(b"hard.m").unwrap().unwrap();
        gathering.hard_link(&place, b"./v1/main.m");
        let contents = gathering.finish().unwrap();
        assert_eq!((contents.files.len(), contents.left_out.len()), (4, 0));
        assert!(contents.files.iter().all(|file| file.sha256 == Digest::of(&[0])));
    }

    #[test]
    fn links_that_lead_nowhere_are_told() {
        let mut gathering = gather(&["a"]).unwrap();
        for (name, target) in [("x", "/etc/passwd"), ("y", "../a"), ("round", "round"), ("gone", "b")] {
            link(&mut gathering, name, target);
        }
        let contents = gathering.finish().unwrap();
        let names: Vec<&str> = contents.left_out.iter().map(|left| left.path.as_str()).collect();
        assert_eq!((contents.files.len(), names), (1, vec!["x", "y", "round", "gone"]));
    }

    #[test]
    fn empty_folders_are_told_once() {
        let mut gathering = gather(&["a/b/x", "a-b", "out.m"]).unwrap();
        for folder in ["a/", "a/b/", "out/", "out/deep/", "out/deep", "./"] {
            gathering.folder(folder.as_bytes()).unwrap();
        }
        let contents = gathering.finish().unwrap();
        let names: Vec<&str> = contents.left_out.iter().map(|left| left.path.as_str()).collect();
        assert_eq!((contents.files.len(), names), (3, vec!["out/deep/"]));
    }

    #[test]
    fn members_are_bounded_whatever_becomes_of_them() {
        let names = ["a", "__MACOSX/1", "__MACOSX/2", "__MACOSX/3", "b", "c", "d"];
        assert!(matches!(gather(&names), Err(ArchiveError::Files(6))));
    }
}
