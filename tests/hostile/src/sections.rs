//! The sections of a module or component, taken apart and put together.

const HEADER_BYTES: usize = 8;
const MAGIC: &[u8] = b"\0asm";

/// A section; a module or component inside another is one as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    /// What it is.
    pub(crate) id: u8,
    /// Its bytes, without id and length.
    pub(crate) content: Vec<u8>,
}

/// Header and sections; none when `bytes` are not wholly made of them.
pub(crate) fn split(bytes: &[u8]) -> Option<(Vec<u8>, Vec<Section>)> {
    let (header, mut rest) = bytes.split_at_checked(HEADER_BYTES)?;
    let mut parts = Vec::new();
    while let Some((id, after)) = rest.split_first() {
        let (length, after) = length(after)?;
        let (content, next) = after.split_at_checked(length)?;
        parts.push(Section { id: *id, content: content.to_vec() });
        rest = next;
    }
    (header.starts_with(MAGIC) && !parts.is_empty()).then(|| (header.to_vec(), parts))
}

/// The bytes of a header and sections.
pub(crate) fn join(header: &[u8], parts: &[Section]) -> Vec<u8> {
    let mut bytes = header.to_vec();
    for part in parts {
        bytes.extend(section(part.id, &part.content));
    }
    bytes
}

/// The bytes of one section.
pub(crate) fn section(id: u8, content: &[u8]) -> Vec<u8> {
    let mut section = vec![id];
    let mut length = content.len();
    while length >= 0x80 {
        section.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    section.push(u8::try_from(length).unwrap());
    section.extend(content);
    section
}

/// A number in LEB128, and what follows it.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut number = 0;
    for (index, byte) in bytes.iter().enumerate().take(5) {
        number |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(index + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::Guest;

    #[test]
    fn what_was_taken_apart_is_put_together() {
        let good = Guest::default().build();
        let (header, parts) = split(&good).unwrap();
        assert!(parts.len() > 3, "{}", parts.len());
        assert_eq!(join(&header, &parts), good);
        assert!(split(&good[..good.len() - 1]).is_none());
        assert!(split(b"\0asm\x0d\0\x01\0").is_none());
    }
}
