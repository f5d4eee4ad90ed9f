//! The names this server goes by: a page whose own name is made to point here (DNS rebinding)
//! sends that name as `Host`, and is refused.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::ApiSettings;
use crate::problem::Refusal;
use crate::wire::ProblemKind;

const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The names accepted as `Host`. When there is no list, programs may use every name.
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
        let goes = |host: &String| match &self.0 {
            Some(allowed) => allowed.contains(host),
            None => !is_of_browser(headers) || is_nobodys(host),
        };
        if goes(&host) && absolute.as_ref().is_none_or(goes) {
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

/// True for what browsers send. Over plain HTTP they tell nothing of the page, but always a language.
fn is_of_browser(headers: &HeaderMap) -> bool {
    let tells = |name: &HeaderName| *name == header::ORIGIN || *name == header::ACCEPT_LANGUAGE;
    headers.keys().any(|name| tells(name) || name.as_str().starts_with("sec-fetch-"))
}

/// True for what nobody can make point elsewhere: an address, or this machine.
fn is_nobodys(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    address.parse::<IpAddr>().is_ok() || host == "localhost"
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
    fn pages_reach_other_listeners_by_address_or_by_a_configured_name_only() {
        let open = ApiSettings { loopback: false, ..ApiSettings::default() };
        let named = ApiSettings { hosts: vec!["sim.example".into()], ..open.clone() };
        let asked = |settings: &ApiSettings, host: &str, sent: (&'static str, &'static str)| {
            let told = (HeaderName::from_static(sent.0), sent.1.parse().unwrap());
            let headers = HeaderMap::from_iter([(header::HOST, host.parse().unwrap()), told]);
            Hosts::new(settings).check(&headers, &Uri::from_static("/v1/runs")).is_ok()
        };
        for sent in [
            ("origin", "http://evil.example:7373"),
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-mode", "cors"),
            ("accept-language", ""),
        ] {
            for host in
                ["evil.example:7373", "10.0.0.7.evil.example", "[::1].evil.example", "1.2.3", "0x7f.1"]
            {
                assert!(!asked(&open, host, sent), "{host} {sent:?}");
            }
            for host in ["10.0.0.7:7373", "[fe80::1]:7373", "localhost:7373"] {
                assert!(asked(&open, host, sent), "{host} {sent:?}");
            }
            assert!(asked(&named, "sim.example", sent) && !asked(&named, "10.0.0.7", sent));
        }
        assert!(asked(&open, "anything.example", ("user-agent", "curl/8")));
    }

    #[test]
    fn other_listeners_go_by_every_name_unless_some_are_configured() {
        let open = ApiSettings { loopback: false, ..ApiSettings::default() };
        assert_eq!(check(&open, "anything.example", "/"), None);
        let named = ApiSettings { hosts: vec!["sim.example".into()], ..open };
        assert_eq!(check(&named, "anything.example", "/"), Some(ProblemKind::MisdirectedRequest));
    }
}
