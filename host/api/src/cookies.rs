//! Cookies: of a session, and of a sign-in under way. Their names begin with `__Host-`, so that browsers take them from
//! this very host only, over TLS (or from this machine), for all paths (RFC 6265bis §4.1.3). Of a server that is shown
//! under a path they begin with `__Secure-`, and others on the same host do not get them.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cookie::{Cookie, SameSite};
use serde::{Deserialize, Serialize};
use simulay_engine::NewSession;
use simulay_identity::Challenge;
use simulay_model::TokenSecret;

/// What carries a session.
pub(crate) const SESSION: &str = "__Host-simulay";
const SIGN_IN: &str = "__Host-simulay-sign-in";
/// For all paths of a host.
const OF_HOST: &str = "__Host-";
/// For one path of a host.
const OF_PATH: &str = "__Secure-";
/// How long somebody may take to sign in at a provider.
const SIGN_IN_TIME: Duration = Duration::from_secs(600);

/// What a browser keeps while somebody signs in at a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SignInUnderWay {
    pub(crate) challenge: Challenge,
    /// Where he was going.
    pub(crate) return_to: String,
}

/// The session that a request shows; none when it shows two, of which one may be somebody else's.
pub(crate) fn session(headers: &HeaderMap) -> Option<TokenSecret> {
    value(headers, SESSION)?.parse().ok()
}

/// The sign-in that a request goes on with.
pub(crate) fn sign_in(headers: &HeaderMap) -> Option<SignInUnderWay> {
    let kept = URL_SAFE_NO_PAD.decode(value(headers, SIGN_IN)?).ok()?;
    serde_json::from_slice(&kept).ok()
}

/// Has the browser keep a session.
pub(crate) fn keep_session(session: &NewSession) -> Option<HeaderValue> {
    set(SESSION, session.secret.reveal(), SameSite::Strict, session.lifetime)
}

/// Has the browser keep a sign-in. It comes back from another site, so that `Strict` would lose it.
pub(crate) fn keep_sign_in(under_way: &SignInUnderWay) -> Option<HeaderValue> {
    let kept = URL_SAFE_NO_PAD.encode(serde_json::to_vec(under_way).ok()?);
    set(SIGN_IN, &kept, SameSite::Lax, SIGN_IN_TIME)
}

/// Has the browser forget its session.
pub(crate) fn forget_session() -> Option<HeaderValue> {
    set(SESSION, "", SameSite::Strict, Duration::ZERO)
}

/// Has the browser forget its sign-in.
pub(crate) fn forget_sign_in() -> Option<HeaderValue> {
    set(SIGN_IN, "", SameSite::Lax, Duration::ZERO)
}

fn set(name: &'static str, value: &str, same_site: SameSite, lifetime: Duration) -> Option<HeaderValue> {
    let seconds = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
    let cookie = Cookie::build((name, value))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(same_site)
        .max_age(cookie::time::Duration::seconds(seconds));
    HeaderValue::from_str(&cookie.to_string()).ok()
}

/// A cookie of ours, for `path` and what is under it only.
pub(crate) fn shown_under(path: &str, set: &HeaderValue) -> Option<HeaderValue> {
    let mut cookie = Cookie::parse(set.to_str().ok()?.to_owned()).ok()?;
    cookie.set_name(format!("{OF_PATH}{}", cookie.name().strip_prefix(OF_HOST)?));
    cookie.set_path(path.to_owned());
    HeaderValue::from_str(&cookie.to_string()).ok()
}

/// The cookies of a request to a server that is shown under a path: those for that path count, under the names they have
/// here, and those for all of the host, which may be another server's, do not.
pub(crate) fn seen_from_within(headers: &mut HeaderMap) {
    let sent: Vec<String> = headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';').map(str::trim))
        .filter(|pair| !pair.starts_with(OF_HOST))
        .map(|pair| {
            pair.strip_prefix(OF_PATH).map_or_else(|| pair.to_owned(), |ours| format!("{OF_HOST}{ours}"))
        })
        .collect();
    headers.remove(header::COOKIE);
    headers.extend(HeaderValue::from_str(&sent.join("; ")).ok().map(|sent| (header::COOKIE, sent)));
}

