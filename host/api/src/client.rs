//! Where a request comes from: the other side of its connection, or what a proxy that the operator trusts
//! says. What others say of that is taken away, so that nothing later believes it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use ipnet::IpNet;

use crate::ApiSettings;
use crate::audit::Deed;
use crate::problem::Refusal;
use crate::wire::ProblemKind;

const FOR: &str = "x-forwarded-for";
const PROTO: &str = "x-forwarded-proto";
const HOST: &str = "x-forwarded-host";
/// What proxies and frameworks use, and we do not.
const UNUSED: [&str; 6] = [
    "forwarded",
    "x-real-ip",
    "x-forwarded-port",
    "x-original-url",
    "x-rewrite-url",
    "x-http-method-override",
];
/// Proxies that a request goes through at the most.
const MOST_HOPS: usize = 32;
/// What is answered whichever way it is asked for.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];
/// Browsers that came over TLS come over nothing else for a year (RFC 6797).
const ONLY_OVER_TLS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// The connection that a request came over; an extension of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connection {
    /// The other side: a client, or a proxy.
    pub peer: SocketAddr,
    /// Whether the connection is our own TLS.
    pub encrypted: bool,
}

/// Who sent a request, as far as the network tells; an extension of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) address: Option<IpAddr>,
    /// Whether nobody could read along between the client and us, or the proxy that we trust.
    pub(crate) secure: bool,
}

impl Client {
    /// How a request of it came, e.g. `rest from 127.0.0.1`.
    pub(crate) fn via(&self) -> String {
        self.address.map_or_else(|| String::from("rest"), |address| format!("rest from {address}"))
    }
}

/// The proxies whose word counts.
#[derive(Debug, Clone)]
pub(crate) struct Proxies {
    trusted: Arc<[IpNet]>,
    required: bool,
}

impl Proxies {
    pub(crate) fn new(settings: &ApiSettings) -> Self {
        Self { trusted: settings.trusted_proxies.clone().into(), required: settings.proxy_required }
    }

    pub(crate) fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted.iter().any(|network| network.contains(&address))
    }

    /// The client of a request that came over `connection`; its `headers` say only afterwards what we go by.
    fn identify(
        &self,
        connection: Connection,
        path: &str,
        headers: &mut HeaderMap,
    ) -> Result<Client, Refusal> {
        let (peer, said) = (connection.peer.ip().to_canonical(), Forwarded::take(headers));
        if !self.trust(peer) {
            return Ok(Client { address: Some(peer), secure: connection.encrypted });
        }
        let protocol = said.protocol()?;
        if self.required && protocol == Some(false) && !PROBES.contains(&path) {
            return Err(bypassed());
        }
        let secure = protocol.unwrap_or(connection.encrypted);
        if let Some(host) = said.host()?
            && headers.get_all(header::HOST).iter().count() == 1
        {
            headers.insert(header::HOST, host);
        }
        // What is local to the machine of a proxy is not local here.
        let origin = self.origin(&said)?.filter(|address| peer.is_loopback() || !address.is_loopback());
        Ok(Client { address: Some(origin.unwrap_or(peer)), secure })
    }

    /// The last hop that is none of our proxies: each was added by the next, and a client may have made up
    /// those before.
    fn origin(&self, said: &Forwarded) -> Result<Option<IpAddr>, Refusal> {
        let mut found = None;
        for hop in said.hops()?.iter().rev() {
            let address = address(hop).ok_or_else(|| refused(FOR, "each hop is an address"))?;
            found = Some(address);
            if !self.trust(address) {
                break;
            }
        }
        Ok(found)
    }

    /// Refuses what came around the proxy, and so may have been read on its way.
    fn check(&self, connection: Connection, path: &str) -> Result<(), Refusal> {
        let peer = connection.peer.ip().to_canonical();
        let came_safely = connection.encrypted || peer.is_loopback() || self.trust(peer);
        if !self.required || came_safely || PROBES.contains(&path) {
            return Ok(());
        }
        Err(bypassed())
    }
}

