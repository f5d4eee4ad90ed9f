//! Signing in and out: a browser shows a token, a password, or that a provider of identities knows it, and gets a
//! session, which is a token that only a cookie carries.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use simulay_identity::{Authorization, Challenge, Claims, GroupRoles, IdentityError, IdentityProvider};
use simulay_model::{
    Account, AccountName, Clock, Identity, Principal, Role, Scope, Token, TokenId, TokenKind, TokenSecret,
};
use simulay_store::{Credentials, StoreError};

use crate::accounts::{AccountError, Accounts, draw_token};
use crate::passwords::{HashingError, Password, Passwords};
use crate::{EngineError, Parts, Settings};

/// A session that was just opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// What the browser keeps.
    pub secret: TokenSecret,
    /// How long it lasts.
    pub lifetime: Duration,
    /// As whom its bearer asks.
    pub principal: Principal,
    /// What signing in changed of the account.
    pub change: Option<AccountChange>,
}

/// What signing in at a provider changes of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountChange {
    /// It was made.
    Made,
    /// Its role was this.
    RoleWas(Role),
}

impl fmt::Display for AccountChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Made => formatter.write_str("the account was made"),
            Self::RoleWas(role) => write!(formatter, "the role was {role}"),
        }
    }
}

/// Somebody whom the provider knows.
struct Known {
    account: Account,
    change: Option<AccountChange>,
}

/// Why somebody is not signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// What was shown is not right.
    #[error("the token, or the account and password, are not right")]
    Refused,
    /// Too many sign in.
    #[error(transparent)]
    Busy(HashingError),
    /// Nobody is asked who people are.
    #[error("this server asks no provider of identities")]
    NoProvider,
    /// The provider does not know who it is, or does not answer.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// No group of his has a role.
    #[error("none of your groups may use this server; ask its operator")]
    NoRole,
    /// The provider's name for him is none for an account.
    #[error("the provider tells no name that an account could have; ask the operator of this server")]
    NoName,
    /// Another account has the name that the provider tells.
    #[error("the account `{0}` is another's here; the operator can link it to you: `simulay account link`")]
    NameTaken(AccountName),
    /// The engine could not do it.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<HashingError> for SignInError {
    fn from(error: HashingError) -> Self {
        match error {
            HashingError::Engine(error) => Self::Engine(error),
            busy @ HashingError::Busy => Self::Busy(busy),
        }
    }
}

/// What somebody showed, that must still hold when the session opens; nothing when a provider knows him.
#[derive(Default)]
struct Proof {
    token: Option<Token>,
    /// The hash of the password.
    password: Option<String>,
}

/// Signs people in and out. Cheap to clone.
#[derive(Clone)]
pub struct Sessions {
    accounts: Accounts,
    credentials: Arc<dyn Credentials>,
    provider: Option<Arc<dyn IdentityProvider>>,
    group_roles: Arc<GroupRoles>,
    passwords: Passwords,
    clock: Arc<dyn Clock>,
    lifetime: Duration,
}

impl Sessions {
    pub(crate) fn new(accounts: Accounts, parts: &Parts, settings: &Settings) -> Self {
        Self {
            accounts,
            credentials: parts.credentials.clone(),
            provider: parts.identity.clone(),
            group_roles: Arc::new(settings.group_roles.clone()),
            passwords: Passwords::default(),
            clock: parts.clock.clone(),
            lifetime: settings.session_lifetime,
        }
    }

    /// True when a provider of identities is asked who people are.
    #[must_use]
    pub fn has_provider(&self) -> bool {
        self.provider.is_some()
    }

    /// Opens a session for whoever shows an API token; it is over with the token at the latest.
    ///
    /// # Errors
    /// See [`SignInError`].
    pub async fn by_token(&self, secret: &TokenSecret, via: &str) -> Result<NewSession, SignInError> {
        let shown = self.accounts.bearer(secret, TokenKind::Api).await?;
        // A link to a run is for whoever is to look at that, not to sign in.
        let by_account = shown.filter(|(token, _)| token.scope.run().is_none());
        let (token, account) = by_account.ok_or(SignInError::Refused)?;
        self.accounts.take_down_use(&token).await;
        self.open(&account, Proof { token: Some(token), ..Proof::default() }, via).await
    }

    /// Opens a session for whoever knows the password of an account.
    ///
    /// # Errors
    /// See [`SignInError`].
    pub async fn by_password(
        &self,
        account: &AccountName,
        password: Password,
        via: &str,
    ) -> Result<NewSession, SignInError> {
        let phc = self.credentials.password(account).await.map_err(EngineError::from)?;
        if !self.passwords.is_right(password, phc.clone()).await? {
            return Err(SignInError::Refused);
        }
        let known = self.accounts.get(account).await?.filter(|account| account.revoked_at.is_none());
        let proof = Proof { password: phc, ..Proof::default() };
        self.open(&known.ok_or(SignInError::Refused)?, proof, via).await
    }

    /// Where a browser goes to be known by the provider.
    ///
    /// # Errors
    /// See [`SignInError`].
    pub async fn authorize(&self) -> Result<Authorization, SignInError> {
        Ok(self.provider()?.authorize().await?)
    }

