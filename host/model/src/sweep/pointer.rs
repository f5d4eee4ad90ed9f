//! Places in the parameters of a run, as JSON Pointers (RFC 6901).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The most bytes of a pointer.
const MOST: usize = 512;
/// The most names and places on the way: each is a level of the parameters.
const MOST_TOKENS: usize = 64;

/// A place in the parameters; never the whole of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ParamPointer(String);

/// A text that is no place in the parameters.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "a parameter is named by a JSON Pointer of at most {MOST} bytes and {MOST_TOKENS} tokens that begins with `/`, \
     e.g. `/width_m`"
)]
pub struct ParamPointerError;

impl ParamPointer {
    /// The place of a parameter by its name.
    ///
    /// # Errors
    /// When the name is too long.
    pub fn of_name(name: &str) -> Result<Self, ParamPointerError> {
        format!("/{}", escaped(name)).parse()
    }

    /// The pointer as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True when one lies in the other, or both are the same.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let (one, two) = (self.0.as_str(), other.0.as_str());
        let (short, long) = if one.len() <= two.len() { (one, two) } else { (two, one) };
        long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Puts `value` there; objects that are missing on the way are made. False when there is no such place.
    pub(crate) fn set(&self, root: &mut Value, value: Value) -> bool {
        let mut at = root;
        for token in self.tokens() {
            if at.is_null() {
                *at = Value::Object(Map::new());
            }
            at = match at {
                Value::Object(members) => members.entry(token).or_insert(Value::Null),
                Value::Array(items) => {
                    let Some(item) = token.parse().ok().and_then(|index: usize| items.get_mut(index)) else {
                        return false;
                    };
                    item
                }
                _ => return false,
            };
        }
        *at = value;
        true
    }

    /// The names and places on the way.
    pub(crate) fn tokens(&self) -> impl Iterator<Item = String> {
        self.0.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~"))
    }

    /// It as one token of another pointer.
    #[must_use]
    pub fn as_token(&self) -> String {
        escaped(&self.0)
    }
}

fn escaped(text: &str) -> String {
    text.replace('~', "~0").replace('/', "~1")
}

impl FromStr for ParamPointer {
    type Err = ParamPointerError;

    fn from_str(text: &str) -> Result<Self, ParamPointerError> {
        let is_short = text.len() <= MOST && text.matches('/').count() <= MOST_TOKENS;
        let fits = text.len() > 1 && is_short && text.starts_with('/');
        let escapes = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
        if fits && escapes { Ok(Self(text.to_owned())) } else { Err(ParamPointerError) }
    }
}

impl TryFrom<String> for ParamPointer {
    type Error = ParamPointerError;

    fn try_from(text: String) -> Result<Self, ParamPointerError> {
        text.parse()
    }
}

impl From<ParamPointer> for String {
    fn from(pointer: ParamPointer) -> Self {
        pointer.0
    }
}

impl fmt::Display for ParamPointer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_put_where_the_pointer_says() {
        let mut root = json!({ "plate": { "width": 1 }, "loads": [{ "n": 1 }] });
        let set =
            |root: &mut Value, pointer: &str| pointer.parse::<ParamPointer>().unwrap().set(root, json!(7));
        for pointer in ["/plate/width", "/loads/0/n", "/new/a~1b"] {
            assert!(set(&mut root, pointer), "{pointer}");
        }
        assert!(!set(&mut root, "/loads/1") && !set(&mut root, "/plate/width/x"));
        assert_eq!(root, json!({ "plate": { "width": 7 }, "loads": [{ "n": 7 }], "new": { "a/b": 7 } }));
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for text in ["", "/", "width", "/a~", "/a~2", &format!("/{}", "a".repeat(MOST)), &"/a".repeat(65)] {
            assert_eq!(text.parse::<ParamPointer>(), Err(ParamPointerError), "{text:.20}");
        }
        assert!("/a".repeat(64).parse::<ParamPointer>().is_ok());
        let [plate, width, plates] =
            ["/plate", "/plate/width", "/plates"].map(|text| text.parse::<ParamPointer>().unwrap());
        assert!(plate.overlaps(&width) && width.overlaps(&plate) && !plate.overlaps(&plates));
    }
}