fn bypassed() -> Refusal {
    let detail = "the request did not come over HTTPS through a proxy of `server.trusted_proxies`; use the address of \
                  the proxy, with https://";
    Refusal::new(ProblemKind::ProxyBypassed, detail)
}

/// Tells each request its [`Client`].
pub(crate) async fn identify(State(proxies): State<Proxies>, mut request: Request, next: Next) -> Response {
    let Some(connection) = request.extensions().get::<Connection>().copied() else {
        Forwarded::take(request.headers_mut());
        request.extensions_mut().insert(Client::default());
        return next.run(request).await;
    };
    let deed = request.extensions().get::<Deed>().cloned().unwrap_or_default();
    let peer = Client { address: Some(connection.peer.ip().to_canonical()), secure: connection.encrypted };
    deed.came(peer.via());
    let checked = proxies.check(connection, request.uri().path());
    let path = request.uri().path().to_owned();
    let mut response = match checked.and_then(|()| proxies.identify(connection, &path, request.headers_mut()))
    {
        Ok(client) => {
            deed.came(client.via());
            request.extensions_mut().insert(client);
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    };
    if connection.encrypted {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, ONLY_OVER_TLS);
    }
    response
}

/// What a request says of where it comes from.
#[derive(Debug)]
struct Forwarded {
    addresses: Vec<HeaderValue>,
    protocols: Vec<HeaderValue>,
    hosts: Vec<HeaderValue>,
}

impl Forwarded {
    /// Takes it out of `headers`.
    fn take(headers: &mut HeaderMap) -> Self {
        for name in UNUSED {
            headers.remove(name);
        }
        let mut taken = |name| match headers.entry(name) {
            header::Entry::Occupied(entry) => entry.remove_entry_mult().1.collect(),
            header::Entry::Vacant(_) => Vec::new(),
        };
        Self { addresses: taken(FOR), protocols: taken(PROTO), hosts: taken(HOST) }
    }

    /// The client and the proxies, from the first on.
    fn hops(&self) -> Result<Vec<&str>, Refusal> {
        let texts: Result<Vec<_>, _> = self.addresses.iter().map(HeaderValue::to_str).collect();
        let texts = texts.map_err(|_| refused(FOR, "each hop is an address"))?;
        let hops: Vec<&str> = texts.iter().flat_map(|text| text.split(',')).map(str::trim).collect();
        if hops.len() > MOST_HOPS {
            return Err(refused(FOR, "there are more than 32 hops"));
        }
        Ok(hops)
    }

    /// Whether the client spoke HTTPS to the proxy.
    fn protocol(&self) -> Result<Option<bool>, Refusal> {
        let Some(value) = one(&self.protocols, PROTO)? else { return Ok(None) };
        match value.to_str().map(str::to_ascii_lowercase).as_deref() {
            Ok("https") => Ok(Some(true)),
            Ok("http") => Ok(Some(false)),
            _ => Err(refused(PROTO, "it is `http` or `https`")),
        }
    }

    /// The `Host` that the client sent to the proxy.
    fn host(&self) -> Result<Option<HeaderValue>, Refusal> {
        Ok(one(&self.hosts, HOST)?.cloned())
    }
}

fn one<'a>(values: &'a [HeaderValue], name: &'static str) -> Result<Option<&'a HeaderValue>, Refusal> {
    match values {
        [] => Ok(None),
        [value] => Ok(Some(value)),
        _ => Err(refused(name, "it is sent once")),
    }
}

fn refused(name: &'static str, rule: &str) -> Refusal {
    let detail = format!("what the proxy says of the client is wrong: {rule}");
    Refusal::new(ProblemKind::InvalidHeader, detail).at(name)
}

/// Some proxies tell the port as well.
fn address(hop: &str) -> Option<IpAddr> {
    let address = hop.parse().ok().or_else(|| hop.parse().ok().map(|hop: SocketAddr| hop.ip()));
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests;
