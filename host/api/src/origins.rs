//! Web pages whose requests are taken: those of this server, and those the operator allows. Browsers tell
//! where a request comes from (`Sec-Fetch-Site`, and `Origin`); programs tell neither and are let through.

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::ApiSettings;
use crate::hosts::{name, port};
use crate::problem::Refusal;
use crate::rate_limits::costs;
use crate::wire::ProblemKind;

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const DESTINATION: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// The origins allowed beside our own, as browsers write them.
#[derive(Clone)]
pub(crate) struct Origins(Arc<HashSet<String>>);

impl Origins {
    pub(crate) fn new(settings: &ApiSettings) -> Self {
        Self(Arc::new(settings.origins.iter().map(|origin| origin.to_ascii_lowercase()).collect()))
    }

    fn check(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        if is_free(method, uri, headers) || self.is_ours(headers) {
            return Ok(());
        }
        let detail = "the request comes from a page of another site; `server.origins` lists the origins \
                      whose pages may ask";
        let field = if headers.contains_key(header::ORIGIN) { "Origin" } else { "Sec-Fetch-Site" };
        Err(Refusal::new(ProblemKind::CrossSite, detail).at(field))
    }

    fn is_ours(&self, headers: &HeaderMap) -> bool {
        let origin = one(headers, &header::ORIGIN);
        let allowed = |origin: &str| self.0.contains(&origin.to_ascii_lowercase());
        match (one(headers, &SITE), origin) {
            (Header::Wrong, _) | (_, Header::Wrong | Header::Is("null")) => false,
            (_, Header::Is(origin)) if allowed(origin) => true,
            (Header::Is(site), _) => site == "same-origin" || site == "none",
            (Header::None, Header::Is(origin)) => is_of_host(origin, headers),
            (Header::None, Header::None) => true,
        }
    }
}

