//! Signing in and out, for browsers.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use simulay_engine::{NewSession, Password, SignInError};
use simulay_model::{AccountName, Principal};

use super::me;
use crate::address_limit::Peer;
use crate::audit::Deed;
use crate::authorization::Denied;
use crate::caller::Via;
use crate::cookies;
use crate::extract::JsonBody;
use crate::problem::{Refusal, Refused};
use crate::state::Api;
use crate::wire::{Me, ProblemKind, SignIn, SignInWays};

/// Ask how to sign in
#[utoipa::path(get, path = "/v1/session", tag = "session", operation_id = "showSignInWays",
    responses((status = 200, description = "The ways", body = SignInWays)))]
pub(super) async fn ways(State(api): State<Api>) -> Json<SignInWays> {
    Json(SignInWays { needed: api.settings.accounts, provider: api.engine.sessions.has_provider() })
}

/// Sign in
///
/// By a token, or by an account and its password. The answer sets a cookie that scripts and other sites do not get at;
/// requests that change something are then taken from pages of this server only.
#[utoipa::path(post, path = "/v1/session", tag = "session", operation_id = "signIn",
    request_body = SignIn,
    responses(
        (status = 200, description = "Signed in, as whom", body = Me, headers(("Set-Cookie" = String))),
        Refused<400>, Refused<401>, Refused<413>, Refused<415>, Refused<422>, Refused<429>
    ))]
pub(super) async fn sign_in(
    State(api): State<Api>,
    Via(via): Via,
    (peer, deed): (Peer, Deed),
    headers: HeaderMap,
    JsonBody(shown, _held): JsonBody<SignIn>,
) -> Result<Response, Denied> {
    if shown.account.is_some() {
        api.rates.sign_in(peer, shown.account.as_deref()).await?;
    }
    let session = match open(&api, shown, &via).await {
        Err(refusal) if refusal.kind() == ProblemKind::Unauthenticated => {
            api.rates.failure(peer).await?;
            return Err(refusal.into());
        }
        opened => opened?,
    };
    deed.is_of(&session.principal);
    replace(&api, &headers, &via).await?;
    let me = Json(me::of(&api, session.principal.clone()));
    Ok((set(cookies::keep_session(&session)), me).into_response())
}

/// Sign out
///
/// Ends the session of the cookie, when there is one.
#[utoipa::path(delete, path = "/v1/session", tag = "session", operation_id = "signOut",
    responses((status = 204, description = "Signed out", headers(("Set-Cookie" = String)))))]
pub(super) async fn sign_out(
    State(api): State<Api>,
    Via(via): Via,
    deed: Deed,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    if let Some(ended) = replace(&api, &headers, &via).await? {
        deed.is_of(&ended);
    }
    Ok((StatusCode::NO_CONTENT, set(cookies::forget_session())).into_response())
}

async fn open(api: &Api, shown: SignIn, via: &str) -> Result<NewSession, Refusal> {
    let sessions = &api.engine.sessions;
    Ok(match shown {
        SignIn { token: Some(token), account: None, password: None } => {
            let secret = token.parse().map_err(|_| SignInError::Refused)?;
            sessions.by_token(&secret, via).await?
        }
        SignIn { token: None, account: Some(account), password: Some(password) } => {
            let (account, password) = known(&account, password).ok_or(SignInError::Refused)?;
            sessions.by_password(&account, password, via).await?
        }
        _ => {
            let detail = "send a `token`, or an `account` and its `password`";
            return Err(Refusal::new(ProblemKind::ParamsInvalid, detail).at(""));
        }
    })
}

/// What may be an account and its password.
fn known(account: &str, password: String) -> Option<(AccountName, Password)> {
    Some((account.parse().ok()?, Password::new(password).ok()?))
}

/// Ends the session that the browser had, and tells whose it was: nobody goes on with one that he was given.
pub(super) async fn replace(api: &Api, headers: &HeaderMap, via: &str) -> Result<Option<Principal>, Refusal> {
    match cookies::session(headers) {
        Some(secret) => Ok(api.engine.sessions.end(&secret, via).await?),
        None => Ok(None),
    }
}

/// The headers that set a cookie.
pub(super) fn set(cookie: Option<HeaderValue>) -> HeaderMap {
    let cookie = cookie.map(|cookie| (header::SET_COOKIE, cookie));
    let quiet = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    cookie.into_iter().chain([quiet]).collect()
}
