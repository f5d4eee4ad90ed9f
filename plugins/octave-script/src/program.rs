//! What kind of file a program begins with.
//!
//! Octave calls a file that begins with a function as that function when its name is on the path, and else
//! only defines what is in it. So one has to look into the file to run what its author means.

mod command_syntax;
mod header;
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
    /// A block or bracket in it seems to have no end: only Octave can tell what it is.
    Unclear,
    /// Nothing that would run: no text, or functions behind a mere `1;`.
    Nothing,
}

impl Program {
    /// Looks at the text of a file.
    pub(crate) fn of(text: &str) -> Self {
        let found = scan::scan(text.strip_prefix('\u{feff}').unwrap_or(text));
        match (found.first, found.commands) {
            (None, true) => Self::Script,
            _ if !found.sure => Self::Unclear,
            (None, false) => Self::Nothing,
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
    fn quotes_behind_keywords_and_names_begin_text() {
        let within = [
            "switch x, case 'end', y = 1; otherwise 'if', end",
            "switch x\n case '(' \n y; case {'[', 'for'}\n end",
            "if x == 'a' || 'b', elseif 'do', else 'end', end",
            "do k++; until 'end'\n return, 'if'",
            "xlabel 'from start to end'\n title for\n print -dpng end.png % if",
            "title \"it's (\", load if; hold  on\n print -dpng (end, ;).png",
            "x '; end\n x - 'if'; x -1; x += 'do'; x == 'end'; y = x';",
            "persistent n = [1\n 2]; global if_ end_\n hold ...\n on",
            "try load if\n catch err\n 'end'\n end_try_catch, title 'end'",
            "s = {x, ...\n 'end'}; s{end}', s.if, a.' ; b = [x' 'end'];",
        ];
        for body in within {
            let text = format!("function f (x)\n  {body}\nend\n");
            assert_eq!(Program::of(&text), functions("f"), "{text}");
            assert_eq!(Program::of(&format!("{text}f (1)\n")), Program::FunctionsFirst, "{text}");
        }
    }

    #[test]
    fn functions_may_lie_in_others() {
        let nested = "function main ()\n  x = 1;\n  function inner ()\n    x = 2;\n  end\n  inner ();\nend\n";
        assert_eq!(Program::of(nested), functions("main"));
        assert_eq!(Program::of(&format!("{nested}main")), Program::FunctionsFirst);
        let open = "function main\n  if 1, inner, end\nfunction inner\n  title end\n";
        assert_eq!(Program::of(open), functions("main"));
    }

    #[test]
    fn what_has_no_end_is_unclear() {
        for text in [
            "function f ()\n  x = (1;\nend\nf ();",
            "function f ()\n if 1\n while 2\nend\nf ();",
            "function f ()\n end\nend\n",
            "function f ()\n x = [1);\nend\n",
            "1;\nfunction f ()\n  if\n",
        ] {
            assert_eq!(Program::of(text), Program::Unclear, "{text}");
        }
    }

    #[test]
    fn a_header_may_go_over_several_lines() {
        for text in [
            "function ...\n  plate ()\nend",
            "function [a, ... % first\n  b] = ...\n  plate ...\n  (x)\nend",
            "function [a, % first\n  b] = plate (x)\nend",
        ] {
            assert_eq!(Program::of(text), functions("plate"), "{text}");
        }
        assert_eq!(Program::of("function\nend"), functions(""));
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
