//! What an image is built from, by which one that is there already is known.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::digest;
use crate::place::Place;
use crate::process::log;
use crate::step::step;

/// Label of what an image was built from.
const LABEL: &str = "org.simulay.recipe";
/// Characters of a digest that tell one version from another.
const VERSION: usize = 12;

/// A folder with a Dockerfile, and programs that are put beside it.
pub(crate) struct Recipe {
    /// Paths within the folder, sorted, and contents.
    files: BTreeMap<PathBuf, Vec<u8>>,
    programs: BTreeMap<&'static str, Vec<u8>>,
    labels: BTreeMap<&'static str, String>,
}

impl Recipe {
    /// The recipe in `folder`.
    pub(crate) fn of(folder: &Path) -> anyhow::Result<Self> {
        let empty = Self { files: BTreeMap::new(), programs: BTreeMap::new(), labels: BTreeMap::new() };
        empty.with_folder(folder, Path::new(""))
    }

    /// The same with the files of `folder` at `place`.
    pub(crate) fn with_folder(mut self, folder: &Path, place: &Path) -> anyhow::Result<Self> {
        let mut folders = vec![PathBuf::new()];
        while let Some(inner) = folders.pop() {
            for entry in fs::read_dir(folder.join(&inner))? {
                let entry = entry?;
                let path = inner.join(entry.file_name());
                if entry.file_type()?.is_dir() {
                    folders.push(path);
                } else {
                    self.files.insert(place.join(path), fs::read(entry.path())?);
                }
            }
        }
        Ok(self)
    }

    /// The same with a program beside its files.
    pub(crate) fn with_program(mut self, name: &'static str, program: Vec<u8>) -> Self {
        self.programs.insert(name, program);
        self
    }

    /// The same with a label.
    pub(crate) fn with_label(mut self, name: &'static str, value: String) -> Self {
        self.labels.insert(name, value);
        self
    }

    /// True when `tag` was built from just this.
    pub(crate) fn is_built(&self, tag: &str) -> bool {
        inspect(tag, &format!("{{{{index .Config.Labels \"{LABEL}\"}}}}")).as_deref() == Some(&self.digest())
    }

    /// Builds it as `tag`.
    pub(crate) fn build(&self, place: &Place, tag: &str) -> anyhow::Result<()> {
        step(&format!("building the image {tag}"), || {
            let folder = tempfile::tempdir()?;
            self.write(folder.path())?;
            let mut docker = Command::new("docker");
            docker.args(["build", "--label", &format!("{LABEL}={}", self.digest()), "-t", tag]);
            for (name, value) in &self.labels {
                docker.args(["--label", &format!("{name}={value}")]);
            }
            log(docker.arg(folder.path()), &place.made("setup.log")?)
        })
    }

    /// What tells this version of it from others: the first characters of its digest.
    pub(crate) fn version(&self) -> String {
        self.digest().chars().take(VERSION).collect()
    }

    fn digest(&self) -> String {
        let files = self.files.iter().flat_map(|(path, content)| [path.as_os_str().as_bytes(), content]);
        let programs = self.programs.values().map(Vec::as_slice);
        let labels = self.labels.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
        digest::of(&files.chain(programs).chain(labels).collect::<Vec<_>>())
    }

    fn write(&self, folder: &Path) -> anyhow::Result<()> {
        for (path, content) in &self.files {
            let target = folder.join(path);
            fs::create_dir_all(target.parent().unwrap_or(folder))?;
            fs::write(target, content)?;
        }
        for (name, content) in &self.programs {
            fs::write(folder.join(name), content)?;
            fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755))?;
        }
        Ok(())
    }
}

/// What Docker says of an image; nothing when it has none.
pub(crate) fn inspect(image: &str, format: &str) -> Option<String> {
    let mut docker = Command::new("docker");
    docker.args(["image", "inspect", "--format", format, image]).stderr(Stdio::null());
    let output = docker.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
