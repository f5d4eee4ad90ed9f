//! What keeps container calls from each other.

use serde::{Deserialize, Serialize};
use simulay_model as model;
use strum::Display;
use utoipa::ToSchema;

/// What keeps container calls from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, Display, ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Isolation {
    /// Each has a container of its own.
    #[default]
    Container,
    /// Each is a process of its own, and a user whom no other is, in a container in which calls of one account and one
    /// plugin version follow each other. Faster, and calls are less apart.
    Process,
}

/// What is to keep the calls of a plugin version from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewIsolation {
    /// What.
    pub isolation: Isolation,
}

impl From<model::Isolation> for Isolation {
    fn from(isolation: model::Isolation) -> Self {
        match isolation {
            model::Isolation::Container => Self::Container,
            model::Isolation::Process => Self::Process,
        }
    }
}

impl From<Isolation> for model::Isolation {
    fn from(isolation: Isolation) -> Self {
        match isolation {
            Isolation::Container => Self::Container,
            Isolation::Process => Self::Process,
        }
    }
}
