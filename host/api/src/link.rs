//! Links: a token for one run in the query of a request, instead of the header, so that an address is enough to
//! look at it.

use axum::http::request::Parts;
use axum::http::uri::{PathAndQuery, Uri};
use axum::http::{HeaderValue, Method, header};
use axum::response::Response;
use simulay_model::TokenSecret;

use crate::problem::Refusal;
use crate::wire::{LINK, ProblemKind};

/// Takes the link out of a request, so that nothing behind sees it; none when it has none.
pub(crate) fn take(parts: &mut Parts) -> Result<Option<TokenSecret>, Refusal> {
    let query = parts.uri.query().unwrap_or_default();
    let (shown, others): (Vec<&str>, Vec<&str>) = query.split('&').partition(|pair| secret(pair).is_some());
    let [shown] = shown[..] else {
        return if shown.is_empty() { Ok(None) } else { Err(unknown()) };
    };
    let secret = secret(shown).and_then(|secret| secret.parse().ok()).ok_or_else(unknown)?;
    parts.uri = with_query(&parts.uri, &others.join("&")).map_err(Refusal::internal)?;
    if matches!(parts.method, Method::GET | Method::HEAD) {
        return Ok(Some(secret));
    }
    let detail = "a link lets you look at a run; show a token to do more: `Authorization: Bearer sim_…`";
    Err(Refusal::new(ProblemKind::Forbidden, detail).at(LINK))
}

/// Why a link opens nothing.
pub(crate) fn unknown() -> Refusal {
    let detail = "this link is over or was never one; whose run it is makes another. The token of an account goes \
                  into a header, not into an address: `Authorization: Bearer sim_…`";
    Refusal::new(ProblemKind::Unauthenticated, detail).at(LINK)
}

/// What was asked for by a link stays with whoever asked, and so does the link.
pub(crate) fn guard(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// The value of the parameter, when the pair is that.
fn secret(pair: &str) -> Option<String> {
    let (name, value) = form_urlencoded::parse(pair.as_bytes()).next()?;
    (name == LINK).then(|| value.into_owned())
}

fn with_query(uri: &Uri, query: &str) -> Result<Uri, axum::http::Error> {
    let path = uri.path();
    let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target.parse::<PathAndQuery>()?);
    Ok(Uri::from_parts(parts)?)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use simulay_model::TOKEN_BYTES;

    use super::*;

    /// What is found in the request, and what is left of its target.
    fn taken(method: Method, target: &str) -> Result<(Option<TokenSecret>, String), ProblemKind> {
        let request = Request::builder().method(method).uri(target).body(()).unwrap();
        let (mut parts, ()) = request.into_parts();
        let link = take(&mut parts).map_err(|refusal| refusal.kind())?;
        Ok((link, parts.uri.to_string()))
    }

    #[test]
    fn a_link_is_taken_out_of_the_query() {
        let secret = TokenSecret::of([0xfb; TOKEN_BYTES]);
        let text = secret.reveal();
        for (query, left) in [
            (format!("?link={text}"), ""),
            (format!("?after=7&link={text}&b=c%20d"), "?after=7&b=c%20d"),
            (format!("?%6Cink={text}"), ""),
        ] {
            for method in [Method::GET, Method::HEAD] {
                let found = taken(method, &format!("/v1/runs/x{query}"));
                assert_eq!(found, Ok((Some(secret.clone()), format!("/v1/runs/x{left}"))), "{query}");
            }
        }
        let without = taken(Method::POST, "/v1/runs/x?after=7&links=sim_").unwrap();
        assert_eq!(without, (None, "/v1/runs/x?after=7&links=sim_".to_owned()));
    }

    #[test]
    fn what_is_no_link_opens_nothing_and_a_link_changes_nothing() {
        let secret = TokenSecret::of([7; TOKEN_BYTES]);
        let text = secret.reveal();
        for query in ["link", "link=", "link=sim_short", &format!("link={text}&link={text}")] {
            let refused = taken(Method::GET, &format!("/v1/runs/x?{query}"));
            assert_eq!(refused, Err(ProblemKind::Unauthenticated), "{query}");
        }
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            assert_eq!(taken(method, &format!("/v1/runs/x?link={text}")), Err(ProblemKind::Forbidden));
        }
    }
}
