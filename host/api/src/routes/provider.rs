//! Signing in at a provider of identities, for browsers: there and back.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::session;
use crate::address_limit::Peer;
use crate::audit::Deed;
use crate::authorization::Denied;
use crate::caller::Via;
use crate::cookies::{self, SignInUnderWay};
use crate::extract::Asked;
use crate::problem::{Refusal, Refused};
use crate::state::Api;
use crate::wire::ProblemKind;

/// The longest address to go back to.
const MAX_ADDRESS: usize = 1024;
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// Where somebody was going.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Departure {
    /// A path of this host, to go on with once signed in.
    #[serde(default)]
    return_to: Option<String>,
}

/// What the provider sends a browser back with (RFC 6749 §4.1.2).
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Return {
    /// Of who signed in.
    code: Option<String>,
    /// Of the browser that began.
    state: Option<String>,
    /// Why nobody did.
    error: Option<String>,
}

/// Sign in at the organisation
///
/// Sends the browser to the provider of identities. It comes back to `/v1/session/provider/return`.
#[utoipa::path(get, path = "/v1/session/provider", tag = "session", operation_id = "signInAtProvider",
    params(Departure),
    responses(
        (status = 303, description = "To the provider", headers(("Location" = String), ("Set-Cookie" = String))),
        Refused<404>, Refused<422>, Refused<503>
    ))]
pub(super) async fn depart(
    State(api): State<Api>,
    peer: Peer,
    Asked(Departure { return_to }): Asked<Departure>,
) -> Result<Response, Denied> {
    api.rates.sign_in(peer, None).await?;
    let return_to = return_to.unwrap_or_else(|| format!("{}/", api.settings.base_path));
    if !is_ours(&return_to) {
        let detail = format!("`return_to` must be a path of this server, at most {MAX_ADDRESS} bytes");
        return Err(Refusal::new(ProblemKind::ParamsInvalid, detail).at("return_to").into());
    }
    let authorization = api.engine.sessions.authorize().await.map_err(Refusal::from)?;
    let challenge = authorization.challenge;
    let cookie = cookies::keep_sign_in(&SignInUnderWay { challenge, return_to });
    let location = HeaderValue::from_str(&authorization.url).map_err(Refusal::internal)?;
    Ok((StatusCode::SEE_OTHER, session::set(cookie), [(header::LOCATION, location)]).into_response())
}

/// Come back from the organisation
///
/// Where the provider of identities sends the browser; opens the session and goes on to where it was going.
#[utoipa::path(get, path = "/v1/session/provider/return", tag = "session", operation_id = "returnFromProvider",
    params(Return),
    responses(
        (status = 200, description = "A page that goes on", content_type = "text/html", body = String,
         headers(("Set-Cookie" = String))),
        Refused<401>, Refused<403>, Refused<404>, Refused<503>
    ))]
pub(super) async fn arrive(
    State(api): State<Api>,
    Via(via): Via,
    (peer, deed): (Peer, Deed),
    headers: HeaderMap,
    Asked(back): Asked<Return>,
) -> Result<Response, Denied> {
    api.rates.sign_in(peer, None).await?;
    let under_way = cookies::sign_in(&headers).ok_or_else(begin_again)?;
    let code = code(back, &under_way)?;
    let opened = api.engine.sessions.by_provider(&code, &under_way.challenge, &via).await;
    let opened = opened.map_err(Refusal::from)?;
    deed.is_of(&opened.principal);
    opened.change.iter().for_each(|change| deed.says(change));
    session::replace(&api, &headers, &via).await?;
    let mut set = session::set(cookies::keep_session(&opened));
    set.extend(cookies::forget_sign_in().map(|cookie| (header::SET_COOKIE, cookie)));
    let page = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    Ok((set, page, going_on(&under_way.return_to)).into_response())
}

/// The code, when it comes from where this browser was sent.
fn code(back: Return, under_way: &SignInUnderWay) -> Result<String, Refusal> {
    if let Some(error) = back.error {
        let told: String =
            error.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(64).collect();
        let detail = format!("the provider of identities did not sign you in: {told}");
        return Err(Refusal::new(ProblemKind::Unauthenticated, detail));
    }
    let ours = back.state.is_some_and(|state| state == under_way.challenge.state);
    back.code.filter(|_| ours).ok_or_else(begin_again)
}

fn begin_again() -> Refusal {
    let detail =
        "this browser did not begin this sign-in, or a while ago; begin again at /v1/session/provider";
    Refusal::new(ProblemKind::Unauthenticated, detail)
}

/// A page of ours that goes on: what follows a redirect from another site does not get the cookie that was just set.
fn going_on(return_to: &str) -> String {
    let escape = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        other => other.to_string(),
    };
    let address: String = return_to.chars().map(escape).collect();
    format!(
        "<!doctype html><title>Signed in</title><meta http-equiv=\"refresh\" content=\"0; url={address}\">\
         <p><a href=\"{address}\">Go on</a></p>"
    )
}

/// True for a path of this server, and nothing that a browser would take for another.
fn is_ours(address: &str) -> bool {
    let plain = |c: char| c.is_ascii_graphic() && c != '\\' && c != ';' && c != '\'' && c != '"';
    address.starts_with('/')
        && !address.starts_with("//")
        && address.len() <= MAX_ADDRESS
        && address.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for ours in ["/", "/docs", "/runs/1?tab=logs&x=%22#end"] {
            assert!(is_ours(ours), "{ours}");
        }
        let long = format!("/{}", "x".repeat(MAX_ADDRESS));
        for other in [
            "",
            "//evil",
            "/\\evil",
            "https://evil",
            "javascript:x",
            "evil",
            "/a\n",
            "/ä",
            "/a b",
            "/;url=x",
            &long,
        ] {
            assert!(!is_ours(other), "{other}");
        }
        assert!(going_on("/a?b=<script>&c").contains("url=/a?b=&lt;script&gt;&amp;c\""));
    }
}
