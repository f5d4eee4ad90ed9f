//! Text from logs, names and errors, shown so that no terminal obeys it.

use std::fmt::Write as _;

/// `text` with control characters and direction marks written out; lines and tabs stay.
pub(crate) fn inert(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\n' | '\t' => shown.push(character),
            '\r' if characters.peek() == Some(&'\n') => {}
            _ => push(&mut shown, character),
        }
    }
    shown
}

/// The same on one line.
pub(crate) fn one_line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    text.chars().for_each(|character| push(&mut shown, character));
    shown
}

/// A JSON document in which the characters a terminal obeys are escapes: it stays the same document.
pub(super) fn inert_json(document: &str) -> String {
    let mut shown = String::with_capacity(document.len());
    for character in document.chars() {
        if character != '\n' && is_hostile(character) {
            // All hostile characters are in the first plane: one escape says each.
            let _ = write!(shown, "\\u{:04x}", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    shown
}

fn push(shown: &mut String, character: char) {
    if is_hostile(character) {
        shown.extend(character.escape_unicode());
    } else {
        shown.push(character);
    }
}

fn is_hostile(character: char) -> bool {
    let reorders = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    character.is_control() || reorders
}

/// Decodes a stream that comes in pieces; what is not UTF-8 becomes the replacement character.
#[derive(Debug, Default)]
pub(crate) struct LogText {
    held: Vec<u8>,
}

impl LogText {
    /// The text that is complete with these bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> String {
        self.held.extend_from_slice(bytes);
        let tail = self.held.split_off(self.held.len() - unfinished(&self.held));
        let whole = std::mem::replace(&mut self.held, tail);
        String::from_utf8_lossy(&whole).into_owned()
    }

    /// What is left when the stream ends in the middle of a character.
    pub(crate) fn finish(self) -> String {
        String::from_utf8_lossy(&self.held).into_owned()
    }
}

/// How many bytes at the end begin a character that has not come whole.
fn unfinished(bytes: &[u8]) -> usize {
    let last = bytes.utf8_chunks().last();
    let tail = last.map_or(&[][..], |chunk| chunk.invalid());
    let may_continue = std::str::from_utf8(tail).is_err_and(|error| error.error_len().is_none());
    if may_continue { tail.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clipboard_title_cursor_and_links_are_written_out() {
        for attack in [
            "\x1b]52;c;aGk=\x07",
            "\x1b]0;title\x07",
            "\x1b[2J\x1b[H",
            "\x1b]8;;http://x\x1b\\a",
            "\u{9b}31m",
        ] {
            let shown = inert(attack);
            assert!(!shown.chars().any(char::is_control), "{shown}");
        }
        assert_eq!(inert("\x1b[2J"), "\\u{1b}[2J");
    }

    #[test]
    fn lines_and_tabs_stay_in_text_and_go_on_one_line() {
        assert_eq!(inert("a\tb\r\nc\rd"), "a\tb\nc\\u{d}d");
        assert_eq!(one_line("a\nb"), "a\\u{a}b");
    }

    #[test]
    fn direction_marks_are_written_out() {
        assert_eq!(inert("exe\u{202e}gpj"), "exe\\u{202e}gpj");
    }

    #[test]
    fn a_json_document_stays_the_same_document() {
        let document = serde_json::json!({ "log": "\u{9b}31m\u{7f}\u{202e}é\n" });
        let shown = inert_json(&document.to_string());
        assert!(!shown.chars().any(|c| c.is_control() || c == '\u{202e}'));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), document);
    }

    #[test]
    fn a_character_cut_in_two_comes_whole() {
        let mut text = LogText::default();
        let bytes = "a€b".as_bytes();
        assert_eq!(text.push(&bytes[..2]), "a");
        assert_eq!(text.push(&bytes[2..]), "€b");
        assert_eq!(text.push(b"\xff!"), "\u{fffd}!");
        assert_eq!(text.push(b"\xe2\x82"), "");
        assert_eq!(text.finish(), "\u{fffd}");
    }
}
