//! Finds functions and commands in Octave text. Knows comments, strings and blocks, and no more.

use super::command_syntax;
use super::header;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The name of the function the file begins with, if it begins with one.
    pub(super) first: Option<String>,
    /// Whether commands stand outside of functions; a number with which the file begins is one only where no
    /// function follows.
    pub(super) commands: bool,
    /// Whether every block and bracket has its end: else the rest may be other than it seems.
    pub(super) sure: bool,
}

/// Goes through a file.
pub(super) fn scan(text: &str) -> Found {
    let found = scan_with(text, Functions::Ended);
    if found.sure { found } else { scan_with(text, Functions::Open) }
}

fn scan_with(text: &str, functions: Functions) -> Found {
    let mut scan = Scan::new(text, functions);
    scan.marker();
    while scan.step() {}
    scan.found.commands |= scan.marked && !scan.defined;
    scan.found.sure = !scan.astray && scan.brackets.is_empty() && scan.closed();
    scan.found
}

/// Where functions end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Functions {
    /// At a word, so that others may lie within.
    Ended,
    /// At a word, or where the next one begins.
    Open,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    Function,
    Other,
}

struct Scan<'a> {
    rest: &'a str,
    functions: Functions,
    blocks: Vec<Block>,
    brackets: Vec<char>,
    /// Whether an end came that nothing began.
    astray: bool,
    at_line_start: bool,
    /// Whether a word here is the first of a statement.
    at_statement: bool,
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
    fn new(text: &'a str, functions: Functions) -> Self {
        Self {
            rest: text,
            functions,
            blocks: Vec::new(),
            brackets: Vec::new(),
            astray: false,
            at_line_start: true,
            at_statement: true,
            marked: false,
            defined: false,
            after_value: false,
            after_dot: false,
            found: Found::default(),
        }
    }

    fn closed(&self) -> bool {
        let open = self.functions == Functions::Open && self.blocks.as_slice() == [Block::Function];
        self.blocks.is_empty() || open
    }

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
        (self.at_line_start, self.at_statement) = (true, true);
        (self.after_value, self.after_dot) = (false, false);
    }

    fn space(&mut self) {
        let next = self.rest.chars().next().map_or(1, char::len_utf8);
        self.take(next);
        self.gap();
    }

    /// In a matrix, a quote behind a space begins a string.
    fn gap(&mut self) {
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
        self.gap();
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
        self.at_statement = false;
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
        let first = std::mem::take(&mut self.at_statement) && plain;
        (self.at_line_start, self.after_dot, self.after_value) = (false, false, true);
        if !(plain && self.keyword(word)) {
            self.command();
            if let Some(arguments) = command_syntax::arguments(self.rest).filter(|_| first) {
                self.take(arguments);
            }
        }
    }

    /// Takes a word that has a meaning of its own; false when it is none.
    fn keyword(&mut self, word: &str) -> bool {
        match word {
            "function" => self.function(),
            "if" | "while" | "for" | "parfor" | "switch" | "do" | "try" | "unwind_protect" | "spmd" => {
                self.command();
                self.blocks.push(Block::Other);
            }
            "until" => self.end(Some(Block::Other)),
            "end" => self.end(None),
            "endfunction" => self.end(Some(Block::Function)),
            _ if is_end(word) => self.end(Some(Block::Other)),
            "global" | "persistent" | "return" => self.command(),
            "else"
            | "elseif"
            | "case"
            | "otherwise"
            | "catch"
            | "break"
            | "continue"
            | "unwind_protect_cleanup" => {}
            _ => return false,
        }
        self.after_value = false;
        self.at_statement = word.starts_with("end") || is_followed_by_statement(word);
        true
    }

    fn function(&mut self) {
        if self.functions == Functions::Open && self.blocks.as_slice() == [Block::Function] {
            self.blocks.clear();
        }
        if self.found.first.is_none() && !self.marked && !self.found.commands {
            self.found.first = Some(header::name(self.rest));
        }
        self.blocks.push(Block::Function);
        self.defined = true;
    }

    fn end(&mut self, of: Option<Block>) {
        let block = self.blocks.pop();
        self.astray |= block.is_none() || (of.is_some() && of != block);
    }

    fn sign(&mut self, sign: char) {
        self.take(sign.len_utf8());
        match sign {
            '(' | '[' | '{' => self.brackets.push(sign),
            ')' => self.close('('),
            ']' => self.close('['),
            '}' => self.close('{'),
            _ => {}
        }
        self.at_statement = matches!(sign, ';' | ',') && self.brackets.is_empty();
        if !matches!(sign, ';' | ',') {
            self.command();
        }
        self.after_dot = sign == '.';
        self.after_value = matches!(sign, ')' | ']' | '}' | '\'') || sign.is_ascii_digit() || sign == '.';
    }

    fn close(&mut self, bracket: char) {
        self.astray |= self.brackets.pop() != Some(bracket);
    }

    /// Notes something that does more than define, where it is outside of functions.
    fn command(&mut self) {
        self.at_line_start = false;
        self.found.commands |= self.blocks.is_empty();
    }
}

fn is_followed_by_statement(keyword: &str) -> bool {
    matches!(keyword, "else" | "otherwise" | "do" | "try" | "unwind_protect" | "unwind_protect_cleanup")
}

fn is_end(word: &str) -> bool {
    const ENDED: &[&str] =
        &["if", "while", "for", "parfor", "switch", "_try_catch", "_unwind_protect", "spmd"];
    word.strip_prefix("end").is_some_and(|what| ENDED.contains(&what))
}
