//! Links to runs on the wire.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use simulay_model as model;
use utoipa::ToSchema;

/// The parameter of a query that has the secret of a link.
pub const LINK: &str = "link";

/// What a new link is to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLink {
    /// For how many seconds it is taken: at most 7776000, which are 90 days; 7 days when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 7_776_000)]
    pub expires_in_s: Option<u64>,
}

/// A link that was made. Its secret is told this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkMade {
    /// By what it is revoked.
    #[schema(value_type = uuid::Uuid)]
    pub id: model::TokenId,
    /// The secret: `link` in the query of whatever is asked for of the run.
    #[schema(example = "sim_…")]
    pub token: String,
    /// Where the run is, with the secret, relative to the server.
    pub url: String,
    /// From when on it is not taken.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Option<Timestamp>,
}

impl LinkMade {
    pub(crate) fn new(link: &model::Token, run: model::RunId, secret: &model::TokenSecret) -> Self {
        let (id, expires_at, token) = (link.id, link.expires_at, secret.reveal().to_owned());
        Self { id, url: format!("/v1/runs/{run}?{}={token}", LINK), token, expires_at }
    }
}

/// A link, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Link {
    /// By what it is revoked.
    #[schema(value_type = uuid::Uuid)]
    pub id: model::TokenId,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// From when on it is not taken.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// About when it was used last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<Timestamp>,
}

/// The links to a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkList {
    /// Each that is taken, from the oldest.
    pub links: Vec<Link>,
}

impl From<model::Token> for Link {
    fn from(link: model::Token) -> Self {
        let model::Token { id, created_at, expires_at, last_used_at, .. } = link;
        Self { id, created_at, expires_at, last_used_at }
    }
}

impl FromIterator<model::Token> for LinkList {
    fn from_iter<I: IntoIterator<Item = model::Token>>(links: I) -> Self {
        Self { links: links.into_iter().map(Into::into).collect() }
    }
}
