//! Compiled plugins: sealed files in memory that workers share, and a folder that survives a restart.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use hmac::{Hmac, KeyInit as _, Mac as _};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::rand::{GetRandomFlags, getrandom};
use sha2::Sha256;
use simulay_model::Digest;
use tempfile::NamedTempFile;

/// The block of SHA-256: a longer key gives no more.
const KEY_BYTES: usize = 64;
const TAG_BYTES: usize = 32;
const KEY_NAME: &str = "key";
/// What the folder may take; the code written first goes first.
const FOLDER_BYTES: u64 = 2 << 30;

/// Compiled code in a file that nobody can change.
pub(super) fn seal(code: &[u8]) -> io::Result<Arc<OwnedFd>> {
    let mut file =
        fs::File::from(memfd_create("simulay-code", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?);
    file.write_all(code)?;
    fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL)?;
    Ok(Arc::new(file.into()))
}

/// A folder of compiled code that only this user can read or write. What is in it is loaded only with a tag
/// that its key gives: a file that was damaged, swapped or put there by others is as good as none.
pub(super) struct Folder {
    path: PathBuf,
    key: [u8; KEY_BYTES],
}

impl Folder {
    /// The folder at `path`, made when it is missing.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        let file = path.join(KEY_NAME);
        let key = match fs::read(&file) {
            Ok(bytes) if bytes.len() == KEY_BYTES => bytes,
            // Without its key, what is in the folder is worth nothing: a new key begins anew.
            Ok(_) => new_key(path)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => new_key(path)?,
            Err(error) => return Err(error),
        };
        let key = key.try_into().map_err(|_| io::Error::other("a key of another length"))?;
        Ok(Self { path: path.to_owned(), key })
    }

    /// The code `compiler` made of `plugin`, when it is there and unchanged.
    pub(super) fn read(&self, compiler: Digest, plugin: Digest) -> Option<Vec<u8>> {
        let name = name(compiler, plugin);
        let mut file = fs::File::open(self.path.join(&name)).ok()?;
        let mut tag = [0; TAG_BYTES];
        let mut code = Vec::new();
        file.read_exact(&mut tag).ok()?;
        file.read_to_end(&mut code).ok()?;
        self.tag(&name, &code).verify_slice(&tag).ok()?;
        Some(code)
    }

    /// Keeps `code`, whole or not at all.
    pub(super) fn write(&self, compiler: Digest, plugin: Digest, code: &[u8]) -> io::Result<()> {
        let name = name(compiler, plugin);
        let mut file = NamedTempFile::new_in(&self.path)?;
        file.write_all(&self.tag(&name, code).finalize().into_bytes())?;
        file.write_all(code)?;
        file.persist(self.path.join(name))?;
        self.shrink()
    }

    fn tag(&self, name: &str, code: &[u8]) -> Hmac<Sha256> {
        Hmac::<Sha256>::new(&self.key.into()).chain_update(name).chain_update(code)
    }

    fn shrink(&self) -> io::Result<()> {
        let mut files: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            // Another writer may have put its file in place, or taken this one away, meanwhile.
            let Some(metadata) = unless_gone(entry.metadata())? else { continue };
            if entry.file_name() != KEY_NAME {
                files.push((metadata.modified()?, metadata.len(), entry.path()));
            }
        }
        files.sort();
        let mut surplus = files.iter().map(|(_, bytes, _)| bytes).sum::<u64>().saturating_sub(FOLDER_BYTES);
        for (_, bytes, path) in files {
            if surplus == 0 {
                break;
            }
            unless_gone(fs::remove_file(path))?;
            surplus = surplus.saturating_sub(bytes);
        }
        Ok(())
    }
}

fn new_key(folder: &Path) -> io::Result<Vec<u8>> {
    let mut key = vec![0; KEY_BYTES];
    getrandom(&mut key, GetRandomFlags::empty())?;
    let mut file =
        tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o600)).tempfile_in(folder)?;
    file.write_all(&key)?;
    file.persist(folder.join(KEY_NAME))?;
    Ok(key)
}

fn unless_gone<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

fn name(compiler: Digest, plugin: Digest) -> String {
    format!("{plugin}-{compiler}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_found_again_only_unchanged_and_by_its_own_name() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("compiled");
        let [compiler, plugin, other] = [b"c", b"p", b"o"].map(|bytes| Digest::of(bytes));
        Folder::open(&path).unwrap().write(compiler, plugin, b"code").unwrap();
        let folder = Folder::open(&path).unwrap();
        assert_eq!(folder.read(compiler, plugin).as_deref(), Some(b"code".as_slice()));
        assert_eq!(folder.read(compiler, other), None);
        let file = path.join(name(compiler, plugin));
        fs::copy(&file, path.join(name(compiler, other))).unwrap();
        assert_eq!(folder.read(compiler, other), None, "a file under another's name");
        let mut damaged = fs::read(&file).unwrap();
        *damaged.last_mut().unwrap() ^= 1;
        fs::write(&file, damaged).unwrap();
        assert_eq!(folder.read(compiler, plugin), None, "a changed file");
        fs::write(&file, b"short").unwrap();
        assert_eq!(folder.read(compiler, plugin), None, "a cut file");
    }

    #[test]
    fn writers_side_by_side_do_not_trouble_each_other() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::open(home.path()).unwrap();
        std::thread::scope(|scope| {
            for writer in 0..4_u8 {
                let folder = &folder;
                scope.spawn(move || {
                    for number in 0..100 {
                        let plugin = Digest::of(&[writer, number]);
                        folder.write(plugin, plugin, b"code").unwrap();
                    }
                });
            }
        });
    }

    #[test]
    fn nobody_else_reads_the_folder() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("compiled");
        Folder::open(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(path.join(KEY_NAME)).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn sealed_code_cannot_be_changed() {
        let mut file = fs::File::from(seal(b"code").unwrap().try_clone().unwrap());
        assert!(file.write_all(b"more").is_err());
        assert!(file.set_len(1).is_err());
    }
}
