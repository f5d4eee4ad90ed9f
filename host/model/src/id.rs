//! Identities the host makes; nothing a plugin wrote is ever part of one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An identity that sorts by creation time (UUID version 7, RFC 9562), and the error of a text that is none.
macro_rules! id {
    ($(#[$of_id:meta])* $id:ident, $(#[$of_error:meta])* $error:ident) => {
        $(#[$of_id])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $id(Uuid);

        #[derive(Debug, thiserror::Error, PartialEq, Eq)]
        $(#[$of_error])*
        pub struct $error;

        impl $id {
            /// A new id, later than all before it on this machine.
            #[must_use]
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }

            /// The id as a UUID.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $id {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $id {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.hyphenated(), formatter)
            }
        }

        impl FromStr for $id {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, $error> {
                text.parse().map(Self).map_err(|_| $error)
            }
        }
    };
}

id! {
    /// One execution of a pipeline; sorts by creation time (UUID version 7, RFC 9562).
    RunId,
    /// A string that is not a run id.
    #[error("a run id is a UUID")]
    RunIdError
}

id! {
    /// One sweep of a pipeline; sorts by creation time (UUID version 7, RFC 9562).
    SweepId,
    /// A string that is not the id of a sweep.
    #[error("the id of a sweep is a UUID")]
    SweepIdError
}

/// Names a token without telling it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenId(Uuid);

/// A string that is not the id of a token.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the id of a token is a UUID")]
pub struct TokenIdError;

impl TokenId {
    /// A new id.
    #[must_use]
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.hyphenated(), formatter)
    }
}

impl FromStr for TokenId {
    type Err = TokenIdError;

    fn from_str(text: &str) -> Result<Self, TokenIdError> {
        text.parse().map(Self).map_err(|_| TokenIdError)
    }
}

/// The deterministic name of a container: `simulay-<run>-<step>-<call>-<attempt>`, the run in 32
/// hexadecimal digits. A host that comes back asks Docker for it, and so starts nothing twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ContainerName {
    /// The run it works for.
    pub run: RunId,
    /// Step of the run, from 0.
    pub step: u32,
    /// Place of the call in its step, from 0.
    pub call: u32,
    /// Attempt at the call, from 0.
    pub attempt: u32,
}

/// A string that is not the name of one of our containers.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a container name of Simulay")]
pub struct ContainerNameError;

impl fmt::Display for ContainerName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, step, call, attempt } = self;
        write!(formatter, "simulay-{}-{step}-{call}-{attempt}", run.0.simple())
    }
}

impl FromStr for ContainerName {
    type Err = ContainerNameError;

    fn from_str(text: &str) -> Result<Self, ContainerNameError> {
        let parts: Vec<&str> = text.split('-').collect();
        let &["simulay", run, step, call, attempt] = parts.as_slice() else {
            return Err(ContainerNameError);
        };
        let number = |text: &str| text.parse().map_err(|_| ContainerNameError);
        let name = Self {
            run: run.parse().map_err(|_| ContainerNameError)?,
            step: number(step)?,
            call: number(call)?,
            attempt: number(attempt)?,
        };
        // Only the canonical spelling is ours: no leading zeros, signs or other UUID forms.
        if name.to_string() == text { Ok(name) } else { Err(ContainerNameError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn container_names_read_back() {
        let name = ContainerName { run: RunId::generate(), step: 3, call: 12, attempt: 1 };
        assert_eq!(name.to_string().parse(), Ok(name));
    }

    #[test]
    fn foreign_names_are_not_ours() {
        let run = RunId::generate().uuid().simple().to_string();
        for text in
            ["", "simulay", "other-x-0-0-0", &format!("simulay-{run}-00-0-0"), &format!("simulay-{run}-0-0")]
        {
            assert_eq!(text.parse::<ContainerName>(), Err(ContainerNameError), "{text}");
        }
    }
}
