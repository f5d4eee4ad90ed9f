//! The name in the header of a function, which may go over several lines.

/// The name in `[a, b] = name (c)`, the text behind the word `function`; empty when there is none.
pub(super) fn name(text: &str) -> String {
    let header = joined(text);
    let before_arguments = header.find(['(', ';']).unwrap_or(header.len());
    let named = match header.find('=') {
        Some(equals) if equals < before_arguments || header.trim_start().starts_with('[') => {
            header.get(equals + 1..).unwrap_or_default()
        }
        _ => &header,
    };
    let name = named.trim_start();
    let end = name.find(|character: char| !(character.is_ascii_alphanumeric() || character == '_'));
    name.get(..end.unwrap_or(name.len())).unwrap_or_default().to_owned()
}

/// The lines of the header as one, without comments.
fn joined(text: &str) -> String {
    let mut header = String::new();
    for line in text.lines() {
        let code = line.find(['%', '#']).and_then(|comment| line.get(..comment)).unwrap_or(line);
        let continued = code.split_once("...");
        header.push_str(continued.map_or(code, |(before, _)| before));
        header.push(' ');
        if continued.is_none() && header.matches('[').count() <= header.matches(']').count() {
            break;
        }
    }
    header
}
