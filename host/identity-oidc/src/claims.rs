//! What a provider says of somebody, and which of it counts.

use openidconnect::core::CoreGenderClaim;
use openidconnect::{AdditionalClaims, IdTokenClaims, UserInfoClaims};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Claims that the standard has no name for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct OtherClaims(Map<String, Value>);

impl AdditionalClaims for OtherClaims {}

pub(crate) type SignedClaims = IdTokenClaims<OtherClaims, CoreGenderClaim>;
pub(crate) type UserInfo = UserInfoClaims<OtherClaims, CoreGenderClaim>;

impl OtherClaims {
    fn text(&self, claim: &str) -> Option<String> {
        self.0.get(claim)?.as_str().map(str::to_owned)
    }

    /// A list of texts, or one.
    fn texts(&self, claim: &str) -> Option<Vec<String>> {
        match self.0.get(claim)? {
            Value::String(one) => Some(vec![one.clone()]),
            Value::Array(all) => Some(all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()),
            _ => None,
        }
    }
}

/// What the provider signed, and what it says when it is asked.
pub(crate) struct Said<'a> {
    pub(crate) signed: &'a SignedClaims,
    pub(crate) told: Option<&'a UserInfo>,
}

impl Said<'_> {
    /// A name by `claim`. An address counts only when the provider has seen that it is his.
    pub(crate) fn name(&self, claim: &str) -> Option<String> {
        match claim {
            "sub" => Some(self.signed.subject().as_str().to_owned()),
            "preferred_username" => {
                let told = self.told.and_then(|told| told.preferred_username());
                self.signed.preferred_username().or(told).map(|name| name.as_str().to_owned())
            }
            "email" => self.email(),
            other => self.other(|claims| claims.text(other)),
        }
    }

    fn email(&self) -> Option<String> {
        let signed = self.signed.email_verified().unwrap_or(false).then(|| self.signed.email());
        let told = self.told.filter(|told| told.email_verified().unwrap_or(false)).and_then(UserInfo::email);
        signed.flatten().or(told).map(|email| email.as_str().to_owned())
    }

    /// The groups by `claim`; none when neither names any.
    pub(crate) fn groups(&self, claim: &str) -> Vec<String> {
        self.other(|claims| claims.texts(claim)).unwrap_or_default()
    }

    fn other<T>(&self, find: impl Fn(&OtherClaims) -> Option<T>) -> Option<T> {
        let told = || self.told.and_then(|told| find(told.additional_claims()));
        find(self.signed.additional_claims()).or_else(told)
    }
}
