//! API tokens: secrets by which programs and people are known. A host keeps only their digests.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use strum::{Display, EnumString, IntoStaticStr};

use crate::{Account, AccountName, Digest, Principal, Role, Scope, TokenId};

/// What every token begins with, so that scanners for secrets find it.
const PREFIX: &str = "sim_";
/// Bytes of chance in a token.
pub const TOKEN_BYTES: usize = 32;
/// Letters that tell them.
const TOKEN_LETTERS: usize = 43;

/// How a token is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum TokenKind {
    /// By programs, in a header.
    Api,
    /// By browsers, in a cookie: it came of signing in.
    Session,
}

impl TokenKind {
    /// The kind as it is written, e.g. `api`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What a host knows of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Identity.
    pub id: TokenId,
    /// How it is shown.
    pub kind: TokenKind,
    /// The token that was shown to sign in; revoked with it.
    pub parent: Option<TokenId>,
    /// Whose it is.
    pub account: AccountName,
    /// What it is for, in the words of whoever made it.
    pub label: String,
    /// The SHA-256 of the secret.
    pub sha256: Digest,
    /// The most it lets its account do; none for all that the account may.
    pub role: Option<Role>,
    /// Where it lets its account do that. One for a run is a link to it.
    pub scope: Scope,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is not taken; none for never.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// About when it was used last.
    pub last_used_at: Option<Timestamp>,
}

impl Token {
    /// True while it is taken.
    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// As whom its bearer asks, having come `via`.
    #[must_use]
    pub fn principal(&self, account: &Account, via: &str) -> Principal {
        let (account, role) = (account.name.clone(), self.lowered(account.role));
        Principal { account, role, scope: self.scope.clone(), via: via.to_owned(), token: Some(self.id) }
    }

    /// What it lets an account with `role` do.
    #[must_use]
    pub fn lowered(&self, role: Role) -> Role {
        self.role.unwrap_or(Role::Admin).min(self.scope.most()).min(role)
    }
}

/// The secret of a token: `sim_` and 43 letters of base64url (RFC 4648 §5). Shown once, and never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenSecret(String);

/// A string that is no token.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a token is `sim_` and 43 characters")]
pub struct TokenSecretError;

impl TokenSecret {
    /// A token of these bytes of chance.
    #[must_use]
    pub fn of(bytes: [u8; TOKEN_BYTES]) -> Self {
        Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// What is stored of it. Looked up by it, no comparison tells by its time how much was right.
    #[must_use]
    pub fn sha256(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }

    /// The secret, for whoever is to have it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("sim_…")
    }
}

impl FromStr for TokenSecret {
    type Err = TokenSecretError;

    fn from_str(text: &str) -> Result<Self, TokenSecretError> {
        let letters = text.strip_prefix(PREFIX).ok_or(TokenSecretError)?;
        let bytes = URL_SAFE_NO_PAD.decode(letters).map_err(|_| TokenSecretError)?;
        bytes.try_into().map(Self::of).map_err(|_| TokenSecretError)
    }
}

/// `text` with all that may be a token cut down to `sim_…`: for what is logged or recorded of what clients send.
#[must_use]
pub fn without_tokens(text: &str) -> Cow<'_, str> {
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let (mut kept, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once(PREFIX) {
        kept.push_str(before);
        kept.push_str(PREFIX);
        let secret = after.find(|c| !letter(c)).unwrap_or(after.len());
        if secret >= TOKEN_LETTERS {
            kept.push('…');
        }
        rest = after.get(if secret >= TOKEN_LETTERS { secret } else { 0 }..).unwrap_or_default();
    }
    if kept.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(kept + rest) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> Token {
        Token {
            id: TokenId::generate(),
            kind: TokenKind::Api,
            parent: None,
            account: AccountName::local(),
            label: "laptop".to_owned(),
            sha256: TokenSecret::of([7; TOKEN_BYTES]).sha256(),
            role: None,
            scope: Scope::All,
            created_at: Timestamp::UNIX_EPOCH,
            expires_at: None,
            revoked_at: None,
            last_used_at: None,
        }
    }

    #[test]
    fn a_secret_reads_back_and_is_not_told_by_accident() {
        let secret = TokenSecret::of([0xfb; TOKEN_BYTES]);
        assert_eq!(secret.reveal().parse(), Ok(secret.clone()));
        assert_eq!(secret.reveal().len(), 47);
        assert_eq!(format!("{secret:?}"), "sim_…");
        for text in [
            "",
            "sim_",
            "sim_short",
            secret.reveal().trim_start_matches('s'),
            &format!("{}A", secret.reveal()),
        ] {
            assert_eq!(text.parse::<TokenSecret>(), Err(TokenSecretError), "{text}");
        }
    }

    #[test]
    fn no_token_is_left_in_a_text() {
        let secret = TokenSecret::of([0xfb; TOKEN_BYTES]);
        let text = format!("/v1/{0}/a?b=sim_{0}&c=sim_short", secret.reveal());
        assert_eq!(without_tokens(&text), "/v1/sim_…/a?b=sim_…&c=sim_short");
        assert_eq!(without_tokens("no token"), "no token");
    }

    #[test]
    fn a_token_is_taken_until_it_expires_or_is_revoked() {
        let (before, end) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(60).unwrap());
        assert!(token().is_valid(Timestamp::MAX));
        let expiring = Token { expires_at: Some(end), ..token() };
        assert!(expiring.is_valid(before) && !expiring.is_valid(end));
        assert!(!Token { revoked_at: Some(end), ..token() }.is_valid(before));
    }

    #[test]
    fn a_token_lowers_and_never_raises() {
        assert_eq!(token().lowered(Role::Author), Role::Author);
        let lowered = Token { role: Some(Role::Runner), ..token() };
        assert_eq!(
            (lowered.lowered(Role::Admin), lowered.lowered(Role::Viewer)),
            (Role::Runner, Role::Viewer)
        );
        let of_pipeline = Token { scope: Scope::Pipeline("heat".parse().unwrap()), ..lowered };
        assert_eq!(of_pipeline.lowered(Role::Admin), Role::Runner);
        let of_operator = Token { role: None, ..of_pipeline };
        assert_eq!(of_operator.lowered(Role::Operator), Role::Author, "an operator is there for all");
        let link = Token { scope: Scope::Run(crate::RunId::generate()), ..token() };
        assert_eq!(link.lowered(Role::Admin), Role::Viewer);
    }
}
