//! By what people sort their runs.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::shows_in_one_line;

/// The most labels of one run.
const MOST: usize = 16;
/// The most bytes of a key, all of them ASCII.
const MOST_OF_KEY: usize = 63;
/// The most characters of a value.
const MOST_OF_VALUE: usize = 200;

/// What a label is about, e.g. `team` or `example.org/batch`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LabelKey(String);

/// What it says: one line that shows as it is written, perhaps an empty one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LabelValue(String);

/// The labels of one thing, by their keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<LabelKey, LabelValue>", into = "BTreeMap<LabelKey, LabelValue>")]
pub struct Labels(BTreeMap<LabelKey, LabelValue>);

/// Why something is no label, or no set of them.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LabelError {
    /// A key against the grammar.
    #[error(
        "the key of a label has 1 to {MOST_OF_KEY} lower-case letters, digits, dots, dashes, underscores and \
         slashes, and begins and ends with a letter or a digit"
    )]
    Key,
    /// A value that is too long, or does not show as it is written.
    #[error(
        "the value of a label has at most {MOST_OF_VALUE} characters, none of them a control character or a \
         direction mark"
    )]
    Value,
    /// Too many of them.
    #[error("at most {MOST} labels are allowed")]
    TooMany,
    /// A text that does not say which.
    #[error("a label is written as key=value")]
    Pair,
}

impl LabelKey {
    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for LabelKey {
    type Error = LabelError;

    fn try_from(text: String) -> Result<Self, LabelError> {
        let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let inside = |c: char| alphanumeric(c) || matches!(c, '.' | '_' | '/' | '-');
        let ends_well = text.starts_with(alphanumeric) && text.ends_with(alphanumeric);
        let fits = text.len() <= MOST_OF_KEY && text.chars().all(inside);
        if ends_well && fits { Ok(Self(text)) } else { Err(LabelError::Key) }
    }
}

impl FromStr for LabelKey {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, LabelError> {
        text.to_owned().try_into()
    }
}

impl From<LabelKey> for String {
    fn from(key: LabelKey) -> Self {
        key.0
    }
}

impl fmt::Display for LabelKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl LabelValue {
    /// The value as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for LabelValue {
    type Error = LabelError;

    fn try_from(text: String) -> Result<Self, LabelError> {
        let fits = text.chars().count() <= MOST_OF_VALUE && shows_in_one_line(&text);
        if fits { Ok(Self(text)) } else { Err(LabelError::Value) }
    }
}

impl FromStr for LabelValue {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, LabelError> {
        text.to_owned().try_into()
    }
}

impl From<LabelValue> for String {
    fn from(value: LabelValue) -> Self {
        value.0
    }
}

impl fmt::Display for LabelValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Labels {
    /// Each label, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&LabelKey, &LabelValue)> {
        self.0.iter()
    }

    /// True when there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What the label with this key says.
    #[must_use]
    pub fn get(&self, key: &LabelKey) -> Option<&LabelValue> {
        self.0.get(key)
    }
}

impl TryFrom<BTreeMap<LabelKey, LabelValue>> for Labels {
    type Error = LabelError;

    fn try_from(labels: BTreeMap<LabelKey, LabelValue>) -> Result<Self, LabelError> {
        if labels.len() <= MOST { Ok(Self(labels)) } else { Err(LabelError::TooMany) }
    }
}

impl From<Labels> for BTreeMap<LabelKey, LabelValue> {
    fn from(labels: Labels) -> Self {
        labels.0
    }
}

/// One label as it is asked for: `key=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// What it is about.
    pub key: LabelKey,
    /// What it says.
    pub value: LabelValue,
}

impl FromStr for Label {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, LabelError> {
        let (key, value) = text.split_once('=').ok_or(LabelError::Pair)?;
        Ok(Self { key: key.parse()?, value: value.parse()? })
    }
}

impl fmt::Display for Label {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}={}", self.key, self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_follow_the_grammar() {
        for text in ["a", "7", "team", "example.org/batch_2", "a".repeat(63).as_str()] {
            assert_eq!(text.parse::<LabelKey>().unwrap().as_str(), text);
        }
        for text in ["", "A", "-a", "a-", "/", "a=b", "ä", "a b", "a\n", "a".repeat(64).as_str()] {
            assert_eq!(text.parse::<LabelKey>(), Err(LabelError::Key), "{text:?}");
        }
    }

    #[test]
    fn values_are_one_line_perhaps_an_empty_one() {
        for text in ["", "2 mm", "a=b,c", "ü".repeat(200).as_str()] {
            assert_eq!(text.parse::<LabelValue>().unwrap().as_str(), text);
        }
        for text in ["a\nb", "\0", "\u{2066}", "ü".repeat(201).as_str()] {
            assert_eq!(text.parse::<LabelValue>(), Err(LabelError::Value), "{text:?}");
        }
    }

    #[test]
    fn so_many_labels_are_allowed() {
        let labels = |count: usize| -> BTreeMap<LabelKey, LabelValue> {
            (0..count).map(|number| (number.to_string().parse().unwrap(), "".parse().unwrap())).collect()
        };
        assert!(Labels::try_from(labels(16)).is_ok());
        assert_eq!(Labels::try_from(labels(17)), Err(LabelError::TooMany));
        let text = r#"{"a":"1","b":""}"#;
        let read: Labels = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        for text in [r#"{"A":""}"#, r#"{"a":"\n"}"#, r#"{"a":1}"#, "[]"] {
            assert!(serde_json::from_str::<Labels>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_label_is_asked_for_by_key_and_value() {
        let label: Label = "team=a=b".parse().unwrap();
        assert_eq!((label.key.as_str(), label.value.as_str()), ("team", "a=b"));
        assert_eq!("team".parse::<Label>(), Err(LabelError::Pair));
        assert_eq!("Team=a".parse::<Label>(), Err(LabelError::Key));
    }
}
