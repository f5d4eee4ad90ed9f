//! The audit log: who did what, when and from where, as a chain in which no record can be changed unnoticed.
//!
//! # Encoding, format 1
//! A record is one JSON object (RFC 8259) without white space between its tokens, encoded as UTF-8, with the fields of
//! [`AuditRecord`] in their order; what is absent is `null`. In strings `"`, `\` and the characters below U+0020 are
//! escaped and nothing else is: `\"`, `\\`, `\b`, `\t`, `\n`, `\f`, `\r`, else `\u00xx` in lower case. The field `hash`,
//! the last one, is the SHA-256 of the same object without it, as 64 lower-case hexadecimal digits; `previous` is the
//! `hash` of the record before, `null` in the first. Another encoding gets another number in `format`.

mod action;
mod chain;
mod text;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use action::{AuditAction, AuditResult};
pub use chain::{AuditChain, AuditFault};
pub use text::plain;

use crate::{AccountName, Digest, Principal, Role};

/// The encoding that is written here.
const FORMAT: u32 = 1;
/// The most bytes of where a request came from, and of its id.
const MAX_ORIGIN: usize = 128;
/// The most bytes of a subject.
const MAX_SUBJECT: usize = 256;
/// The most bytes of a detail.
const MAX_DETAIL: usize = 512;

/// What is to be recorded; the log says when, and gives it its place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AuditEntry {
    /// Who asked; none when nobody was known.
    pub account: Option<AccountName>,
    /// What he might do then.
    pub role: Option<Role>,
    /// How it came, e.g. `command line`, `rest from 127.0.0.1` or `rest from 127.0.0.1, token 01a22710-…`.
    pub via: String,
    /// The id of the request.
    pub request: Option<String>,
    /// What was asked for.
    pub action: AuditAction,
    /// What it was done to: the id of a run, `name@version` of a plugin, the id of a token, an account, a route.
    pub subject: Option<String>,
    /// What came of it.
    pub result: AuditResult,
    /// What else there is to say. Never a secret.
    pub detail: Option<String>,
}

impl AuditEntry {
    /// An action of nobody in particular that was done.
    #[must_use]
    pub fn new(action: AuditAction, via: &str) -> Self {
        Self {
            account: None,
            role: None,
            via: via.to_owned(),
            request: None,
            action,
            subject: None,
            result: AuditResult::Done,
            detail: None,
        }
    }

    /// The same, asked for by `principal`.
    #[must_use]
    pub fn by(self, principal: &Principal) -> Self {
        let Principal { account, role, via, token, .. } = principal.clone();
        let via = token.iter().fold(via, |via, token| format!("{via}, token {token}"));
        Self { account: Some(account), role: Some(role), via, ..self }
    }

    /// The same, about `subject`.
    #[must_use]
    pub fn about(self, subject: impl fmt::Display) -> Self {
        Self { subject: Some(subject.to_string()), ..self }
    }

    /// The same, with this to say.
    #[must_use]
    pub fn saying(self, detail: impl fmt::Display) -> Self {
        Self { detail: Some(detail.to_string()), ..self }
    }
}

/// A record of the log, as it is stored and exported. Texts, so that what a newer version recorded can be read, and what
/// somebody changed can be told; see the module for its encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditRecord {
    /// Which encoding the hash is of.
    pub format: u32,
    /// Its place: from 1, without gaps.
    pub sequence: u64,
    /// When, UTC, with six digits after the second.
    pub at: String,
    /// See [`AuditEntry::account`].
    pub account: Option<String>,
    /// See [`AuditEntry::role`].
    pub role: Option<String>,
    /// See [`AuditEntry::via`].
    pub via: String,
    /// See [`AuditEntry::request`].
    pub request: Option<String>,
    /// See [`AuditEntry::action`].
    pub action: String,
    /// See [`AuditEntry::subject`].
    pub subject: Option<String>,
    /// `done`, `refused` or `unknown`.
    pub result: String,
    /// The kind of the problem that was answered.
    pub problem: Option<String>,
    /// See [`AuditEntry::detail`].
    pub detail: Option<String>,
    /// The hash of the record before; none in the first.
    pub previous: Option<String>,
    /// The hash of all of the above.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub hash: String,
}

/// The last record of a log: says of all before it that they are what they were. Written `SEQUENCE:HASH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditHead {
    /// Its place.
    pub sequence: u64,
    /// Its hash.
    pub hash: String,
}

/// A string that is not the head of a log.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the head of an audit log is `SEQUENCE:HASH`, as `simulay audit verify` tells it")]
pub struct AuditHeadError;

impl AuditRecord {
    /// The record of `entry`, made at `at`, that follows `head`.
    #[must_use]
    pub fn seal(at: Timestamp, entry: &AuditEntry, head: Option<&AuditHead>) -> Self {
        let bounded = |text: &Option<String>, most| text.as_ref().map(|text| plain(text, most));
        let mut record = Self {
            format: FORMAT,
            sequence: head.map_or(0, |head| head.sequence) + 1,
            at: Self::time(at),
            account: entry.account.as_ref().map(AccountName::to_string),
            role: entry.role.map(|role| role.to_string()),
            via: plain(&entry.via, MAX_ORIGIN),
            request: bounded(&entry.request, MAX_ORIGIN),
            action: entry.action.to_string(),
            subject: bounded(&entry.subject, MAX_SUBJECT),
            result: entry.result.as_str().to_owned(),
            problem: entry.result.problem().map(|kind| plain(kind, MAX_ORIGIN)),
            detail: bounded(&entry.detail, MAX_DETAIL),
            previous: head.map(|head| head.hash.clone()),
            hash: String::new(),
        };
        record.hash = record.digest().to_string();
        record
    }

    /// A time as records tell it: earlier ones are smaller texts.
    #[must_use]
    pub fn time(at: Timestamp) -> String {
        format!("{at:.6}")
    }

    /// What the log is known by when this is its last record.
    #[must_use]
    pub fn head(&self) -> AuditHead {
        AuditHead { sequence: self.sequence, hash: self.hash.clone() }
    }

    /// The record as one line of JSON: what is exported.
    #[must_use]
    pub fn line(&self) -> String {
        // Nothing in it can be refused.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What its hash must be.
    fn digest(&self) -> Digest {
        let unsealed = Self { hash: String::new(), ..self.clone() };
        Digest::of(unsealed.line().as_bytes())
    }
}

impl fmt::Display for AuditHead {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.sequence, self.hash)
    }
}

impl FromStr for AuditHead {
    type Err = AuditHeadError;

    fn from_str(text: &str) -> Result<Self, AuditHeadError> {
        let (sequence, hash) = text.split_once(':').ok_or(AuditHeadError)?;
        let sequence = sequence.parse().map_err(|_| AuditHeadError)?;
        let hash: Digest = hash.parse().map_err(|_| AuditHeadError)?;
        Ok(Self { sequence, hash: hash.to_string() })
    }
}

#[cfg(test)]
mod tests;
