//! Where things lie on this machine.

use std::fs::{self, DirBuilder, Metadata};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, fchown};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// The data directory when none is named: `$XDG_DATA_HOME/simulay` or `~/.local/share/simulay`.
pub(crate) fn default_data(variable: impl Fn(&str) -> Option<PathBuf>) -> anyhow::Result<PathBuf> {
    let absolute = |name: &str| variable(name).filter(|path| path.is_absolute());
    let shared = absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(".local/share")));
    match shared {
        Some(shared) => Ok(shared.join("simulay")),
        None => bail!("there is no home directory; name the data directory with --data"),
    }
}

/// Makes the data directory, for its owner only.
pub(crate) fn prepare(data: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data)
        .with_context(|| format!("the data directory {} cannot be made", data.display()))
}

/// Writes a file whole or not at all, over the former one, whose owner and mode it has.
pub(crate) fn replace(directory: &Path, file: &Path, text: &str) -> io::Result<()> {
    let mut temporary = tempfile::NamedTempFile::new_in(directory)?;
    temporary.write_all(text.as_bytes())?;
    match fs::metadata(file) {
        Ok(former) => resemble(temporary.as_file(), &former)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    temporary.as_file().sync_all()?;
    temporary.persist(file).map_err(|failed| failed.error)?;
    sync_directory(directory)
}

fn resemble(file: &fs::File, former: &Metadata) -> io::Result<()> {
    let own = file.metadata()?;
    // Only root may give files away.
    if (own.uid(), own.gid()) != (former.uid(), former.gid()) {
        fchown(file, Some(former.uid()), Some(former.gid()))?;
    }
    file.set_permissions(former.permissions())
}

fn sync_directory(directory: &Path) -> io::Result<()> {
    fs::File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, chown};

    use super::*;

    #[test]
    fn a_file_that_is_replaced_stays_for_whom_it_was() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("tls.key");
        replace(home.path(), &file, "before").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        // Only root may.
        let _ = chown(&file, Some(65532), Some(65532));
        let of = |facts: Metadata| (facts.uid(), facts.gid(), facts.mode());
        let before = of(fs::metadata(&file).unwrap());
        replace(home.path(), &file, "after").unwrap();
        assert_eq!(of(fs::metadata(&file).unwrap()), before);
        assert_eq!(fs::read_to_string(&file).unwrap(), "after");
    }

    #[test]
    fn the_data_directory_follows_xdg_then_home() {
        let xdg = |name: &str| (name == "XDG_DATA_HOME").then(|| PathBuf::from("/x"));
        let home = |name: &str| (name == "HOME").then(|| PathBuf::from("/h"));
        assert_eq!(default_data(xdg).unwrap(), Path::new("/x/simulay"));
        assert_eq!(default_data(home).unwrap(), Path::new("/h/.local/share/simulay"));
        assert!(default_data(|_| None).is_err());
        assert!(default_data(|_| Some(PathBuf::from("relative"))).is_err());
    }
}
