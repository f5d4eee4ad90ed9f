//! The names this server goes by: a page whose own name is made to point here (DNS rebinding)
//! sends that name as `Host`, and is refused.

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::ApiSettings;
use crate::problem::Refusal;
use crate::wire::ProblemKind;

const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The names accepted as `Host`; every name when there is no list.
#[derive(Clone)]
pub(crate) struct Hosts(Option<Arc<HashSet<String>>>);

impl Hosts {
    pub(crate) fn new(settings: &ApiSettings) -> Self {
        if !settings.loopback && settings.hosts.is_empty() {
            return Self(None);
        }
        let local = LOOPBACK.into_iter().map(str::to_owned);
        let named = settings.hosts.iter().map(|host| host.to_ascii_lowercase());
        Self(Some(Arc::new(local.chain(named).collect())))
    }

    fn check(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Refusal> {
        let host = host(headers)?;
        let absolute = uri.authority().map(|authority| name(authority.host()));
        let Some(allowed) = &self.0 else { return Ok(()) };
        if allowed.contains(&host) && absolute.is_none_or(|host| allowed.contains(&host)) {
            return Ok(());
        }
        let detail = "the server does not go by this name; `server.hosts` lists the names it goes by";
        Err(Refusal::new(ProblemKind::MisdirectedRequest, detail).at("Host"))
    }
}

/// Lets through requests for us.
pub(crate) async fn check(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    match hosts.check(request.headers(), request.uri()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// The one `Host`, without its port.
fn host(headers: &HeaderMap) -> Result<String, Refusal> {
    let mut values = headers.get_all(header::HOST).into_iter();
    let wrong = || Refusal::new(ProblemKind::InvalidHeader, "send one `Host`, a name or address").at("Host");
    let (Some(value), None) = (values.next(), values.next()) else { return Err(wrong()) };
    let authority: Authority = value.to_str().ok().and_then(|text| text.parse().ok()).ok_or_else(wrong)?;
    port(&authority).map(|_| name(authority.host())).ok_or_else(wrong)
}

/// The port, when there is one; `None` when what stands around the host is no port.
pub(crate) fn port(authority: &Authority) -> Option<Option<u16>> {
    match authority.as_str().strip_prefix(authority.host())?.strip_prefix(':') {
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => port.parse().ok().map(Some),
        None if authority.as_str() == authority.host() => Some(None),
        _ => None,
    }
}

pub(crate) fn name(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(settings: &ApiSettings, host: &str, uri: &'static str) -> Option<ProblemKind> {
        let headers = HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
        let checked = Hosts::new(settings).check(&headers, &Uri::from_static(uri));
        checked.err().map(|refusal| refusal.kind())
    }

    #[test]
    fn loopback_goes_by_local_and_configured_names_only() {
        let settings = ApiSettings { hosts: vec!["Sim.Example".into()], ..ApiSettings::default() };
        for host in ["localhost", "LOCALHOST:80", "127.0.0.1:7373", "[::1]:1", "sim.example.", "localhost."] {
            assert_eq!(check(&settings, host, "/"), None, "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil", "0.0.0.0", "[::2]"] {
            assert_eq!(check(&settings, host, "/"), Some(ProblemKind::MisdirectedRequest), "{host}");
        }
        for host in [
            "",
            "a b",
            "user@localhost",
            "localhost@evil",
            "localhost:",
            "localhost:x",
            "localhost:65536",
            "localhost:1:2",
            "[::1]x",
            "[::1",
        ] {
            assert_eq!(check(&settings, host, "/"), Some(ProblemKind::InvalidHeader), "{host}");
        }
    }

    #[test]
    fn the_absolute_form_is_no_way_around() {
        let refused = check(&ApiSettings::default(), "localhost", "http://evil.example/");
        assert_eq!(refused, Some(ProblemKind::MisdirectedRequest));
    }

    #[test]
    fn other_listeners_go_by_every_name_unless_some_are_configured() {
        let open = ApiSettings { loopback: false, ..ApiSettings::default() };
        assert_eq!(check(&open, "anything.example", "/"), None);
        let named = ApiSettings { hosts: vec!["sim.example".into()], ..open };
        assert_eq!(check(&named, "anything.example", "/"), Some(ProblemKind::MisdirectedRequest));
    }
}
