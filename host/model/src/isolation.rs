//! What keeps a container call from others.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

/// What keeps a container call from others.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, Display, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Isolation {
    /// A container of its own.
    #[default]
    Container,
    /// A process of its own, and a user whom no other call is, in a container in which calls of one account and one
    /// plugin version follow each other.
    Process,
}

impl Isolation {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