/// Lets through what no page of another site sent.
pub(crate) async fn check(State(origins): State<Origins>, request: Request, next: Next) -> Response {
    match origins.check(request.method(), request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// A header that is sent once or not at all.
enum Header<'a> {
    None,
    Is(&'a str),
    Wrong,
}

fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Header<'a> {
    let mut values = headers.get_all(name).into_iter();
    match (values.next(), values.next()) {
        (None, _) => Header::None,
        (Some(value), None) => value.to_str().map_or(Header::Wrong, |text| Header::Is(text.trim())),
        _ => Header::Wrong,
    }
}

/// True when the browser says that the page is ours: nothing said is not enough.
pub(crate) fn is_shown_to_be_ours(headers: &HeaderMap) -> bool {
    match one(headers, &SITE) {
        Header::Is(site) => site == "same-origin",
        Header::Wrong => false,
        Header::None => {
            matches!(one(headers, &header::ORIGIN), Header::Is(origin) if is_of_host(origin, headers))
        }
    }
}

/// True for what any page may have the browser ask: to read what costs nothing, and to go to another page.
fn is_free(method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
    let is = |name, wanted| matches!(one(headers, &name), Header::Is(text) if text == wanted);
    let asks = *method == Method::OPTIONS;
    let reads = matches!(*method, Method::GET | Method::HEAD);
    asks || (reads && (!costs(uri.path()) || (is(MODE, "navigate") && is(DESTINATION, "document"))))
}

/// True for the origin `http://HOST` or `https://HOST`, where `HOST` is what the request itself is sent to.
fn is_of_host(origin: &str, headers: &HeaderMap) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let usual = match scheme.to_ascii_lowercase().as_str() {
        "http" => 80,
        "https" => 443,
        _ => return false,
    };
    let place = |text: &str| {
        let authority: Authority = text.parse().ok()?;
        let port = port(&authority)?.unwrap_or(usual);
        Some((name(authority.host()), port))
    };
    let Header::Is(host) = one(headers, &header::HOST) else { return false };
    place(authority).is_some_and(|origin| place(host) == Some(origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &Method, path: &'static str, sent: &[(&'static str, &'static str)]) -> bool {
        let settings =
            ApiSettings { origins: vec!["https://Lab.example".to_owned()], ..ApiSettings::default() };
        let mut headers = HeaderMap::from_iter([(header::HOST, "localhost:7373".parse().unwrap())]);
        for (name, value) in sent {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        Origins::new(&settings).check(method, &Uri::from_static(path), &headers).is_ok()
    }

    fn posts(sent: &[(&'static str, &'static str)]) -> bool {
        check(&Method::POST, "/v1/runs/0/cancel", sent)
    }

    #[test]
    fn programs_and_our_own_pages_are_taken() {
        assert!(posts(&[]));
        assert!(posts(&[("sec-fetch-site", "none")]));
        assert!(posts(&[("sec-fetch-site", "same-origin"), ("origin", "http://localhost:7373")]));
        assert!(posts(&[("origin", "http://LOCALHOST:7373")]));
        assert!(posts(&[("origin", "https://lab.example"), ("sec-fetch-site", "cross-site")]));
    }

    #[test]
    fn what_is_shown_to_be_ours_is_said_by_the_browser() {
        let shown = |sent: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::from_iter([(header::HOST, "localhost:7373".parse().unwrap())]);
            for (name, value) in sent {
                headers.append(HeaderName::from_static(name), value.parse().unwrap());
            }
            is_shown_to_be_ours(&headers)
        };
        let (ours, others) = (("origin", "http://localhost:7373"), ("origin", "https://lab.example"));
        assert!(shown(&[ours]) && shown(&[("sec-fetch-site", "same-origin"), ours]));
        assert!(!shown(&[]) && !shown(&[others]) && !shown(&[("sec-fetch-site", "none")]));
        assert!(!shown(&[("sec-fetch-site", "cross-site"), ours]) && !shown(&[ours, ours]));
    }

    #[test]
    fn pages_of_others_are_not() {
        for site in ["cross-site", "same-site", "", "SAME-ORIGIN", "nonsense"] {
            assert!(!posts(&[("sec-fetch-site", site)]), "{site}");
        }
        for origin in [
            "null",
            "",
            "http://localhost",
            "http://localhost:80",
            "http://localhost:7374",
            "http://127.0.0.1:7373",
            "http://localhost.evil.example:7373",
            "http://localhost:7373.evil.example",
            "http://evil@localhost:7373",
            "http://localhost:7373/",
            "http://localhost:7373, http://evil.example",
            "file://localhost:7373",
            "localhost:7373",
            "http://lab.example",
        ] {
            assert!(!posts(&[("origin", origin)]), "{origin}");
        }
        assert!(!posts(&[("origin", "null"), ("sec-fetch-site", "same-origin")]));
        assert!(!posts(&[("origin", "http://localhost:7373"), ("origin", "http://localhost:7373")]));
        assert!(!posts(&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")]));
    }

    #[test]
    fn reads_that_cost_are_for_our_own_pages_and_for_links() {
        let foreign = ("sec-fetch-site", "cross-site");
        for path in ["/docs", "/openapi.json", "/healthz"] {
            assert!(check(&Method::GET, path, &[foreign]), "{path}");
        }
        for path in ["/v1/runs", "/v1/runs/0/events", "/metrics"] {
            assert!(!check(&Method::GET, path, &[foreign]), "{path}");
            assert!(!check(&Method::GET, path, &[("origin", "https://evil.example")]), "{path}");
            let link = [foreign, ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
            assert!(check(&Method::GET, path, &link), "{path}");
            let frame = [foreign, ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")];
            assert!(!check(&Method::GET, path, &frame), "{path}");
        }
    }

    #[test]
    fn a_port_that_is_usual_may_be_left_out() {
        let of = |host: &str, origin: &str| {
            let headers = HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
            is_of_host(origin, &headers)
        };
        assert!(of("sim.example", "http://sim.example") && of("sim.example", "https://sim.example"));
        assert!(of("sim.example:443", "https://sim.example") && of("[::1]:7373", "http://[::1]:7373"));
        assert!(!of("sim.example:8080", "http://sim.example") && !of("[::1]:7373", "http://[::2]:7373"));
    }
}
