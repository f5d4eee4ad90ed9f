//! Who may ask: accounts, and the tokens by which they are known.
//!
//! # Flow
//! [`Accounts::authenticate`] finds the token by the digest of its secret and says as whom its bearer asks. What it
//! found is remembered for a moment, so that a token that is revoked is refused within that.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lru::LruCache;
use parking_lot::Mutex;
use simulay_model::{
    Account, AccountName, Chain, Clock, Digest, Principal, Role, Scope, TOKEN_BYTES, Token, TokenId,
    TokenKind, TokenSecret,
};
use simulay_store::StoreError;
use tokio::time::Instant;

use crate::EngineError;
use crate::passwords::HashingError;

/// How long what is known of a token is believed.
const BELIEVED: Duration = Duration::from_secs(1);
/// Tokens that are remembered.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1023);
/// How exactly it is known when a token was used last.
const USED: SignedDuration = SignedDuration::from_mins(1);
/// The longest label of a token, bytes.
const MAX_LABEL: usize = 128;

/// What a new token is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// Whose.
    pub account: AccountName,
    /// What it is for.
    pub label: String,
    /// The most it lets the account do; none for all that the account may.
    pub role: Option<Role>,
    /// Where it lets the account do that.
    pub scope: Scope,
    /// For how long it is taken; none for always.
    pub lifetime: Option<Duration>,
}

/// Why accounts and tokens are not changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The label is too long or has control characters.
    #[error("a label has at most {MAX_LABEL} bytes and no control characters")]
    Label,
    /// The time is past all times.
    #[error("the lifetime is too long")]
    Lifetime,
    /// The machine gives no chance.
    #[error("the machine gives no random numbers")]
    Entropy(#[source] getrandom::Error),
    /// Too many passwords are being hashed, or one cannot be.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// There is no such account or token, or the name is taken.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Accounts and tokens. Cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    store: Arc<dyn simulay_store::Accounts>,
    clock: Arc<dyn Clock>,
    known: Arc<Mutex<LruCache<Digest, Known>>>,
}

/// What was found a moment ago.
struct Known {
    at: Instant,
    found: (Token, Account),
}

