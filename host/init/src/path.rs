//! The rule for names of files that go in or out; the host keeps the same one in its model.

use std::path::Path;

const MAX_PATH: usize = 1024;
const MAX_PART: usize = 255;

/// Says which rule `path` breaks, if any.
pub(crate) fn check(path: &str) -> Result<(), &'static str> {
    if path.starts_with('/') {
        return Err("a path must be relative");
    }
    if path.len() > MAX_PATH {
        return Err("a path has at most 1024 bytes");
    }
    if path.contains('\0') {
        return Err("a path must not contain NUL");
    }
    path.split('/').try_for_each(check_part)
}

/// The path of a file as text, or which rule its name breaks.
pub(crate) fn of(name: &Path) -> Result<String, String> {
    let path = name.to_str().ok_or("its name is not UTF-8")?;
    check(path)?;
    Ok(path.to_owned())
}

fn check_part(part: &str) -> Result<(), &'static str> {
    match part {
        "" => Err("a path and each part of it must not be empty"),
        "." | ".." => Err("a path must not contain `.` or `..`"),
        _ if part.len() > MAX_PART => Err("a part of a path has at most 255 bytes"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn plain_paths_are_taken() {
        for path in
            ["a", "out/field.csv", "größe/Δt.txt", "...", "a b", "-10.csv", "a\\b", "a\nb", "a\u{202e}b"]
        {
            assert_eq!(check(path), Ok(()), "{path}");
        }
    }

    #[test]
    fn hostile_paths_are_refused() {
        let long = "x".repeat(256);
        let deep = "x/".repeat(600) + "x";
        for path in ["", "a//b", "a/", "/etc/passwd", "..", "../x", "a/../b", "./a", "a\0b", &long, &deep] {
            assert!(check(path).is_err(), "{path:?}");
        }
    }
}
