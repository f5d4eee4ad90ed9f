//! The files put into the working directory.

use std::collections::HashSet;

use bytes::Bytes;
use simulay_model::{File, RelativePath, Source};

use super::{Content, Limits, denied};
use crate::ContainerError;

/// Checks names, number and size.
pub(super) fn check(files: &[File], limits: &Limits) -> Result<Vec<(RelativePath, Content)>, ContainerError> {
    if files.len() > limits.max_files {
        let (count, limit) = (files.len(), limits.max_files);
        let rule = format!("{count} files, and the operator allows {limit} (`max_files`)");
        return Err(denied("files", rule));
    }
    let inline: u64 = files.iter().map(|file| inline_bytes(&file.content)).sum();
    if inline > limits.max_input_bytes {
        let limit = limits.max_input_bytes;
        let rule =
            format!("{inline} bytes of text and bytes, and the operator allows {limit} (`max_call_bytes`)");
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

/// No two files may be one, and none a directory of another.
fn check_places(files: &[(RelativePath, Content)]) -> Result<(), ContainerError> {
    let mut places = HashSet::new();
    for (index, (path, _)) in files.iter().enumerate() {
        if !places.insert(path.as_str()) {
            return Err(denied(field(index), "another file has this path"));
        }
    }
    for (index, (path, _)) in files.iter().enumerate() {
        let mut path = path.as_str();
        while let Some((directory, _)) = path.rsplit_once('/') {
            path = directory;
            if places.contains(path) {
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
