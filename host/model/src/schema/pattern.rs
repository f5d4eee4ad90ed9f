//! How large a `pattern` is, without compiling it: its places once every repetition is written out. That
//! bounds what it takes to compile, and the states a matcher may be in at once.

/// A class of characters by property has hundreds of ranges.
const PROPERTY: u64 = 100;
/// Anything else that stands for more than one character: several bytes, several ranges.
const CLASS: u64 = 4;

/// What a pattern takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    /// Places in it.
    pub(super) places: u64,
    /// It looks around or back: matching it steps back, instead of going through the text once.
    pub(super) steps_back: bool,
}

/// The size of `pattern`; too large rather than too small for what is no pattern.
pub(super) fn size(pattern: &str) -> Size {
    let mut reader = Reader { rest: pattern, steps_back: false };
    let mut groups = vec![Group::default()];
    while let Some(next) = reader.next() {
        let Some(group) = groups.last_mut() else { break };
        match next {
            Part::Atom(places) => group.push(places),
            Part::Times(times) => group.repeat(times),
            Part::Open => groups.push(Group::default()),
            Part::Close => {
                let inner = if groups.len() > 1 { groups.pop() } else { None };
                if let (Some(inner), Some(outer)) = (inner, groups.last_mut()) {
                    outer.push(inner.places.saturating_add(1));
                }
            }
        }
    }
    let places = groups.iter().fold(1, |all: u64, group| all.saturating_add(group.places));
    Size { places, steps_back: reader.steps_back }
}

#[derive(Default)]
struct Group {
    places: u64,
    /// Of these, what a repetition would repeat.
    last: u64,
}

impl Group {
    fn push(&mut self, places: u64) {
        self.places = self.places.saturating_add(places);
        self.last = places;
    }

    fn repeat(&mut self, times: u64) {
        let more = self.last.saturating_mul(times.saturating_sub(1));
        self.places = self.places.saturating_add(more);
        self.last = self.last.saturating_add(more);
    }
}

enum Part {
    Atom(u64),
    Times(u64),
    Open,
    Close,
}

struct Reader<'a> {
    rest: &'a str,
    steps_back: bool,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<Part> {
        let mut characters = self.rest.chars();
        let first = characters.next()?;
        self.rest = characters.as_str();
        Some(match first {
            '\\' => self.escape(),
            '[' => self.class(),
            '(' => self.open(),
            ')' => Part::Close,
            '{' => self.repetition(),
            '*' | '+' | '?' | '|' | '^' | '$' => Part::Times(1),
            '.' => Part::Atom(CLASS),
            _ => Part::Atom(1),
        })
    }

    fn escape(&mut self) -> Part {
        let mut characters = self.rest.chars();
        let escaped = characters.next();
        self.rest = characters.as_str();
        match escaped {
            Some('p' | 'P') => Part::Atom(PROPERTY),
            Some('1'..='9' | 'k') => {
                self.steps_back = true;
                Part::Atom(1)
            }
            Some('d' | 'D' | 'w' | 'W' | 's' | 'S' | 'b' | 'B') => Part::Atom(CLASS),
            _ => Part::Atom(1),
        }
    }

    fn class(&mut self) -> Part {
        let mut places = CLASS;
        let mut escaped = false;
        let mut end = self.rest.len();
        for (index, character) in self.rest.char_indices() {
            match character {
                ']' if !escaped => {
                    end = index + 1;
                    break;
                }
                'p' | 'P' if escaped => places = places.saturating_add(PROPERTY),
                _ => {}
            }
            escaped = character == '\\' && !escaped;
        }
        let (class, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        // Each range may stand alone.
        places = places.saturating_add(class.len() as u64 / 4);
        self.rest = rest;
        Part::Atom(places)
    }

    fn open(&mut self) -> Part {
        let kind = self.rest;
        let named = kind.starts_with("?<") && !kind.starts_with("?<=") && !kind.starts_with("?<!");
        let looks = kind.starts_with("?=") || kind.starts_with("?!") || kind.starts_with("?<");
        self.steps_back |= kind.starts_with('?') && looks && !named;
        Part::Open
    }

    /// `{n}`, `{n,}` or `{n,m}`; else just a brace.
    fn repetition(&mut self) -> Part {
        let Some((inside, rest)) = self.rest.split_once('}') else { return Part::Atom(1) };
        let most = inside.rsplit(',').find(|number| !number.is_empty()).map(str::parse::<u64>);
        let Some(Ok(times)) = most else { return Part::Atom(1) };
        self.rest = rest;
        Part::Times(times.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(pattern: &str) -> u64 {
        size(pattern).places
    }

    #[test]
    fn repetitions_are_written_out() {
        assert_eq!(places("abc"), 4);
        assert!(places("a{100}") >= 100 && places("a{100}") < 110);
        assert!(places("(a{100}){100}") >= 10_000);
        assert!(places("((a{1,1000}){1,1000}){1,1000}") >= 1_000_000_000);
        assert!(places("((((a{9999}){9999}){9999}){9999}){9999}") == u64::MAX);
        assert!(places(r"[\p{L}\p{N} ]{1,200}") >= 40_000);
        let uuid = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";
        assert!((32..300).contains(&places(uuid)));
        assert!(places("a{,}") < 10 && places("a{x") < 10 && places("))((") < 10 && places("[a") < 20);
    }

    #[test]
    fn what_steps_back_is_told_from_what_does_not() {
        for pattern in ["(?!x)", "(?=x)", "(?<=x)", "(?<!x)", r"(a)\1", r"(?<n>a)\k<n>"] {
            assert!(size(pattern).steps_back, "{pattern}");
        }
        for pattern in ["(?:x)", "(?<name>x)", r"\\1", "[(?!x)]", r"\(?!"] {
            assert!(!size(pattern).steps_back, "{pattern}");
        }
    }
}
