//! A sign-in, from where a browser is sent to what is known of who came back.

use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use openidconnect::core::{CoreAuthenticationFlow, CoreProviderMetadata};
use openidconnect::url::{Host, Url};
use openidconnect::{
    AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, IssuerUrl, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse as _,
};
use simulay_identity::{Authorization, Challenge, Claims, IdentityError, IdentityProvider};
use simulay_model::Identity;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::claims::{Said, SignedClaims, UserInfo};
use crate::client::{OidcClient, Tokens};
use crate::http::{Http, HttpError};

/// How long the discovery document and the keys of the provider are believed.
const BELIEVED: Duration = Duration::from_secs(300);
/// How long it is left alone after it did not answer.
const PAUSE: Duration = Duration::from_secs(5);

/// How a provider is spoken to.
#[derive(Clone)]
pub struct OidcSettings {
    /// The provider, by its URL.
    pub issuer: String,
    /// What the provider calls us.
    pub client_id: String,
    /// By what we show that we are that.
    pub client_secret: Option<String>,
    /// Where browsers come back to.
    pub redirect_url: String,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// The claim that a new account is called by.
    pub name_claim: String,
    /// The claim that lists groups.
    pub groups_claim: String,
}

/// Why no provider can be spoken to.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A setting is no URL: which.
    #[error("`{0}` is no URL")]
    Url(&'static str),
    /// A setting is no address that only the provider, or only we, answer at: which.
    #[error("`{0}` must begin with https://, since whoever is on the way could sign in as anybody")]
    Plain(&'static str),
    /// Nothing can be reached over TLS.
    #[error("nothing can be reached over TLS")]
    Tls(#[source] Box<dyn Error + Send + Sync>),
}

/// A provider of OpenID Connect; it is found by its discovery document when somebody signs in.
pub struct OidcProvider {
    settings: OidcSettings,
    issuer: IssuerUrl,
    redirect: RedirectUrl,
    http: Http,
    known: Mutex<Known>,
}

/// What was found a while ago.
#[derive(Default)]
struct Known {
    client: Option<(Instant, OidcClient)>,
    /// When it did not answer last.
    silent: Option<Instant>,
}

impl Known {
    fn found(client: &OidcClient) -> Self {
        Self { client: Some((Instant::now(), client.clone())), silent: None }
    }
}

/// The provider did not answer a moment ago.
#[derive(Debug, thiserror::Error)]
#[error("it did not answer a moment ago")]
struct Silent;

impl OidcProvider {
    /// The provider that `settings` name.
    ///
    /// # Errors
    /// See [`SettingsError`].
    pub fn new(settings: OidcSettings) -> Result<Self, SettingsError> {
        let issuer = IssuerUrl::new(settings.issuer.clone()).map_err(|_| SettingsError::Url("issuer"))?;
        let redirect = RedirectUrl::new(settings.redirect_url.clone());
        let redirect = redirect.map_err(|_| SettingsError::Url("redirect_url"))?;
        check_scheme("issuer", issuer.url())?;
        check_scheme("redirect_url", redirect.url())?;
        let http = Http::new().map_err(|error| SettingsError::Tls(error.into()))?;
        Ok(Self { settings, issuer, redirect, http, known: Mutex::default() })
    }

    /// The provider, as it was a while ago or is.
    async fn client(&self) -> Result<OidcClient, IdentityError> {
        let mut known = self.known.lock().await;
        if let Some((at, client)) = &known.client
            && at.elapsed() < BELIEVED
        {
            return Ok(client.clone());
        }
        // Whoever waited for one who asked in vain does not ask once more.
        if known.silent.is_some_and(|at| at.elapsed() < PAUSE) {
            return Err(unavailable(Silent));
        }
        match self.discover().await {
            Ok(client) => {
                *known = Known::found(&client);
                Ok(client)
            }
            Err(error) => {
                known.silent = Some(Instant::now());
                Err(error)
            }
        }
    }

    /// The provider as it is now. Until it has answered, others go on with what is believed.
    async fn renewed(&self) -> Result<OidcClient, IdentityError> {
        let client = self.discover().await?;
        *self.known.lock().await = Known::found(&client);
        Ok(client)
    }

    async fn discover(&self) -> Result<OidcClient, IdentityError> {
        let found = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.sender()).await;
        found.map(|metadata| self.client_to(metadata)).map_err(unavailable)
    }

    /// What the provider signed of whoever came back; with keys that do not fit, it is asked for others once.
    async fn signed<'a>(
        &self,
        client: &OidcClient,
        tokens: &'a Tokens,
        challenge: &Challenge,
    ) -> Result<&'a SignedClaims, IdentityError> {
        let id_token = tokens.id_token().ok_or_else(|| invalid("the provider sent no ID token"))?;
        let nonce = Nonce::new(challenge.nonce.clone());
        let signed = id_token.claims(&client.id_token_verifier(), &nonce);
        if !matches!(signed, Err(ClaimsVerificationError::SignatureVerification(_))) {
            return signed.map_err(invalid);
        }
        let client = self.renewed().await?;
        id_token.claims(&client.id_token_verifier(), &nonce).map_err(invalid)
    }

    fn client_to(&self, metadata: CoreProviderMetadata) -> OidcClient {
        let id = ClientId::new(self.settings.client_id.clone());
        let secret = self.settings.client_secret.clone().map(ClientSecret::new);
        OidcClient::from_provider_metadata(metadata, id, secret).set_redirect_uri(self.redirect.clone())
    }

    fn sender(&self) -> impl Fn(openidconnect::HttpRequest) -> SentRequest + use<> {
        let http = self.http.clone();
        move |request| {
            let http = http.clone();
            Box::pin(async move { http.send(request).await })
        }
    }

    /// What the provider says beside what it signed; nothing when it cannot be asked.
    async fn user_info(
        &self,
        client: &OidcClient,
        tokens: &Tokens,
    ) -> Result<Option<UserInfo>, IdentityError> {
        let Ok(request) = client.user_info(tokens.access_token().clone(), None) else { return Ok(None) };
        request.request_async(&self.sender()).await.map(Some).map_err(unavailable)
    }
}

