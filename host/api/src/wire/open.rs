//! Values of sets that grow from version to version.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One of a set of values that newer servers may add to: written it is always one that this version knows,
/// read it may be another. In documents both stand as the value itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Open<T> {
    /// A value that this version knows.
    Known(T),
    /// A value of a newer server, as it stands in the document.
    Unknown(Value),
}

impl<T> From<T> for Open<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl<T: PartialEq> PartialEq<T> for Open<T> {
    fn eq(&self, other: &T) -> bool {
        matches!(self, Self::Known(value) if value == other)
    }
}

/// The value as it is written, a text without quotes.
impl<T: fmt::Display> fmt::Display for Open<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(value) => value.fmt(formatter),
            Self::Unknown(Value::String(text)) => formatter.write_str(text),
            Self::Unknown(other) => other.fmt(formatter),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Ending, RunState};
    use super::*;

    #[test]
    fn values_of_newer_servers_are_read_and_written_as_they_are() {
        for (written, known) in [(json!("timed_out"), true), (json!("set_aside"), false)] {
            let state = Open::<RunState>::deserialize(&written).unwrap();
            assert_eq!(state == RunState::TimedOut, known);
            assert_eq!(state.to_string(), written.as_str().unwrap());
            assert_eq!(serde_json::to_value(state).unwrap(), written);
        }
        let ending = json!({ "exited": 3 });
        assert_eq!(Open::<Ending>::deserialize(&ending).unwrap(), Ending::Exited(3));
        let ending = json!({ "checkpointed": { "at": 1 } });
        assert_eq!(Open::<Ending>::deserialize(&ending).unwrap(), Open::Unknown(ending));
    }
}
