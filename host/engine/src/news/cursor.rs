//! From where somebody goes on, as he is told.

use std::fmt;
use std::str::FromStr;

/// The longest name of an order of changes.
const MAX_EPOCH: usize = 64;

/// A place in the orders of changes. For others it is a text without a meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    pub(super) epoch: String,
    pub(super) runs: i64,
    pub(super) plugins: i64,
}

/// The text is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no `id` of an event of this stream")]
pub struct NoCursor;

impl Cursor {
    /// True for a place of the same order that is not past `end`.
    pub(super) fn is_before(&self, end: &Self) -> bool {
        self.epoch == end.epoch && self.runs <= end.runs && self.plugins <= end.plugins
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { epoch, runs, plugins } = self;
        write!(formatter, "{epoch}.{runs}.{plugins}")
    }
}

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let mut parts = text.split('.');
        let (Some(epoch), Some(runs), Some(plugins), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NoCursor);
        };
        let plain =
            (1..=MAX_EPOCH).contains(&epoch.len()) && epoch.bytes().all(|b| b.is_ascii_alphanumeric());
        let number = |text: &str| text.parse().ok().filter(|number: &i64| *number >= 0).ok_or(NoCursor);
        if !plain {
            return Err(NoCursor);
        }
        Ok(Self { epoch: epoch.to_owned(), runs: number(runs)?, plugins: number(plugins)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let cursor = Cursor { epoch: "0af3".to_owned(), runs: 7, plugins: i64::MAX };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for wrong in
            ["", "7", "a.1", "a.1.2.3", ".1.2", "a.-1.2", "a.1.x", "a b.1.2", "a.1.99999999999999999999"]
        {
            assert_eq!(wrong.parse::<Cursor>(), Err(NoCursor), "{wrong}");
        }
    }

    #[test]
    fn a_cursor_is_of_one_order_and_not_past_its_end() {
        let at = |epoch: &str, runs, plugins| Cursor { epoch: epoch.to_owned(), runs, plugins };
        let end = at("a", 5, 5);
        assert!(at("a", 5, 5).is_before(&end) && at("a", 0, 5).is_before(&end));
        assert!(!at("b", 1, 1).is_before(&end) && !at("a", 6, 1).is_before(&end));
    }
}
