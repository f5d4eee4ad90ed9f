//! The templates of projects, which this command carries.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// An archive of a folder per language, made by the build script.
const TEMPLATES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/templates.tar"));
/// Files that would disturb a checkout of ours, and their names in a project.
const HIDDEN: [(&str, &str); 1] = [("_gitignore", ".gitignore")];

/// What a plugin is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Language {
    /// Rust.
    Rust,
    /// Python.
    #[value(alias = "py")]
    Python,
    /// JavaScript, or TypeScript.
    #[value(aliases = ["javascript", "ts", "typescript"])]
    Js,
    /// C.
    C,
}

/// A file of a template.
#[derive(Debug)]
pub(super) struct TemplateFile {
    /// Relative to the project.
    pub(super) path: PathBuf,
    /// As the template writes it.
    pub(super) bytes: Vec<u8>,
    /// True for programs.
    pub(super) executable: bool,
}

impl Language {
    const fn folder(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::Js => "js",
            Self::C => "c",
        }
    }
}

/// The files of the template for `language`.
pub(super) fn files(language: Language) -> io::Result<Vec<TemplateFile>> {
    let mut files = Vec::new();
    for entry in tar::Archive::new(TEMPLATES).entries()? {
        let mut entry = entry?;
        let whole = entry.path()?.into_owned();
        let Ok(path) = whole.strip_prefix(language.folder()) else { continue };
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        let executable = entry.header().mode()? & 0o100 != 0 || bytes.starts_with(b"#!");
        files.push(TemplateFile { path: shown(path), bytes, executable });
    }
    Ok(files)
}

fn shown(path: &Path) -> PathBuf {
    match HIDDEN.iter().find(|(hidden, _)| path.file_name().is_some_and(|name| name == *hidden)) {
        Some((_, name)) => path.with_file_name(name),
        None => path.to_owned(),
    }
}
