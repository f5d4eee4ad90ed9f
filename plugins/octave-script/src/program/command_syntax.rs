//! Commands whose arguments are bare words: `hold on`, `print -dpng end.png`, `title 'from start to end'`.

/// How far such arguments reach behind the first word of a statement; nothing when it is an expression.
pub(super) fn arguments(rest: &str) -> Option<usize> {
    let text = rest.trim_start_matches([' ', '\t']);
    (text.len() < rest.len() && is_argument(text)).then(|| length(rest))
}

/// What follows a space: a word, text, or an operator without a space behind it.
fn is_argument(text: &str) -> bool {
    let operator = |next: char| "+-*/\\^.~!<>&|:@$?=".contains(next);
    let after = text.trim_start_matches(operator);
    let operators = text.strip_suffix(after).unwrap_or_default();
    let word = |next: char| next.is_alphanumeric() || matches!(next, '_' | '\'' | '"');
    let joined = after.starts_with(word) || (!operators.is_empty() && after.starts_with(['(', '[', '{']));
    joined && !operators.starts_with("...") && !operators.starts_with('=') && !operators.ends_with('=')
}

/// Up to the end of the statement.
fn length(text: &str) -> usize {
    let (mut quote, mut depth) = (None, 0_usize);
    for (place, character) in text.char_indices() {
        match (quote, character) {
            (_, '\n') => return place,
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, ';' | ',') if depth == 0 => return place,
            (None, '%' | '#') => return place,
            (None, '.') if text.get(place..).is_some_and(|rest| rest.starts_with("...")) => return place,
            (None, _) => {}
        }
    }
    text.len()
}
