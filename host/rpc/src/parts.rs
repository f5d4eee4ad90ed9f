//! Documents and files in parts, none of which is large.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::proto::Part;

/// Bytes of a part, at most.
pub(crate) const PART: usize = 256 << 10;
/// Bytes of a message, at most.
pub(crate) const MESSAGE: usize = 4 << 20;
/// Bytes of a message that tells what there is, at most: it has all nodes, or all containers, at once.
pub(crate) const INVENTORY: usize = 64 << 20;
/// Bytes of a document, at most: what a plugin answers, 16 MiB, is in JSON six times as much at worst.
pub(crate) const DOCUMENT: usize = 128 << 20;
/// Parts of a file under way, at most.
pub(crate) const WINDOW: usize = 4;

/// Why parts make no document.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DocumentError {
    /// They are more than is taken.
    #[error("it has more than {0} bytes")]
    TooLarge(usize),
    /// They are something else.
    #[error("it cannot be understood: {0}")]
    Foreign(#[from] serde_json::Error),
}

/// `bytes` in pieces that each fit into a part.
pub(crate) fn pieces(mut bytes: Bytes) -> impl Iterator<Item = Bytes> {
    std::iter::from_fn(move || {
        let next = bytes.split_to(bytes.len().min(PART));
        (!next.is_empty()).then_some(next)
    })
}

/// `bytes` in parts: one at least, of which the last says so.
pub(crate) fn parts(mut bytes: Bytes) -> impl Iterator<Item = Part> {
    let mut over = false;
    std::iter::from_fn(move || {
        let next = bytes.split_to(bytes.len().min(PART));
        let last = bytes.is_empty();
        (!std::mem::replace(&mut over, last)).then_some(Part { bytes: next, last })
    })
}

/// A document as bytes.
pub(crate) fn written(document: &impl Serialize) -> Result<Bytes, DocumentError> {
    let bytes = serde_json::to_vec(document)?;
    if bytes.len() > DOCUMENT { Err(DocumentError::TooLarge(DOCUMENT)) } else { Ok(bytes.into()) }
}

/// Puts parts together.
#[derive(Debug)]
pub(crate) struct Gathered {
    bytes: Vec<u8>,
    most: usize,
}

impl Gathered {
    /// Takes so many bytes at most.
    pub(crate) const fn within(most: usize) -> Self {
        Self { bytes: Vec::new(), most }
    }

    /// Takes the next part; gives all bytes after the last.
    pub(crate) fn take(&mut self, part: &Part) -> Result<Option<Vec<u8>>, DocumentError> {
        if self.bytes.len().saturating_add(part.bytes.len()) > self.most {
            return Err(DocumentError::TooLarge(self.most));
        }
        self.bytes.extend_from_slice(&part.bytes);
        Ok(part.last.then(|| std::mem::take(&mut self.bytes)))
    }

    /// Takes the next part; gives the document after the last.
    pub(crate) fn read<T: DeserializeOwned>(&mut self, part: &Part) -> Result<Option<T>, DocumentError> {
        let whole = self.take(part)?;
        Ok(whole.map(|bytes| serde_json::from_slice(&bytes)).transpose()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_the_same_in_parts() {
        for length in [0, 1, PART - 1, PART, PART + 1, 3 * PART] {
            let bytes = Bytes::from(vec![7; length]);
            let mut gathered = Gathered::within(length);
            let taken: Vec<_> = parts(bytes.clone()).map(|part| gathered.take(&part).unwrap()).collect();
            assert_eq!(taken.len(), length.div_ceil(PART).max(1));
            assert_eq!(taken.into_iter().flatten().collect::<Vec<_>>(), [bytes.to_vec()]);
        }
    }

    #[test]
    fn no_more_is_gathered_than_was_said() {
        let mut gathered = Gathered::within(3);
        let part = |bytes: &'static [u8]| Part { bytes: Bytes::from_static(bytes), last: false };
        assert!(gathered.take(&part(b"abc")).is_ok());
        assert!(matches!(gathered.take(&part(b"d")), Err(DocumentError::TooLarge(3))));
    }
}
