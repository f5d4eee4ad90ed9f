//! The rule for names of files that go in or out; the host keeps the same one in its model.

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
    if path.chars().any(is_hostile) {
        return Err("a path must not contain control characters, direction marks or `\\`");
    }
    path.split('/').try_for_each(check_part)
}

fn check_part(part: &str) -> Result<(), &'static str> {
    match part {
        "" => Err("a path and each part of it must not be empty"),
        "." | ".." => Err("a path must not contain `.` or `..`"),
        _ if part.len() > MAX_PART => Err("a part of a path has at most 255 bytes"),
        _ if part.starts_with('-') => Err("no part of a path starts with `-`"),
        _ => Ok(()),
    }
}

/// Control characters, the backslash, and the Unicode marks that reorder what a person sees.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\\' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn plain_paths_are_taken() {
        for path in ["a", "out/field.csv", "größe/Δt.txt", "...", "a b"] {
            assert_eq!(check(path), Ok(()), "{path}");
        }
    }

    #[test]
    fn hostile_paths_are_refused() {
        let long = "x".repeat(256);
        let deep = "x/".repeat(600) + "x";
        for path in [
            "",
            "a//b",
            "a/",
            "/etc/passwd",
            "..",
            "../x",
            "a/../b",
            "./a",
            "-rf",
            "a/-rf",
            "a\0b",
            "a\nb",
            "a\\b",
            "a\u{202e}b",
            &long,
            &deep,
        ] {
            assert!(check(path).is_err(), "{path:?}");
        }
    }
}
