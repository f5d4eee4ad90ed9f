//! What kind of file a program begins with.
//!
//! Octave calls a file that begins with a function as that function when its name is on the path, and else
//! only defines what is in it. So one has to look into the file to run what its author means.

mod scan;

/// An Octave file, by what is outside its functions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Program {
    /// Commands: `octave-cli FILE` runs them.
    Script,
    /// Nothing but functions; the first one is meant to be called.
    Functions {
        /// Its name.
        first: String,
    },
    /// Functions, and commands that use them.
    FunctionsFirst,
    /// Nothing that would run: no text, or functions behind a mere `1;`.
    Nothing,
}

impl Program {
    /// Looks at the text of a file.
    pub(crate) fn of(text: &str) -> Self {
        let found = scan::scan(text.strip_prefix('\u{feff}').unwrap_or(text));
        match (found.first, found.commands) {
            (None, false) => Self::Nothing,
            (None, true) => Self::Script,
            (Some(_), true) => Self::FunctionsFirst,
            (Some(first), false) => Self::Functions { first },
        }
    }
}

/// The name by which Octave would find this file in its working directory.
pub(crate) fn callable(path: &str) -> Option<&str> {
    path.strip_suffix(".m").filter(|stem| is_name(stem))
}

/// Whether Octave takes this for an identifier.
pub(crate) fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|next| next.is_ascii_alphanumeric() || next == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn functions(first: &str) -> Program {
        Program::Functions { first: first.to_owned() }
    }

    #[test]
    fn commands_first_are_a_script() {
        for text in [
            "x = 1;",
            "1;\nfunction f()\nend\nf();",
            "1 + 1",
            "0:3",
            "1",
            "2;",
            "clear all, function f(), end",
        ] {
            assert_eq!(Program::of(text), Program::Script, "{text}");
        }
    }

    #[test]
    fn text_that_runs_nothing_is_seen() {
        for text in ["", "% nothing\n", "1;\nfunction f()\n  x = 1;\nend\n", " 1 % script\nfunction f, end;"]
        {
            assert_eq!(Program::of(text), Program::Nothing, "{text}");
        }
    }

    #[test]
    fn commands_behind_functions_are_seen() {
        for text in [
            "function f()\nend\nf();",
            "function R = r(d, k)\n  R = d / k;\nend\n\nq = r(1, 2);",
            "%{\nfunction g\n%}\nfunction f() disp(1); end, f()",
            "function f()\n  if x(end), y = 'it''s end'; end\nendfunction\nf",
            "function f()\n  s.end = a'; t = [a' 'end' b']; # end\nend\nf",
            "function f()\n  do k++; until k > 3\n  x = ...  end\n 3;\nend\nf",
        ] {
            assert_eq!(Program::of(text), Program::FunctionsFirst, "{text}");
        }
    }

    #[test]
    fn files_of_functions_name_the_first() {
        for (text, first) in [
            ("function plate()\n x = 1;\nend\n", "plate"),
            ("\u{feff}% about\r\nfunction [a, b] = plate (x)\r\n  a = x';\r\nend\r\n", "plate"),
            ("function plate\n  helper(1)\nfunction helper(x)\n  disp(x)\n", "plate"),
            ("function r = plate, r = {1, 'end', \"end \\\" \"}; end % done", "plate"),
            ("function plate()\nfor k = 1:3, if k, end, end\nend;\nfunction b()\nend", "plate"),
            ("function plate(x = 3)\n%{\nend\nf()\n%}\nend", "plate"),
        ] {
            assert_eq!(Program::of(text), functions(first), "{text}");
        }
    }

    #[test]
    fn only_identifiers_are_callable() {
        assert_eq!(callable("plate.m"), Some("plate"));
        for path in ["plate (1).m", "1st.m", "src/plate.m", "plate", "plätte.m", ".m"] {
            assert_eq!(callable(path), None, "{path}");
        }
    }
}
