//! What a daemon says of a container that is not so.

use std::fmt;

use bytes::Bytes;
use serde_json::{Map, Value, json};

/// Something untrue in the answer to a look at a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// It has ended well already, though it runs.
    EndedEarly,
    /// Nothing is said of memory, though the kernel ended it for want of that.
    NothingOfMemory,
}

impl Lie {
    /// The answer with the lie in it; as it is, where it tells of no container.
    pub(crate) fn instead_of(self, answer: Bytes) -> Bytes {
        let Ok(mut told) = serde_json::from_slice::<Value>(&answer) else { return answer };
        match told.get_mut("State").and_then(Value::as_object_mut) {
            Some(state) => self.put_into(state),
            None => return answer,
        }
        told.to_string().into()
    }

    fn put_into(self, state: &mut Map<String, Value>) {
        match self {
            Self::EndedEarly => state.extend([
                ("Status".to_owned(), json!("exited")),
                ("Running".to_owned(), json!(false)),
                ("ExitCode".to_owned(), json!(0)),
            ]),
            Self::NothingOfMemory => drop(state.remove("OOMKilled")),
        }
    }
}

impl fmt::Display for Lie {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::EndedEarly => "says ended",
            Self::NothingOfMemory => "no OOMKilled",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_state_of_a_container_is_lied_about() {
        let truth =
            json!({ "Id": "a", "State": { "Status": "running", "Running": true, "OOMKilled": true } });
        let told = |lie: Lie| {
            let told = lie.instead_of(truth.to_string().into());
            serde_json::from_slice::<Value>(&told).unwrap()
        };
        assert_eq!(told(Lie::EndedEarly)["State"]["Status"], "exited");
        assert_eq!(told(Lie::NothingOfMemory)["State"], json!({ "Status": "running", "Running": true }));
        let other = Bytes::from_static(b"{\"message\":\"No such container\"}");
        assert_eq!(Lie::EndedEarly.instead_of(other.clone()), other);
    }
}