type SentRequest =
    std::pin::Pin<Box<dyn Future<Output = Result<openidconnect::HttpResponse, HttpError>> + Send>>;

#[async_trait]
impl IdentityProvider for OidcProvider {
    async fn authorize(&self) -> Result<Authorization, IdentityError> {
        let client = self.client().await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let mut request = client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
        request = request.set_pkce_challenge(challenge);
        for scope in &self.settings.scopes {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        let (url, state, nonce) = request.url();
        let challenge = Challenge {
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
        };
        Ok(Authorization { url: url.into(), challenge })
    }

    async fn redeem(&self, code: &str, challenge: &Challenge) -> Result<Claims, IdentityError> {
        let client = self.client().await?;
        let request = client.exchange_code(AuthorizationCode::new(code.to_owned())).map_err(unavailable)?;
        let request = request.set_pkce_verifier(PkceCodeVerifier::new(challenge.verifier.clone()));
        let tokens = request.request_async(&self.sender()).await.map_err(of_exchange)?;
        let signed = self.signed(&client, &tokens, challenge).await?;
        let told = self.user_info(&client, &tokens).await?;
        // What is told must be of who was signed for (OpenID Connect Core 1.0 §5.3.2).
        if told.as_ref().is_some_and(|told| told.subject() != signed.subject()) {
            return Err(invalid("the provider tells of somebody else"));
        }
        let said = Said { signed, told: told.as_ref() };
        Ok(Claims {
            identity: Identity {
                issuer: signed.issuer().as_str().to_owned(),
                subject: signed.subject().as_str().to_owned(),
            },
            name: said.name(&self.settings.name_claim),
            groups: said.groups(&self.settings.groups_claim),
        })
    }
}

/// Refuses plain HTTP but on this machine.
fn check_scheme(setting: &'static str, url: &Url) -> Result<(), SettingsError> {
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() == "https" || local { Ok(()) } else { Err(SettingsError::Plain(setting)) }
}

fn unavailable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> IdentityError {
    IdentityError::Unavailable(cause.into())
}

fn invalid(cause: impl Into<Box<dyn Error + Send + Sync>>) -> IdentityError {
    IdentityError::Invalid(cause.into())
}

/// A code that the provider does not take is the browser's fault; everything else is not.
fn of_exchange<R, T>(error: openidconnect::RequestTokenError<R, T>) -> IdentityError
where
    R: Error + Send + Sync + 'static,
    T: openidconnect::ErrorResponse + Send + Sync + 'static,
{
    match error {
        refused @ openidconnect::RequestTokenError::ServerResponse(_) => invalid(refused),
        other => unavailable(other),
    }
}