impl Accounts {
    /// Those in `store`, by `clock`.
    #[must_use]
    pub fn new(store: Arc<dyn simulay_store::Accounts>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, known: Arc::new(Mutex::new(LruCache::new(REMEMBERED))) }
    }

    /// Who asks with this secret, shown as a token of `kind`, having come `via`; none when it is not taken.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn authenticate(
        &self,
        secret: &TokenSecret,
        kind: TokenKind,
        via: &str,
    ) -> Result<Option<Principal>, EngineError> {
        let Some((token, account)) = self.bearer(secret, kind).await? else { return Ok(None) };
        self.take_down_use(&token).await;
        Ok(Some(token.principal(&account, via)))
    }

    /// The token of this secret, and its account; none when it is not taken.
    pub(crate) async fn bearer(
        &self,
        secret: &TokenSecret,
        kind: TokenKind,
    ) -> Result<Option<(Token, Account)>, EngineError> {
        let (found, now) = (self.find(secret.sha256()).await?, self.clock.now());
        Ok(found.filter(|(token, account)| {
            token.kind == kind && token.is_valid(now) && account.revoked_at.is_none()
        }))
    }

    async fn find(&self, sha256: Digest) -> Result<Option<(Token, Account)>, EngineError> {
        if let Some(known) = self.known.lock().get(&sha256)
            && known.at.elapsed() < BELIEVED
        {
            return Ok(Some(known.found.clone()));
        }
        let (at, found) = (Instant::now(), self.store.token(sha256).await?);
        // What is not there is not remembered: whoever tries tries another each time.
        if let Some(found) = &found {
            self.known.lock().put(sha256, Known { at, found: found.clone() });
        }
        Ok(found)
    }

    /// Takes down that a token was used, unless it was a moment ago. A full disk keeps nobody out.
    pub(crate) async fn take_down_use(&self, token: &Token) {
        let now = self.clock.now();
        if self.was_used(token, now) {
            return;
        }
        if let Err(error) = self.store.used(token.id, now).await {
            tracing::warn!(token = %token.id, error = %Chain(&error), "the use of a token is not taken down");
        }
    }

    /// True when it is taken down already that the token was used about now. Of many requests at once, one hears
    /// false.
    fn was_used(&self, token: &Token, now: Timestamp) -> bool {
        let mut known = self.known.lock();
        let Some(Known { found: (known, _), .. }) = known.get_mut(&token.sha256) else { return true };
        let lately = known.last_used_at.is_some_and(|last| now.duration_since(last) < USED);
        if !lately {
            known.last_used_at = Some(now);
        }
        lately
    }

    /// Makes an account.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`].
    pub async fn create(&self, name: AccountName, role: Role) -> Result<Account, AccountError> {
        let account = Account { name, role, created_at: self.clock.now(), revoked_at: None };
        self.store.add_account(account.clone()).await.map_err(EngineError::from)?;
        Ok(account)
    }

    /// Changes what an account may do, within a moment also by tokens it has.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn set_role(&self, name: &AccountName, role: Role) -> Result<Account, AccountError> {
        Ok(self.change_role(name, role).await?)
    }

    pub(crate) async fn change_role(&self, name: &AccountName, role: Role) -> Result<Account, EngineError> {
        self.store.set_role(name, role).await?;
        self.forget();
        Ok(self.get(name).await?.ok_or(StoreError::NotFound)?)
    }

    /// Revokes an account: within a moment nobody is known as it, by whatever is shown. Its things stay.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn revoke_account(&self, name: &AccountName) -> Result<(), AccountError> {
        let at = self.clock.now();
        self.store.set_revoked(name, Some(at)).await.map_err(EngineError::from)?;
        self.forget();
        Ok(())
    }

    /// Takes back that an account is revoked.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn restore_account(&self, name: &AccountName) -> Result<(), AccountError> {
        self.store.set_revoked(name, None).await.map_err(EngineError::from)?;
        self.forget();
        Ok(())
    }

    /// An account by its name.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn get(&self, name: &AccountName) -> Result<Option<Account>, EngineError> {
        Ok(self.store.account(name).await?)
    }

    /// All accounts, by name.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn list(&self) -> Result<Vec<Account>, EngineError> {
        Ok(self.store.accounts().await?)
    }

    /// Makes a token; its secret is told here and never again.
    ///
    /// # Errors
    /// See [`AccountError`].
    pub async fn create_token(&self, new: NewToken) -> Result<(Token, TokenSecret), AccountError> {
        let secret = draw_token().map_err(AccountError::Entropy)?;
        Ok((self.create_token_of(new, &secret).await?, secret))
    }

    /// Makes a token of a secret that was drawn elsewhere.
    ///
    /// # Errors
    /// See [`AccountError`].
    pub async fn create_token_of(&self, new: NewToken, secret: &TokenSecret) -> Result<Token, AccountError> {
        if new.label.len() > MAX_LABEL || new.label.chars().any(char::is_control) {
            return Err(AccountError::Label);
        }
        let created_at = self.clock.now();
        let expires_at = new.lifetime.map(|time| created_at.checked_add(time)).transpose();
        let token = Token {
            id: TokenId::generate(),
            kind: TokenKind::Api,
            parent: None,
            account: new.account,
            label: new.label,
            sha256: secret.sha256(),
            role: new.role,
            scope: new.scope,
            created_at,
            expires_at: expires_at.map_err(|_| AccountError::Lifetime)?,
            revoked_at: None,
            last_used_at: None,
        };
        self.store.add_token(token.clone()).await.map_err(EngineError::from)?;
        Ok(token)
    }

    /// Tokens of one account, or of all, from the oldest.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn tokens(&self, account: Option<&AccountName>) -> Result<Vec<Token>, EngineError> {
        Ok(self.store.tokens(account).await?)
    }

    /// Revokes a token: within a moment nobody is known by it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn revoke(&self, token: TokenId) -> Result<(), EngineError> {
        self.store.revoke(token, self.clock.now()).await?;
        self.forget();
        Ok(())
    }

    /// Believes nothing of what was found before: this process made it untrue.
    fn forget(&self) {
        self.known.lock().clear();
    }
}

/// A secret that nobody has.
///
/// # Errors
/// When the machine gives no random numbers.
pub fn draw_token() -> Result<TokenSecret, getrandom::Error> {
    let mut bytes = [0; TOKEN_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(TokenSecret::of(bytes))
}
