//! The operator's map from logical image names to image IDs: `images.toml` in the data directory.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

const HEADER: &str = "# Written by `simulay images`; names on the left are what plugins may ask for.\n\n";

/// An image the operator registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Image {
    /// `sha256:` and 64 hexadecimal digits.
    pub(crate) id: String,
    /// The image it was made from, as the operator named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
    /// By what nodes of a cluster can pull it: `HOST/NAME@sha256:…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pushed: Option<String>,
    /// When it was registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) registered_at: Option<Timestamp>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    images: BTreeMap<String, Image>,
}

/// The map and the file it lies in.
#[derive(Debug)]
pub(crate) struct Images {
    file: PathBuf,
    document: Document,
}

impl Images {
    /// The map in `data`; empty when there is no file.
    pub(crate) fn read(data: &Path) -> anyhow::Result<Self> {
        let file = data.join("images.toml");
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).with_context(|| format!("{} cannot be read", file.display())),
        };
        let document: Document = toml::from_str(&text)
            .map_err(|error| anyhow::anyhow!("{} is not valid: {}", file.display(), error.message()))?;
        document.images.iter().try_for_each(|(name, image)| {
            check_name(name)?;
            check_id(&image.id)
        })?;
        Ok(Self { file, document })
    }

    /// The images by name.
    pub(crate) const fn all(&self) -> &BTreeMap<String, Image> {
        &self.document.images
    }

    /// Changes the map in `data`; other commands that change it wait meanwhile.
    pub(crate) fn change<T>(
        data: &Path,
        change: impl FnOnce(&mut BTreeMap<String, Image>) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let lock = File::create(data.join("images.lock")).context("the list of images cannot be locked")?;
        lock.lock().context("the list of images cannot be locked")?;
        let mut images = Self::read(data)?;
        let changed = change(&mut images.document.images)?;
        images.write(data)?;
        Ok(changed)
    }

    fn write(&self, data: &Path) -> anyhow::Result<()> {
        let text = toml::to_string_pretty(&self.document).context("the list of images cannot be written")?;
        crate::places::replace(data, &self.file, &format!("{HEADER}{text}"))
            .with_context(|| format!("{} cannot be written", self.file.display()))
    }
}

/// Refuses a name no plugin could ask for.
pub(crate) fn check_name(name: &str) -> anyhow::Result<()> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    if name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() <= 64 && name.chars().all(allowed) {
        return Ok(());
    }
    bail!("`{name}` is no image name: 1 to 64 of a-z, 0-9, `-`, `_` and `.`, beginning with a letter")
}

/// Refuses what is not an image ID: tags move, IDs do not.
pub(crate) fn check_id(id: &str) -> anyhow::Result<()> {
    if is_id(id) {
        return Ok(());
    }
    bail!("`{id}` is no image ID: `sha256:` and 64 hexadecimal digits, as `docker image inspect` shows it")
}

/// Refuses what does not name one image of a registry for ever.
pub(crate) fn check_pinned(reference: &str) -> anyhow::Result<()> {
    match reference.split_once('@') {
        Some((repository, digest)) if is_id(digest) && crate::registry::repository(repository).is_ok() => {
            Ok(())
        }
        _ => bail!(
            "`{reference}` is no image of a registry: HOST/NAME@sha256:…, as `simulay images push` tells it"
        ),
    }
}

/// True for an image ID.
pub(crate) fn is_id(text: &str) -> bool {
    let hex = |c: char| c.is_ascii_digit() || matches!(c, 'a'..='f');
    text.strip_prefix("sha256:").is_some_and(|digits| digits.len() == 64 && digits.chars().all(hex))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(digit: &str) -> Image {
        let id = format!("sha256:{}", digit.repeat(64));
        let (source, registered_at) = ("simulay/octave:latest".into(), Timestamp::UNIX_EPOCH);
        Image { id, source: Some(source), pushed: None, registered_at: Some(registered_at) }
    }

    fn insert(data: &Path, name: &str, image: Image) {
        Images::change(data, |images| Ok(images.insert(name.into(), image))).unwrap();
    }

    #[test]
    fn a_registered_image_is_read_back() {
        let data = tempfile::tempdir().unwrap();
        insert(data.path(), "octave", image("a"));
        insert(data.path(), "octave-8.4", image("b"));
        let images = Images::read(data.path()).unwrap();
        assert_eq!(images.all()["octave"], image("a"));
        assert_eq!(images.all()["octave-8.4"], image("b"));
    }

    #[test]
    fn changes_side_by_side_are_all_kept() {
        let data = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for number in 0..16 {
                let data = data.path();
                scope.spawn(move || insert(data, &format!("i{number}"), image("c")));
            }
        });
        assert_eq!(Images::read(data.path()).unwrap().all().len(), 16);
    }

    #[test]
    fn a_failed_change_leaves_the_file() {
        let data = tempfile::tempdir().unwrap();
        insert(data.path(), "octave", image("a"));
        let failed: anyhow::Result<()> = Images::change(data.path(), |images| {
            images.clear();
            bail!("no")
        });
        assert!(failed.is_err());
        assert_eq!(Images::read(data.path()).unwrap().all().len(), 1);
    }

    #[test]
    fn a_file_that_is_not_ours_is_refused() {
        let data = tempfile::tempdir().unwrap();
        for text in ["images = 3", "[images.octave]\nid = \"octave:latest\"", "[other]", "[images.A]\nid='x'"]
        {
            fs::write(data.path().join("images.toml"), text).unwrap();
            assert!(Images::read(data.path()).is_err(), "{text}");
        }
    }

    #[test]
    fn names_and_ids_are_closed() {
        assert!(check_name("octave-8.4_x").is_ok());
        for name in ["", "Octave", "8", "a/b", "a b", &"a".repeat(65)] {
            assert!(check_name(name).is_err(), "{name}");
        }
        for id in ["octave", "sha256:abc", &format!("sha256:{}", "G".repeat(64))] {
            assert!(check_id(id).is_err(), "{id}");
        }
    }
}
