//! The files put into the working directory.

use std::collections::HashSet;

use bytes::Bytes;
use simulay_model::{File, RelativePath, Source};

use super::{Content, Limits, denied};
use crate::ContainerError;

/// Checks names, number and size.
pub(super) fn check(files: &[File], limits: &Limits) -> Result<Vec<(RelativePath, Content)>, ContainerError> {
    if files.len() > limits.max_files {
        return Err(denied("files", format!("at most {} files are allowed", limits.max_files)));
    }
    let inline: u64 = files.iter().map(|file| inline_bytes(&file.content)).sum();
    if inline > limits.max_input_bytes {
        let rule = format!("at most {} bytes of text and bytes are allowed", limits.max_input_bytes);
        return Err(denied("files", rule));
    }
    let checked = files.iter().enumerate().map(|(index, file)| {
        let path = RelativePath::new(file.path.clone());
        let path = path.map_err(|rule| denied(field(index), rule.to_string()))?;
        Ok((path, content(&file.content)))
    });
    let checked: Vec<_> = checked.collect::<Result<_, ContainerError>>()?;
    check_places(&checked)?;
    Ok(checked)
}

/// No two files may be one on a file system that ignores case, and none a directory of another.
fn check_places(files: &[(RelativePath, Content)]) -> Result<(), ContainerError> {
    let mut places = HashSet::new();
    for (index, (path, _)) in files.iter().enumerate() {
        if !places.insert(path.as_str().to_lowercase()) {
            return Err(denied(field(index), "another file has this path"));
        }
    }
    for (index, (path, _)) in files.iter().enumerate() {
        let mut path = path.as_str().to_lowercase();
        while let Some((directory, _)) = path.rsplit_once('/') {
            path = directory.to_owned();
            if places.contains(&path) {
                return Err(denied(field(index), "another file is a directory of this path"));
            }
        }
    }
    Ok(())
}

fn field(index: usize) -> String {
    format!("files[{index}].path")
}

fn inline_bytes(source: &Source) -> u64 {
    match source {
        Source::Text(text) => text.len() as u64,
        Source::Bytes(bytes) => bytes.len() as u64,
        Source::Artifact(_) => 0,
    }
}

fn content(source: &Source) -> Content {
    match source {
        Source::Text(text) => Content::Inline(Bytes::copy_from_slice(text.as_bytes())),
        Source::Bytes(bytes) => Content::Inline(Bytes::copy_from_slice(bytes)),
        Source::Artifact(digest) => Content::Artifact(*digest),
    }
}
