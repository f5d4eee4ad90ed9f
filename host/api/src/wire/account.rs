//! Accounts on the wire.

use serde::{Deserialize, Serialize};
use simulay_model as model;
use utoipa::ToSchema;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// The account.
    #[schema(example = "local")]
    pub account: String,
    /// What it may do.
    pub role: Role,
    /// Where.
    #[serde(default)]
    pub scope: Scope,
    /// What the role lets it do: operations of the OpenAPI document, by their ids.
    #[serde(default)]
    pub rights: Vec<String>,
}

/// What a token is for; what lies outside is not there for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Scope {
    /// All that the account may.
    #[default]
    All,
    /// One pipeline: its versions and its runs.
    Pipeline {
        /// Its name.
        #[schema(value_type = String, example = "heat-plate")]
        pipeline: model::PluginName,
    },
    /// One run, to look at.
    Run {
        /// Its id.
        #[schema(value_type = uuid::Uuid)]
        run: model::RunId,
    },
}

impl From<model::Scope> for Scope {
    fn from(scope: model::Scope) -> Self {
        match scope {
            model::Scope::All => Self::All,
            model::Scope::Pipeline(pipeline) => Self::Pipeline { pipeline },
            model::Scope::Run(run) => Self::Run { run },
        }
    }
}

/// What an account may do; each role may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks at what is its own.
    Viewer,
    /// Runs pipelines.
    Runner,
    /// Uploads plugins, and says which versions serve.
    Author,
    /// Sees the plugins of all and approves what they ask for, and sees how the host does.
    Operator,
    /// Does everything.
    Admin,
}

impl From<model::Role> for Role {
    fn from(role: model::Role) -> Self {
        match role {
            model::Role::Viewer => Self::Viewer,
            model::Role::Runner => Self::Runner,
            model::Role::Author => Self::Author,
            model::Role::Operator => Self::Operator,
            model::Role::Admin => Self::Admin,
        }
    }
}