/// The one value of a cookie.
fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let sent = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let pairs = sent.flat_map(|sent| sent.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(named, _)| *named == name).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (value, None) => value,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use simulay_model::{Principal, TOKEN_BYTES};

    use super::*;

    fn sent(cookies: &[&str]) -> HeaderMap {
        cookies.iter().map(|value| (header::COOKIE, value.parse().unwrap())).collect()
    }

    #[test]
    fn a_session_is_kept_where_scripts_and_other_sites_do_not_get() {
        let secret = TokenSecret::of([7; TOKEN_BYTES]);
        let session = NewSession {
            secret: secret.clone(),
            lifetime: Duration::from_secs(60),
            principal: Principal::local(""),
            change: None,
        };
        let kept = keep_session(&session).unwrap();
        let expected = format!(
            "__Host-simulay={}; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=60",
            secret.reveal()
        );
        assert_eq!(kept, expected);
        assert!(forget_session().unwrap().to_str().unwrap().contains("Max-Age=0"));
    }

    #[test]
    fn the_one_session_of_a_request_counts() {
        let secret = TokenSecret::of([7; TOKEN_BYTES]);
        let ours = format!("__Host-simulay={}", secret.reveal());
        let beside = format!("theme=dark; {ours}; a=b=c");
        for cookies in [&[ours.as_str()][..], &[&beside], &["x=1", &ours]] {
            assert_eq!(super::session(&sent(cookies)), Some(secret.clone()), "{cookies:?}");
        }
        let twice = format!("{ours}; {ours}");
        let like = ours.replace("__Host-simulay", "simulay");
        for cookies in [&[twice.as_str()][..], &[&ours, &ours], &[&like], &["__Host-simulay"], &[]] {
            assert_eq!(super::session(&sent(cookies)), None, "{cookies:?}");
        }
    }

    #[test]
    fn a_sign_in_comes_back_as_it_went() {
        let [state, nonce, verifier] = ["s", "n", "v"].map(str::to_owned);
        let under_way = SignInUnderWay {
            challenge: Challenge { state, nonce, verifier },
            return_to: "/docs?a=1#b".to_owned(),
        };
        let kept = keep_sign_in(&under_way).unwrap();
        let kept = kept.to_str().unwrap().split(';').next().unwrap();
        assert_eq!(sign_in(&sent(&[kept])), Some(under_way));
        for broken in ["__Host-simulay-sign-in=%%", "__Host-simulay-sign-in=e30"] {
            assert_eq!(sign_in(&sent(&[broken])), None);
        }
    }

    #[test]
    fn under_a_path_a_session_is_for_that_path_only() {
        let secret = TokenSecret::of([7; TOKEN_BYTES]);
        let set = set(SESSION, secret.reveal(), SameSite::Strict, Duration::from_secs(60)).unwrap();
        let shown = shown_under("/sim", &set).unwrap();
        let expected = format!(
            "__Secure-simulay={}; HttpOnly; SameSite=Strict; Secure; Path=/sim; Max-Age=60",
            secret.reveal()
        );
        assert_eq!(shown, expected);
        let kept = shown.to_str().unwrap().split(';').next().unwrap();
        let others = format!("__Host-simulay={}; theme=dark", TokenSecret::of([8; TOKEN_BYTES]).reveal());
        let mut headers = sent(&[&others, kept]);
        seen_from_within(&mut headers);
        assert_eq!(super::session(&headers), Some(secret));
        assert_eq!(value(&headers, "theme"), Some("dark"));
        let mut headers = sent(&[&others]);
        seen_from_within(&mut headers);
        assert_eq!(super::session(&headers), None, "of another server on this host");
    }
}