    /// Opens a session for whoever came back from the provider with `code`. An account is made for him when he has
    /// none; its role is what his groups give now.
    ///
    /// # Errors
    /// See [`SignInError`].
    pub async fn by_provider(
        &self,
        code: &str,
        challenge: &Challenge,
        via: &str,
    ) -> Result<NewSession, SignInError> {
        let claims = self.provider()?.redeem(code, challenge).await?;
        let Known { account, change } = self.account_of(claims).await?;
        Ok(NewSession { change, ..self.open(&account, Proof::default(), via).await? })
    }

    /// Ends the session that `secret` is of, when there is one; whose it was.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn end(&self, secret: &TokenSecret, via: &str) -> Result<Option<Principal>, EngineError> {
        let Some((token, account)) = self.accounts.bearer(secret, TokenKind::Session).await? else {
            return Ok(None);
        };
        self.accounts.revoke(token.id).await?;
        Ok(Some(token.principal(&account, via)))
    }

    fn provider(&self) -> Result<&dyn IdentityProvider, SignInError> {
        self.provider.as_deref().ok_or(SignInError::NoProvider)
    }

    async fn account_of(&self, claims: Claims) -> Result<Known, SignInError> {
        let linked = self.credentials.linked(&claims.identity).await.map_err(EngineError::from)?;
        let Some(role) = self.group_roles.role(&claims.groups) else {
            // Whoever is let in no more does no more by what he has, either.
            if let Some(account) = linked.filter(|account| account.role > Role::Viewer) {
                self.accounts.change_role(&account.name, Role::Viewer).await?;
            }
            return Err(SignInError::NoRole);
        };
        let Some(account) = linked else {
            let name = claims.name.and_then(|name| name.to_lowercase().parse().ok());
            let created_at = self.clock.now();
            let name = name.ok_or(SignInError::NoName)?;
            let account = Account { name, role, created_at, revoked_at: None };
            let account = self.add(account, &claims.identity).await?;
            return Ok(Known { account, change: Some(AccountChange::Made) });
        };
        if account.revoked_at.is_some() {
            return Err(SignInError::Refused);
        }
        if account.role == role {
            return Ok(Known { account, change: None });
        }
        let change = Some(AccountChange::RoleWas(account.role));
        Ok(Known { account: self.accounts.change_role(&account.name, role).await?, change })
    }

    async fn add(&self, account: Account, identity: &Identity) -> Result<Account, SignInError> {
        // What was there before there were accounts is nobody's to take by a name.
        if account.name == AccountName::local() {
            return Err(SignInError::NameTaken(account.name));
        }
        match self.credentials.add_linked(account.clone(), identity).await {
            Ok(()) => Ok(account),
            Err(StoreError::NameTaken) => Err(SignInError::NameTaken(account.name)),
            Err(error) => Err(EngineError::from(error).into()),
        }
    }

    /// Opens a session, with what the token allows that was shown for it.
    async fn open(&self, account: &Account, proof: Proof, via: &str) -> Result<NewSession, SignInError> {
        let Proof { token: shown, password } = proof;
        let (secret, created_at) = (draw_token().map_err(EngineError::broken)?, self.clock.now());
        let left = |end: Timestamp| Duration::try_from(end.duration_since(created_at)).unwrap_or_default();
        let ends = shown.as_ref().and_then(|token| token.expires_at);
        let lifetime = ends.map_or(self.lifetime, |end| left(end).min(self.lifetime));
        let expires_at = created_at.checked_add(lifetime).unwrap_or(Timestamp::MAX);
        let token = Token {
            id: TokenId::generate(),
            kind: TokenKind::Session,
            parent: shown.as_ref().map(|token| token.id),
            account: account.name.clone(),
            label: String::new(),
            sha256: secret.sha256(),
            role: shown.as_ref().and_then(|token| token.role),
            scope: shown.map_or(Scope::All, |token| token.scope),
            created_at,
            expires_at: Some(expires_at),
            revoked_at: None,
            last_used_at: Some(created_at),
        };
        let principal = token.principal(account, via);
        match self.credentials.open_session(token, password).await {
            // It does not hold any more.
            Err(StoreError::NotFound) => return Err(SignInError::Refused),
            opened => opened.map_err(EngineError::from)?,
        }
        Ok(NewSession { secret, lifetime, principal, change: None })
    }
}

/// Passwords and identities of accounts, for whoever runs the host. Cheap to clone.
#[derive(Clone)]
pub struct AccountCredentials {
    credentials: Arc<dyn Credentials>,
    passwords: Passwords,
    clock: Arc<dyn Clock>,
}

impl AccountCredentials {
    /// Those in `credentials`, by `clock`.
    #[must_use]
    pub fn new(credentials: Arc<dyn Credentials>, clock: Arc<dyn Clock>) -> Self {
        Self { credentials, passwords: Passwords::default(), clock }
    }

    /// Gives an account a password; the sessions that it has end.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn set_password(&self, account: &AccountName, password: Password) -> Result<(), AccountError> {
        let hashed = self.passwords.hash(password).await?;
        let set = self.credentials.set_password(account, hashed, self.clock.now()).await;
        Ok(set.map_err(EngineError::from)?)
    }

    /// Links an account to whoever a provider of identities knows by `identity`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn link(&self, account: &AccountName, identity: &Identity) -> Result<(), AccountError> {
        Ok(self.credentials.link(account, identity).await.map_err(EngineError::from)?)
    }
}
