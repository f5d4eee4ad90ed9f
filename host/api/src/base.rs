//! The path under which a proxy shows this server. Only what stands here knows of it: requests lose it before anything
//! looks at them, whether the proxy took it away or not, and answers get it back in `Location` and in cookies. What
//! is behind works as at the root.

use std::fmt;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::uri::{PathAndQuery, Uri};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use serde::Deserialize;

use crate::cookies;

/// What stands for the path in our pages.
const PLACE: &str = "__BASE__";
const MAX_LENGTH: usize = 128;
/// The first segments of what is no screen of the page.
pub(crate) const OURS: [&str; 7] = ["v1", "docs", "openapi.json", "healthz", "readyz", "metrics", "assets"];

/// A path of a host, without a slash at its end; empty is the root.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct BasePath(String);

/// Why a text is no path under which a server can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a path is empty, or like `/sim`: segments of letters, digits, `-`, `_`, `.` and `~`, the first none of the \
     server's own, no slash at the end, at most {MAX_LENGTH} characters"
)]
pub struct NoBasePath;

impl TryFrom<String> for BasePath {
    type Error = NoBasePath;

    fn try_from(text: String) -> Result<Self, NoBasePath> {
        let Some(path) = text.strip_prefix('/') else {
            return if text.is_empty() { Ok(Self(text)) } else { Err(NoBasePath) };
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
        let segment = |text: &str| !matches!(text, "" | "." | "..") && text.chars().all(plain);
        let ours = path.split('/').next().is_some_and(|first| OURS.contains(&first));
        let fits = text.len() <= MAX_LENGTH && !ours && path.split('/').all(segment);
        if fits { Ok(Self(text)) } else { Err(NoBasePath) }
    }
}

impl fmt::Display for BasePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl BasePath {
    /// True when no proxy shows the server elsewhere than at the root.
    #[must_use]
    pub const fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The text of a page with the path in it.
    pub(crate) fn write_into(&self, page: &str) -> String {
        page.replace(PLACE, &self.0)
    }

    /// What is asked for, as seen from here; nothing when that is what came.
    fn seen(&self, uri: &Uri) -> Option<Uri> {
        let rest = uri.path().strip_prefix(&self.0)?;
        let path = match rest {
            "" => "/",
            rest if rest.starts_with('/') => rest,
            _ => return None,
        };
        let target = uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(target.parse::<PathAndQuery>().ok()?);
        Uri::from_parts(parts).ok()
    }

    /// Where a place of ours is, as seen from outside.
    fn shown(&self, location: &HeaderValue) -> Option<HeaderValue> {
        let path = location.to_str().ok().filter(|path| path.starts_with('/') && !path.starts_with("//"))?;
        HeaderValue::from_str(&format!("{}{path}", self.0)).ok()
    }

    fn show(&self, headers: &mut HeaderMap) {
        if let Some(shown) = headers.get(header::LOCATION).and_then(|location| self.shown(location)) {
            headers.insert(header::LOCATION, shown);
        }
        let set: Vec<_> = headers.get_all(header::SET_COOKIE).into_iter().cloned().collect();
        headers.remove(header::SET_COOKIE);
        for cookie in set {
            headers.append(header::SET_COOKIE, cookies::shown_under(&self.0, &cookie).unwrap_or(cookie));
        }
    }
}

/// The same routes, shown under `base`.
pub(crate) fn put_under(base: &BasePath, routes: Router) -> Router {
    if base.is_root() {
        return routes;
    }
    Router::new().fallback_service(routes).layer(from_fn_with_state(base.clone(), translate))
}

async fn translate(State(base): State<BasePath>, mut request: Request, next: Next) -> Response {
    if let Some(seen) = base.seen(request.uri()) {
        *request.uri_mut() = seen;
    }
    cookies::seen_from_within(request.headers_mut());
    let mut response = next.run(request).await;
    base.show(response.headers_mut());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> Result<BasePath, NoBasePath> {
        BasePath::try_from(text.to_owned())
    }

    #[test]
    fn paths_are_plain_and_none_of_the_servers_own() {
        for good in ["", "/sim", "/tools/sim-2.1", "/~ada/sim_", "/simulations/v1"] {
            assert_eq!(base(good).unwrap().as_str(), good);
        }
        let long = format!("/{}", "x".repeat(MAX_LENGTH));
        let wrong =
            ["/", "sim", "/sim/", "//sim", "/a//b", "/./a", "/..", "/a b", "/ä", "/a?b", "/a%20b", "/\"x"];
        for wrong in wrong.into_iter().chain(["/v1", "/docs/sim", "/assets", "https://a", &long]) {
            assert_eq!(base(wrong), Err(NoBasePath), "{wrong}");
        }
    }

    #[test]
    fn what_is_asked_for_loses_the_path_once() {
        let base = base("/sim").unwrap();
        let seen = |target: &'static str| base.seen(&Uri::from_static(target)).map(|uri| uri.to_string());
        for (target, wanted) in [
            ("/sim", "/"),
            ("/sim/", "/"),
            ("/sim?a=b", "/?a=b"),
            ("/sim/v1/runs?limit=1", "/v1/runs?limit=1"),
            ("/sim/sim/v1", "/sim/v1"),
        ] {
            assert_eq!(seen(target).as_deref(), Some(wanted), "{target}");
        }
        for other in ["/", "/v1/runs", "/simulation", "/SIM/v1", "*"] {
            assert_eq!(seen(other), None, "{other}");
        }
    }

    #[test]
    fn places_of_ours_get_it_back_and_those_of_others_stay() {
        let base = base("/sim").unwrap();
        let shown = |location: &'static str| base.shown(&HeaderValue::from_static(location));
        assert_eq!(shown("/v1/runs/1").unwrap(), "/sim/v1/runs/1");
        for other in ["https://login.example.org/", "//evil", ""] {
            assert_eq!(shown(other), None, "{other}");
        }
    }
}
