//! A registry of images and plugins.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::process::{Process, unpacked};

/// The user `author` with the password `pump-curve`, as bcrypt.
const USERS: &str = "author:$2a$05$8FiGM7FtZSJB/EHe45V/WeVjwDAI6/kgrqfFDNTzs0KR6L49xtMUW\n";
/// The same as `docker login` writes it.
const LOGIN: &str = "YXV0aG9yOnB1bXAtY3VydmU=";

/// Debian's `docker-registry`, over a folder of its own.
pub struct RegistryServer {
    process: Process,
    folder: TempDir,
}

impl RegistryServer {
    /// Name and password of the one user that a guarded one knows.
    pub const USER: (&str, &str) = ("author", "pump-curve");

    /// One that lets everybody in.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// One that asks who it is.
    #[must_use]
    pub fn start_guarded() -> Self {
        Self::start_with("auth: {htpasswd: {realm: simulay, path: users}}\n")
    }

    fn start_with(guard: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("users"), USERS).unwrap();
        let settings = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: data}}}}\nhttp: {{addr: \"127.0.0.1:0\"}}\n{guard}"
        );
        fs::write(folder.path().join("settings.yml"), settings).unwrap();
        let program =
            unpacked("registry/usr/bin/docker-registry").unwrap_or_else(|| PathBuf::from("docker-registry"));
        let mut process =
            Process::start(&program, &["serve", "settings.yml"], folder.path(), "msg=\"listening on ");
        process.address.truncate(process.address.find('"').unwrap());
        Self { process, folder }
    }

    /// Host and port.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.process.address
    }

    /// A folder for the files of a test; the registry has what it keeps in `data`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves in the folder what `docker login` leaves, so that it does as `DOCKER_CONFIG`.
    pub fn log_in(&self) {
        let login = format!(r#"{{"auths":{{"{}":{{"auth":"{LOGIN}"}}}}}}"#, self.address());
        fs::write(self.folder.path().join("config.json"), login).unwrap();
    }
}
