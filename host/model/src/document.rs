//! JSON documents as text: nobody pays for the tree of one that is only passed on. Keys keep the order
//! in which they were written.

use std::fmt;
use std::sync::Arc;

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::Weight;

/// One JSON value, as its text. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Document(Arc<str>);

impl Document {
    /// The document that `text` is.
    ///
    /// # Errors
    /// When it is no JSON that [`Document::value`] could give.
    pub fn new(text: impl Into<Arc<str>>) -> Result<Self, serde_json::Error> {
        let text = text.into();
        Weight::of(text.as_bytes())?;
        Ok(Self(text))
    }

    /// What `content` is as JSON.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn of(content: &impl Serialize) -> Result<Self, serde_json::Error> {
        serde_json::to_string(content).map(|text| Self(text.into()))
    }

    /// The document as a tree, which takes many times the room of the text.
    ///
    /// # Errors
    /// When numbers are out of range, or it is too deep.
    pub fn value(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_str(&self.0)
    }

    /// What the tree would take.
    ///
    /// # Errors
    /// As [`Document::value`].
    pub fn weight(&self) -> Result<Weight, serde_json::Error> {
        Weight::of(self.0.as_bytes())
    }

    /// The document as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True when both say the same, in whatever order of keys.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        self == other || matches!((self.value(), other.value()), (Ok(one), Ok(two)) if one == two)
    }
}

impl From<&Value> for Document {
    fn from(value: &Value) -> Self {
        Self(value.to_string().into())
    }
}

impl From<Value> for Document {
    fn from(value: Value) -> Self {
        Self::from(&value)
    }
}

impl PartialEq<Value> for Document {
    fn eq(&self, other: &Value) -> bool {
        self.value().is_ok_and(|value| value == *other)
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for Document {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// In JSON the value itself; in other formats its text.
impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return serializer.serialize_str(&self.0);
        }
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Self::new(String::deserialize(deserializer)?).map_err(D::Error::custom);
        }
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(Box::<str>::from(raw).into()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Holder {
        inner: Document,
    }

    #[test]
    fn keys_and_numbers_stay_as_they_were_written() {
        let text = r#"{"inner":{"z":1,"a":{"y":1e-300,"b":[1.0,18446744073709551615]}}}"#;
        let holder: Holder = serde_json::from_str(text).unwrap();
        assert_eq!(holder.inner.as_str(), r#"{"z":1,"a":{"y":1e-300,"b":[1.0,18446744073709551615]}}"#);
        assert_eq!(serde_json::to_string(&holder).unwrap(), text);
        let tree = serde_json::to_value(&holder).unwrap();
        assert_eq!(serde_json::from_value::<Holder>(tree).unwrap(), holder);
    }

    #[test]
    fn what_is_no_document_is_refused() {
        for text in
            ["", "{", "1 2", "1e999", &"[".repeat(1000), &format!("{}{}", "[".repeat(500), "]".repeat(500))]
        {
            assert!(Document::new(text).is_err(), "{text:.20}");
        }
    }

    #[test]
    fn the_same_may_be_said_in_another_order() {
        let (one, two) = (json!({ "a": 1, "b": 2 }), json!({ "b": 2, "a": 1 }));
        let (one, two) = (Document::from(one), Document::from(two));
        assert!(one != two && one.says_the_same(&two));
        assert!(!one.says_the_same(&json!({ "a": 1 }).into()));
    }
}
