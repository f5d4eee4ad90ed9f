//! What becomes of a file, by its name.

use simulay_model::{PathError, RelativePath};

use crate::ArchiveError;

/// What becomes of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is taken under this path.
    Taken(RelativePath),
    /// It is the folder that everything lies in.
    Root,
    /// It is left out: its name as far as it can be shown, and why.
    LeftOut(String, String),
}

/// Judges the name of a member.
///
/// # Errors
/// A name that leads out of the folder, or that no file system would give back.
pub(crate) fn judge(name: &[u8]) -> Result<Verdict, ArchiveError> {
    let Ok(text) = std::str::from_utf8(name) else {
        let shown = String::from_utf8_lossy(name).into_owned();
        return Ok(Verdict::LeftOut(shown, String::from("its name is no UTF-8")));
    };
    let text = below(text);
    if text.is_empty() || text == "." {
        return Ok(Verdict::Root);
    }
    if let Some(reason) = litter(text) {
        return Ok(Verdict::LeftOut(text.to_owned(), reason.to_owned()));
    }
    match RelativePath::new(text) {
        Ok(path) => Ok(Verdict::Taken(path)),
        Err(rule @ (PathError::Absolute | PathError::Dots | PathError::Empty | PathError::TooLong)) => {
            Err(ArchiveError::Name { path: text.chars().take(200).collect(), rule })
        }
        Err(rule) => Ok(Verdict::LeftOut(text.to_owned(), rule.to_string())),
    }
}

/// The name without what `tar .` writes before it, and without the slash that marks a folder.
pub(crate) fn below(name: &str) -> &str {
    let mut name = name;
    while let Some(rest) = name.strip_prefix("./") {
        name = rest;
    }
    name.strip_suffix('/').unwrap_or(name)
}

/// What macOS adds to archives beside the files of the user.
fn litter(name: &str) -> Option<&'static str> {
    let mut parts = name.split('/');
    let of_macos = |part: &str| part == "__MACOSX" || part == ".DS_Store" || part.starts_with("._");
    parts.any(of_macos).then_some("macOS made it for itself")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(name: &str) -> String {
        match judge(name.as_bytes()) {
            Ok(Verdict::Taken(path)) => path.as_str().to_owned(),
            other => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn names_are_data() {
        for name in [
            "main.m",
            "a b/c",
            "größe/Δ.m",
            ".hidden",
            "...",
            "a/.git/x",
            "plate (1).m",
            "x:y*",
            "-rf",
            "a\\b",
            "a\nb",
        ] {
            assert_eq!(taken(name), name);
        }
        assert_eq!(taken("./a/b"), "a/b");
        assert_eq!(taken("././a/"), "a");
    }

    #[test]
    fn the_folder_itself_is_nothing() {
        for name in ["", ".", "./", "././"] {
            assert_eq!(judge(name.as_bytes()).unwrap(), Verdict::Root, "{name}");
        }
    }

    #[test]
    fn what_leads_elsewhere_is_refused() {
        let long = "x".repeat(256);
        for name in ["/etc/passwd", "../x", "a/../../x", "a/./b", "a//b", "..", "./../x", ".//x", &long] {
            let refused = judge(name.as_bytes());
            assert!(matches!(refused, Err(ArchiveError::Name { .. })), "{name}: {refused:?}");
        }
    }

    #[test]
    fn what_is_only_odd_is_left_out() {
        for name in [&b"\xff.m"[..], b"a\0b", b"__MACOSX/a", b"a/.DS_Store", b"._a", b"a/._b"] {
            assert!(matches!(judge(name).unwrap(), Verdict::LeftOut(..)), "{name:?}");
        }
    }
}
