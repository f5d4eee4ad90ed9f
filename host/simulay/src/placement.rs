//! Where the artifacts of a run go in a folder of the user's.
//!
//! Kept files lie at the top; what containers left lies below `calls/`, what they printed in `logs/`.

use std::collections::HashSet;

use simulay_api::wire::{ArtifactKind, ListedArtifact};
use simulay_model::{Digest, PathError, RelativePath, RunArtifact};

/// Where files lie whose names are too long with ours before them, by their SHA-256.
const LONG: &str = "long-names";

/// An artifact of a run, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    /// What it is to the run.
    pub(crate) kind: ArtifactKind,
    /// Step and place of the call that left it.
    pub(crate) origin: Option<(u32, u32)>,
    /// Its name in the run.
    pub(crate) path: RelativePath,
    /// Address of the content.
    pub(crate) sha256: Digest,
}

impl From<&RunArtifact> for Listed {
    fn from(entry: &RunArtifact) -> Self {
        Self::from(ListedArtifact::from(entry.clone()))
    }
}

impl From<ListedArtifact> for Listed {
    fn from(entry: ListedArtifact) -> Self {
        let ListedArtifact { kind, step, call, artifact } = entry;
        Self { kind, origin: step.zip(call), path: artifact.path, sha256: artifact.sha256 }
    }
}

/// The artifacts a folder gets and where; inputs are the user's already.
pub(crate) fn place(artifacts: Vec<Listed>) -> Result<Vec<(RelativePath, Listed)>, PathError> {
    let mut taken = Taken::default();
    let wanted = artifacts.into_iter().filter(|entry| entry.kind != ArtifactKind::Input);
    wanted
        .map(|entry| {
            // A name that became too long costs itself, not its file.
            let path = RelativePath::new(taken.place(&name(&entry)));
            let path =
                path.or_else(|_| RelativePath::new(taken.place(&format!("{LONG}/{}", entry.sha256))))?;
            Ok((path, entry))
        })
        .collect()
}

fn name(entry: &Listed) -> String {
    let path = entry.path.as_str();
    let (step, call) = entry.origin.unwrap_or_default();
    match entry.kind {
        ArtifactKind::Kept if is_ours(path) => format!("kept/{path}"),
        ArtifactKind::Kept | ArtifactKind::Input => path.to_owned(),
        ArtifactKind::Output => format!("calls/{step}-{call}/{path}"),
        ArtifactKind::Stdout => format!("logs/{step}-{call}.stdout.txt"),
        ArtifactKind::Stderr => format!("logs/{step}-{call}.stderr.txt"),
    }
}

/// True when the first part of `path` is a folder we fill ourselves.
fn is_ours(path: &str) -> bool {
    matches!(path.split('/').next(), Some("calls" | "logs" | "kept" | LONG))
}

/// What has its place already; letters of either case are one name.
#[derive(Default)]
struct Taken {
    files: HashSet<String>,
    folders: HashSet<String>,
}

impl Taken {
    /// A path for a file: `wanted`, with `.2` and so on after each part that is a file already, or, at
    /// its end, a folder.
    fn place(&mut self, wanted: &str) -> String {
        let (folders, file) = wanted.rsplit_once('/').unwrap_or(("", wanted));
        let mut path = String::new();
        for part in folders.split('/').filter(|part| !part.is_empty()) {
            path = numbered(&path, part, |path| !self.files.contains(path));
            self.folders.insert(path.to_lowercase());
            path.push('/');
        }
        let path = numbered(&path, file, |path| !self.files.contains(path) && !self.folders.contains(path));
        self.files.insert(path.to_lowercase());
        path
    }
}

fn numbered(folder: &str, part: &str, is_free: impl Fn(&str) -> bool) -> String {
    let mut path = format!("{folder}{part}");
    let mut number = 1;
    while !is_free(&path.to_lowercase()) {
        number += 1;
        path = format!("{folder}{part}.{number}");
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(kind: ArtifactKind, origin: Option<(u32, u32)>, path: &str) -> Listed {
        Listed { kind, origin, path: RelativePath::new(path).unwrap(), sha256: Digest::of(b"") }
    }

    fn places(artifacts: Vec<Listed>) -> Vec<String> {
        place(artifacts).unwrap().into_iter().map(|(path, _)| path.as_str().to_owned()).collect()
    }

    #[test]
    fn every_kind_has_its_place() {
        let call = Some((0, 1));
        let artifacts = vec![
            listed(ArtifactKind::Input, None, "mesh.csv"),
            listed(ArtifactKind::Output, call, "out/field.csv"),
            listed(ArtifactKind::Stdout, call, "stdout"),
            listed(ArtifactKind::Stderr, call, "stderr"),
            listed(ArtifactKind::Kept, None, "field.csv"),
        ];
        let expected = ["calls/0-1/out/field.csv", "logs/0-1.stdout.txt", "logs/0-1.stderr.txt", "field.csv"];
        assert_eq!(places(artifacts), expected);
    }

    #[test]
    fn names_never_meet() {
        let kept = |path| listed(ArtifactKind::Kept, None, path);
        let names = places(vec![kept("a"), kept("A"), kept("a.2"), kept("logs"), kept("calls/x")]);
        assert_eq!(names, ["a", "A.2", "a.2.2", "kept/logs", "kept/calls/x"]);
    }

    #[test]
    fn a_file_is_never_a_folder_as_well() {
        let kept = |path| listed(ArtifactKind::Kept, None, path);
        let names = places(vec![kept("a"), kept("a/b"), kept("A/c"), kept("x/y"), kept("x"), kept("a.2/b")]);
        assert_eq!(names, ["a", "a.2/b", "A.2/c", "x/y", "x.2", "a.2/b.2"]);
    }

    #[test]
    fn two_calls_that_left_one_path_have_a_folder_each() {
        let left = |call| listed(ArtifactKind::Output, Some((0, call)), "out/-x.csv");
        assert_eq!(places(vec![left(0), left(1)]), ["calls/0-0/out/-x.csv", "calls/0-1/out/-x.csv"]);
    }

    #[test]
    fn a_name_that_becomes_too_long_is_a_digest() {
        let long = vec!["x".repeat(255); 4].join("/");
        let names = places(vec![listed(ArtifactKind::Output, Some((0, 0)), &long)]);
        assert_eq!(names, [format!("long-names/{}", Digest::of(b""))]);
    }
}
