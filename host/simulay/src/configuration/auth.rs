//! Who may use the server.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use simulay_model::Role;

use super::secret::Secret;

/// Who may use the server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Auth {
    /// How it tells who asks.
    pub(crate) mode: AuthMode,
    /// How long a browser stays signed in.
    pub(crate) session_hours: u16,
    /// Holds the token of the first account, which is drawn and printed when there is no such file.
    pub(crate) first_token_file: Option<PathBuf>,
    /// Who tells who people are, beside the server itself.
    pub(crate) oidc: Option<Oidc>,
}

/// How the server tells who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AuthMode {
    /// Not at all: whoever reaches it is the one person it serves.
    Local,
    /// By the tokens of accounts.
    Accounts,
}

/// A provider of OpenID Connect.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Oidc {
    /// The provider, by its URL.
    pub(crate) issuer: String,
    /// What the provider calls this server.
    pub(crate) client_id: String,
    /// By what the server shows that it is that; from the environment only.
    pub(crate) client_secret: Option<Secret>,
    /// The file that holds it.
    pub(crate) client_secret_file: Option<PathBuf>,
    /// Where the provider sends browsers back to: `https://HOST/v1/session/provider/return`.
    pub(crate) redirect_url: String,
    /// What is asked for beside `openid`.
    #[serde(default = "scopes")]
    pub(crate) scopes: Vec<String>,
    /// The claim that a new account is called by.
    #[serde(default = "account_claim")]
    pub(crate) account_claim: String,
    /// The claim that lists the groups somebody is in.
    #[serde(default = "groups_claim")]
    pub(crate) groups_claim: String,
    /// Roles by group.
    #[serde(default)]
    pub(crate) roles: BTreeMap<String, Role>,
    /// The role of those who are in no such group; none for no way in.
    pub(crate) other_role: Option<Role>,
}

fn scopes() -> Vec<String> {
    ["profile", "email"].map(str::to_owned).into()
}

fn account_claim() -> String {
    "preferred_username".to_owned()
}

fn groups_claim() -> String {
    "groups".to_owned()
}
