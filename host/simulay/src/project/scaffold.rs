//! Writes a new project: whole or not at all, and never over anything.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::name::ProjectName;
use super::template::{Language, TemplateFile, files};

/// Writes the project `name` as the folder `target`.
pub(crate) fn write(language: Language, name: &ProjectName, target: &Path) -> anyhow::Result<()> {
    let files = files(language).context("the templates cannot be read")?;
    if files.is_empty() {
        bail!("this build of simulay carries no template for {language:?}");
    }
    let parent = match target.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let cannot = || format!("{} cannot be made", target.display());
    fs::create_dir_all(parent).with_context(cannot)?;
    let beside = tempfile::Builder::new().prefix(".simulay-new-").tempdir_in(parent).with_context(cannot)?;
    // Inside, so that it is made with the rights of any new folder.
    let made = beside.path().join(name.as_str());
    for file in &files {
        write_file(&made, file, name).with_context(cannot)?;
    }
    publish(&made, target)
}

fn publish(made: &Path, target: &Path) -> anyhow::Result<()> {
    match renameat_with(CWD, made, CWD, target, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        Err(Errno::EXIST) => {
            bail!("{} exists already; take another name, or another folder with --dir", target.display())
        }
        Err(error) => {
            Err(std::io::Error::from(error)).with_context(|| format!("{} cannot be made", target.display()))
        }
    }
}

fn write_file(root: &Path, file: &TemplateFile, name: &ProjectName) -> anyhow::Result<()> {
    let path = root.join(filled(&file.path, name)?);
    fs::create_dir_all(path.parent().unwrap_or(root))?;
    let mode = if file.executable { 0o777 } else { 0o666 };
    let mut written = OpenOptions::new().write(true).create_new(true).mode(mode).open(&path)?;
    match std::str::from_utf8(&file.bytes) {
        Ok(text) => written.write_all(name.fill(text).as_bytes())?,
        Err(_) => written.write_all(&file.bytes)?,
    }
    Ok(())
}

fn filled(path: &Path, name: &ProjectName) -> anyhow::Result<PathBuf> {
    Ok(PathBuf::from(name.fill(path.to_str().context("a template has a file name that is no text")?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn file(path: &str, bytes: &[u8], executable: bool) -> TemplateFile {
        TemplateFile { path: path.into(), bytes: bytes.to_vec(), executable }
    }

    #[test]
    fn files_get_the_name_inside_and_outside() {
        let root = tempfile::tempdir().unwrap();
        let name = "spring".parse().unwrap();
        write_file(root.path(), &file("src/my_pipeline.h", b"// my-pipeline", false), &name).unwrap();
        assert_eq!(fs::read_to_string(root.path().join("src/spring.h")).unwrap(), "// spring");
    }

    #[test]
    fn programs_may_be_run_and_bytes_stay() {
        let root = tempfile::tempdir().unwrap();
        let name = "spring".parse().unwrap();
        write_file(root.path(), &file("build", b"#!/bin/sh\n\xff my-pipeline", true), &name).unwrap();
        let path = root.path().join("build");
        assert_eq!(fs::read(&path).unwrap(), b"#!/bin/sh\n\xff my-pipeline");
        assert_ne!(fs::metadata(&path).unwrap().permissions().mode() & 0o100, 0);
    }

    #[test]
    fn what_is_there_stays_as_it_is() {
        let root = tempfile::tempdir().unwrap();
        let (made, target) = (root.path().join("made"), root.path().join("target"));
        fs::create_dir(&made).unwrap();
        fs::create_dir(&target).unwrap();
        assert!(publish(&made, &target).unwrap_err().to_string().contains("exists already"));
        assert!(made.exists());
    }
}
