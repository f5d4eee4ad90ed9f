//! Finds functions and commands in Octave text. Knows comments, strings and blocks, and no more.

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The name of the function the file begins with, if it begins with one.
    pub(super) first: Option<String>,
    /// Whether commands stand outside of functions; a number with which the file begins is one only where no
    /// function follows.
    pub(super) commands: bool,
}

/// Goes through a file until its first command.
pub(super) fn scan(text: &str) -> Found {
    let mut scan = Scan { rest: text, at_line_start: true, ..Scan::default() };
    scan.marker();
    while !scan.found.commands && scan.step() {}
    scan.found.commands |= scan.marked && !scan.defined;
    scan.found
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    Function,
    Other,
}

#[derive(Default)]
struct Scan<'a> {
    rest: &'a str,
    blocks: Vec<Block>,
    brackets: Vec<char>,
    at_line_start: bool,
    /// Whether the file says that it is a script.
    marked: bool,
    defined: bool,
    /// Whether a quote here would transpose.
    after_value: bool,
    /// Whether a word here is the name of a field.
    after_dot: bool,
    found: Found,
}

impl<'a> Scan<'a> {
    /// Takes the next piece; false at the end.
    fn step(&mut self) -> bool {
        if self.at_line_start && self.block_comment() {
            return true;
        }
        let Some(next) = self.rest.chars().next() else { return false };
        match next {
            '\n' => self.line(),
            _ if next.is_whitespace() => self.space(),
            '%' | '#' => self.skip_line(),
            _ if self.rest.starts_with("...") => self.continued(),
            '"' => self.text('"'),
            '\'' if !self.after_value => self.text('\''),
            _ if next.is_alphabetic() || next == '_' => self.word(),
            _ => self.sign(next),
        }
        true
    }

    /// Takes the `1;` with which authors tell that a file of functions is a script.
    fn marker(&mut self) {
        let begin = self.rest;
        while self.rest.starts_with(|next: char| next.is_whitespace() || next == '%' || next == '#') {
            self.step();
        }
        let digits = self.rest.trim_start_matches(|next: char| next.is_ascii_digit());
        let after = digits.trim_start_matches([' ', '\t']);
        self.marked = digits.len() < self.rest.len()
            && (after.is_empty() || after.starts_with([';', ',', '\n', '\r', '%', '#']));
        if self.marked {
            self.rest = digits;
        } else {
            (self.rest, self.at_line_start) = (begin, true);
        }
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    fn line(&mut self) {
        self.take(1);
        (self.at_line_start, self.after_value, self.after_dot) = (true, false, false);
    }

    fn space(&mut self) {
        let next = self.rest.chars().next().map_or(1, char::len_utf8);
        self.take(next);
        // In a matrix, a quote behind a space begins a string.
        if matches!(self.brackets.last(), Some('[' | '{')) {
            self.after_value = false;
        }
    }

    fn skip_line(&mut self) {
        let end = self.rest.find('\n').unwrap_or(self.rest.len());
        self.take(end);
    }

    fn continued(&mut self) {
        self.skip_line();
        self.take(1);
    }

    /// `%{` alone on its line, up to `%}` alone on its line.
    fn block_comment(&mut self) -> bool {
        let mut depth = 0_usize;
        let mut rest = self.rest;
        loop {
            let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
            match line.trim() {
                "%{" | "#{" => depth += 1,
                "%}" | "#}" if depth > 0 => depth -= 1,
                _ if depth == 0 => return false,
                _ => {}
            }
            rest = after;
            if depth == 0 || rest.is_empty() {
                self.rest = rest;
                return true;
            }
        }
    }

    fn text(&mut self, quote: char) {
        self.command();
        let mut end = self.rest.len();
        let mut characters = self.rest.char_indices().skip(1).peekable();
        while let Some((place, character)) = characters.next() {
            let doubled = character == quote && characters.peek().is_some_and(|(_, next)| *next == quote);
            if doubled || (character == '\\' && quote == '"') {
                characters.next();
            } else if character == quote {
                end = place + 1;
                break;
            } else if character == '\n' {
                end = place;
                break;
            }
        }
        self.take(end);
        self.after_value = true;
    }

    fn word(&mut self) {
        let ends = |character: char| !(character.is_alphanumeric() || character == '_');
        let word = self.take(self.rest.find(ends).unwrap_or(self.rest.len()));
        let plain = self.brackets.is_empty() && !self.after_dot;
        (self.after_dot, self.after_value) = (false, true);
        match word {
            "function" if plain => self.function(),
            "if" | "while" | "for" | "parfor" | "switch" | "do" | "try" | "unwind_protect" | "spmd"
                if plain =>
            {
                self.command();
                self.blocks.push(Block::Other);
            }
            "until" if plain => drop(self.blocks.pop()),
            _ if plain && word.starts_with("end") && is_end(word) => drop(self.blocks.pop()),
            _ => return self.command(),
        }
        self.after_value = false;
    }

    fn function(&mut self) {
        // One that is not ended by a word ends where the next begins.
        if self.blocks.as_slice() == [Block::Function] {
            self.blocks.clear();
        }
        if self.found.first.is_none() && !self.marked {
            let end = self.rest.find(['\n', '%', '#']).unwrap_or(self.rest.len());
            self.found.first = Some(name(self.rest.get(..end).unwrap_or_default()));
        }
        self.blocks.push(Block::Function);
        self.defined = true;
        self.at_line_start = false;
    }

    fn sign(&mut self, sign: char) {
        self.take(sign.len_utf8());
        match sign {
            '(' | '[' | '{' => self.brackets.push(sign),
            ')' | ']' | '}' => drop(self.brackets.pop()),
            _ => {}
        }
        if !matches!(sign, ';' | ',') {
            self.command();
        }
        self.after_dot = sign == '.';
        self.after_value = matches!(sign, ')' | ']' | '}' | '\'') || sign.is_ascii_digit() || sign == '.';
    }

    /// Notes something that does more than define, where it is outside of functions.
    fn command(&mut self) {
        self.at_line_start = false;
        self.found.commands |= self.blocks.is_empty();
    }
}

fn is_end(word: &str) -> bool {
    const ENDED: &[&str] =
        &["", "function", "if", "while", "for", "parfor", "switch", "_try_catch", "_unwind_protect", "spmd"];
    word.strip_prefix("end").is_some_and(|what| ENDED.contains(&what))
}

/// The name in `[a, b] = name (c)`.
fn name(header: &str) -> String {
    let before_arguments = header.find(['(', ';']).unwrap_or(header.len());
    let named = match header.find('=') {
        Some(equals) if equals < before_arguments || header.trim_start().starts_with('[') => {
            header.get(equals + 1..).unwrap_or_default()
        }
        _ => header,
    };
    let name = named.trim_start();
    let end = name.find(|character: char| !(character.is_ascii_alphanumeric() || character == '_'));
    name.get(..end.unwrap_or(name.len())).unwrap_or_default().to_owned()
}
