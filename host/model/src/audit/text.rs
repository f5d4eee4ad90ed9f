//! Texts that go into the log or into records of it.

use std::fmt::Write as _;

use crate::text::is_direction_mark;
use crate::token::without_tokens;

/// What shows that a text was longer.
const CUT: &str = "…";

/// `text` in at most `most` bytes, without tokens, and with all that a terminal or a reader would obey written out.
#[must_use]
pub fn plain(text: &str, most: usize) -> String {
    let mut shown = String::new();
    for character in without_tokens(text).chars() {
        let before = shown.len();
        push(&mut shown, character);
        if shown.len() > most {
            shown.truncate(before);
            return cut(shown, most);
        }
    }
    shown
}

fn push(shown: &mut String, character: char) {
    if character.is_control()
        || is_direction_mark(character)
        || matches!(character, '\u{61c}' | '\u{2028}' | '\u{2029}')
    {
        // Writing to a string does not fail.
        let _ = write!(shown, "\\u{:04x}", u32::from(character));
    } else {
        shown.push(character);
    }
}

fn cut(mut shown: String, most: usize) -> String {
    while shown.len() + CUT.len() > most && shown.pop().is_some() {}
    shown + CUT
}
