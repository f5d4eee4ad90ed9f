//! The files put into the working directory.

use bytes::Bytes;
use simulay_model::{Clash, File, RelativePath, Source};

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
    let Some(clash) = Clash::among(files.iter().map(|(path, _)| path)) else { return Ok(()) };
    let rule = match clash {
        Clash::Same(..) => "another file has this path",
        Clash::Folder(..) => "another file is a directory of this path",
    };
    Err(denied(field(clash.later()), rule))
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
