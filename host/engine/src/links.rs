//! Links to runs: whoever has one looks at that run, and sees nothing else.

use std::ops::RangeInclusive;
use std::time::Duration;

use simulay_model::{Principal, Role, RunId, Scope, Token, TokenId, TokenKind, TokenSecret};
use simulay_store::{LinkAdded, StoreError};

use crate::accounts::draw_token;
use crate::{EngineError, LinkError, Parts};

/// For how long a link may be taken.
const LIFETIMES: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(90 * 24 * 3600);
/// Valid links to one run.
const MOST: usize = 100;

/// Links to runs. Cheap to clone.
#[derive(Clone)]
pub struct Links {
    parts: Parts,
}

impl Links {
    /// For how long a link is taken when nothing else is said.
    pub const USUAL_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);

    pub(crate) const fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// Makes a link to a run; its secret is told here and never again.
    ///
    /// # Errors
    /// See [`LinkError`].
    pub async fn create(
        &self,
        principal: &Principal,
        run: RunId,
        lifetime: Duration,
    ) -> Result<(Token, TokenSecret), LinkError> {
        self.find(principal, run).await?;
        let (secret, link) = self.draw(principal, run, lifetime)?;
        match self.parts.links.add_link(link.clone(), MOST).await.map_err(EngineError::from)? {
            LinkAdded::New => Ok((link, secret)),
            LinkAdded::TooMany => Err(LinkError::TooMany(MOST)),
            LinkAdded::NoAccount => Err(LinkError::NoAccount),
        }
    }

    fn draw(
        &self,
        principal: &Principal,
        run: RunId,
        lifetime: Duration,
    ) -> Result<(TokenSecret, Token), LinkError> {
        let created_at = self.parts.clock.now();
        let within = Some(lifetime).filter(|lifetime| LIFETIMES.contains(lifetime));
        let expires_at = within.and_then(|lifetime| created_at.checked_add(lifetime).ok());
        let secret = draw_token().map_err(LinkError::Entropy)?;
        let link = Token {
            id: TokenId::generate(),
            kind: TokenKind::Api,
            parent: None,
            account: principal.account.clone(),
            label: String::new(),
            sha256: secret.sha256(),
            role: Some(Role::Viewer),
            scope: Scope::Run(run),
            created_at,
            expires_at: Some(expires_at.ok_or(LinkError::Lifetime)?),
            revoked_at: None,
            last_used_at: None,
        };
        Ok((secret, link))
    }

    /// The links to a run that are taken, from the oldest.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such run.
    pub async fn list(&self, principal: &Principal, run: RunId) -> Result<Vec<Token>, EngineError> {
        self.find(principal, run).await?;
        let (now, mut links) =
            (self.parts.clock.now(), self.parts.links.links(&principal.visible(), run).await?);
        links.retain(|link| link.is_valid(now));
        Ok(links)
    }

    /// Revokes a link: within a moment it opens nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such link to such a run.
    pub async fn revoke(&self, principal: &Principal, run: RunId, link: TokenId) -> Result<(), EngineError> {
        Ok(self.parts.links.revoke_link(&principal.visible(), run, link, self.parts.clock.now()).await?)
    }

    async fn find(&self, principal: &Principal, run: RunId) -> Result<(), EngineError> {
        let found = self.parts.runs.summary(&principal.visible(), run).await?;
        Ok(found.map(drop).ok_or(StoreError::NotFound)?)
    }
}
