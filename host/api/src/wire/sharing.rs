//! Who is to see a plugin, on the wire.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use simulay_model as model;
use utoipa::ToSchema;

use super::life::Visibility;

/// The most accounts that a plugin is shared with.
const MOST: usize = 1000;

/// Who is to see a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVisibility {
    /// Who.
    pub visibility: Visibility,
    /// The accounts that it is shared with, at most 1000, whether they exist or not; only with `shared`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schema(value_type = Vec<String>, example = json!(["ada", "bob"]))]
    pub accounts: BTreeSet<model::AccountName>,
}

impl NewVisibility {
    /// Who is to see it; the rule that it breaks, when accounts are named and nothing is shared, or none and it is.
    pub(crate) fn read(self) -> Result<model::Visibility, &'static str> {
        match (self.visibility, self.accounts.len()) {
            (Visibility::Private, 0) => Ok(model::Visibility::Private),
            (Visibility::Public, 0) => Ok(model::Visibility::Public),
            (Visibility::Private | Visibility::Public, _) => Err("accounts are named with `shared` only"),
            (Visibility::Shared, 1..=MOST) => Ok(model::Visibility::Shared(self.accounts)),
            (Visibility::Shared, _) => Err("name 1 to 1000 accounts; `private` shares it with nobody"),
        }
    }
}
