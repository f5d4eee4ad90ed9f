//! No source file is too long to read.

use super::Violation;
use super::source::Source;

const MOST_LINES: usize = 400;

/// Files with too many lines.
pub(super) fn check(sources: &[Source]) -> Vec<Violation> {
    let lengths = sources.iter().map(|source| (source, source.text.lines().count()));
    let long = lengths.filter(|(_, lines)| *lines > MOST_LINES);
    long.map(|(source, lines)| {
        Violation::at(&source.path, format_args!("has {lines} lines; {MOST_LINES} is the most"))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_long_file_is_caught() {
        let source = |lines: usize| Source::new(Path::new("a.py"), "x\n".repeat(lines)).unwrap();
        assert!(check(&[source(MOST_LINES)]).is_empty());
        assert_eq!(check(&[source(MOST_LINES + 1)]).len(), 1);
    }
}
