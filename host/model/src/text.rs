//! Rules for human-readable text that comes from outside.

/// Why a text is refused.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum TextError {
    /// More than the allowed bytes.
    #[error("at most {0} bytes are allowed")]
    TooLong(usize),
    /// Control characters (other than tab and newline) or Unicode direction marks.
    #[error("control characters and direction marks are not allowed")]
    Character,
}

/// Checks that `text` has at most `limit` bytes and shows as it is written.
///
/// # Errors
/// The first rule it breaks.
pub fn check_text(text: &str, limit: usize) -> Result<(), TextError> {
    if text.len() > limit {
        return Err(TextError::TooLong(limit));
    }
    let hostile = |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || is_direction_mark(c);
    if text.chars().any(hostile) { Err(TextError::Character) } else { Ok(()) }
}

/// True when `text` has neither control characters nor direction marks.
pub(crate) fn shows_in_one_line(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || is_line_end(c) || is_direction_mark(c))
}

const fn is_line_end(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// Unicode marks that reorder what a person sees (Unicode TR 36, "bidi" attacks).
pub(crate) const fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
