//! Where things lie on this machine.

use std::fs::{self, DirBuilder};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use uuid::Uuid;

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

/// The identity of this installation, made at its first start; it labels our containers.
pub(crate) fn instance(data: &Path) -> anyhow::Result<Uuid> {
    let file = data.join("instance");
    match fs::read_to_string(&file) {
        Ok(text) => text.trim().parse().with_context(|| {
            format!("{} does not hold a UUID; put the former one back from a backup", file.display())
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => make_instance(data, &file),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", file.display())),
    }
}

fn make_instance(data: &Path, file: &Path) -> anyhow::Result<Uuid> {
    let instance = Uuid::now_v7();
    let written = write_new(data, file, &format!("{instance}\n"));
    match written {
        Ok(()) => Ok(instance),
        // Another process made it between our look and our write: its word holds.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self::instance(data),
        Err(error) => Err(error).with_context(|| format!("{} cannot be written", file.display())),
    }
}

/// Writes a file whole or not at all, unless it is there.
fn write_new(directory: &Path, file: &Path, text: &str) -> io::Result<()> {
    let mut temporary = tempfile::NamedTempFile::new_in(directory)?;
    temporary.write_all(text.as_bytes())?;
    temporary.as_file().sync_all()?;
    temporary.persist_noclobber(file).map_err(|failed| failed.error)?;
    sync_directory(directory)
}

/// Writes a file whole or not at all, over the former one.
pub(crate) fn replace(directory: &Path, file: &Path, text: &str) -> io::Result<()> {
    let mut temporary = tempfile::NamedTempFile::new_in(directory)?;
    temporary.write_all(text.as_bytes())?;
    temporary.as_file().sync_all()?;
    temporary.persist(file).map_err(|failed| failed.error)?;
    sync_directory(directory)
}

fn sync_directory(directory: &Path) -> io::Result<()> {
    fs::File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_directory_follows_xdg_then_home() {
        let xdg = |name: &str| (name == "XDG_DATA_HOME").then(|| PathBuf::from("/x"));
        let home = |name: &str| (name == "HOME").then(|| PathBuf::from("/h"));
        assert_eq!(default_data(xdg).unwrap(), Path::new("/x/simulay"));
        assert_eq!(default_data(home).unwrap(), Path::new("/h/.local/share/simulay"));
        assert!(default_data(|_| None).is_err());
        assert!(default_data(|_| Some(PathBuf::from("relative"))).is_err());
    }

    #[test]
    fn an_instance_stays_the_same() {
        let data = tempfile::tempdir().unwrap();
        let first = instance(data.path()).unwrap();
        assert_eq!(instance(data.path()).unwrap(), first);
        assert_eq!(fs::read_dir(data.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_damaged_instance_is_not_replaced() {
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join("instance"), "garbage").unwrap();
        assert!(instance(data.path()).unwrap_err().to_string().contains("UUID"));
    }
}
