//! What Octave says on standard error when a program fails.

use std::fmt;

/// What was wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// Octave's words.
    pub(crate) message: String,
    /// The file of the program, without its folder, and the line.
    pub(crate) place: Option<(String, usize)>,
}

impl fmt::Display for Complaint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some((file, line)) => write!(formatter, "octave/{file}:{line}: {}", self.message),
            None => write!(formatter, "octave: {}", self.message),
        }
    }
}

/// The first error that `stderr` tells, if any.
pub(crate) fn complaint(stderr: &str) -> Option<Complaint> {
    let mut lines = stderr.lines();
    let first = lines.find_map(|line| line.strip_prefix("error: "))?;
    if let Some(place) = first.strip_prefix("parse error near line ") {
        let reason = lines.map(str::trim).find(|line| !line.is_empty() && !line.starts_with("error: "));
        return Some(Complaint { message: reason.unwrap_or("parse error").to_owned(), place: parsed(place) });
    }
    let callers = lines.skip_while(|line| *line != "error: called from").skip(1);
    Some(Complaint { message: first.to_owned(), place: callers.map_while(caller).flatten().next() })
}

/// Reads `3 of file /sim/main.m`.
fn parsed(place: &str) -> Option<(String, usize)> {
    let (line, file) = place.split_once(" of file ")?;
    let name = file.rsplit('/').next().unwrap_or(file);
    Some((name.to_owned(), line.parse().ok()?))
}

/// Reads `    f at line 2 column 5`. Nothing when that is no caller, none inside when it has no file.
fn caller(line: &str) -> Option<Option<(String, usize)>> {
    let (name, place) = line.strip_prefix("    ")?.split_once(" at line ")?;
    // A function below the first of its file goes by `file>function`.
    let function = name.split(['>', '/']).next().unwrap_or(name);
    let number = place.split(' ').next().and_then(|line| line.parse().ok());
    let has_file = !function.starts_with('@') && !function.is_empty();
    Some(number.filter(|_| has_file).map(|line| (format!("{function}.m"), line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(stderr: &str) -> (String, Option<(String, usize)>) {
        let Complaint { message, place } = complaint(stderr).unwrap();
        (message, place)
    }

    #[test]
    fn the_innermost_caller_is_the_place() {
        let stderr = "warning: x\nerror: 'k' undefined near line 2, column 11\nerror: called from\n    \
                      f at line 2 column 5\n    main at line 3 column 3\nerror: ignoring const execution_exception&\n";
        let expected = ("'k' undefined near line 2, column 11".into(), Some(("f.m".into(), 2)));
        assert_eq!(read(stderr), expected);
    }

    #[test]
    fn a_function_inside_a_file_is_found_there() {
        let told = |name: &str| {
            read(&format!(
                "error: e\nerror: called from\n    {name} at line 7 column 1\n    main at line 9 column 1\n"
            ))
            .1
        };
        assert_eq!(told("solve>inner"), Some(("solve.m".into(), 7)));
        assert_eq!(told("@<anonymous>"), Some(("main.m".into(), 9)));
    }

    #[test]
    fn a_program_that_cannot_be_parsed_tells_its_file() {
        let stderr = "error: parse error near line 2 of file /sim/lib/main.m\n\n  syntax error\n\n>>> y = = 2;\n        ^\n";
        assert_eq!(read(stderr), ("syntax error".into(), Some(("main.m".into(), 2))));
        let bare = "error: parse error near line 3 of file /sim/main.m\n\nerror: ignoring const execution_exception&\n";
        assert_eq!(read(bare), ("parse error".into(), Some(("main.m".into(), 3))));
    }

    #[test]
    fn other_words_are_no_error() {
        assert_eq!(complaint("warning: slow\nerror of measurement: 3\n"), None);
        assert_eq!(read("error: bad 3\n"), ("bad 3".into(), None));
    }
}
