//! Talks to a server over REST. Documents stay as the server wrote them.

mod events;
mod inputs;
mod links;
mod logs;
mod parcel;
mod plugins;
mod problem;
mod sweeps;

use std::pin::pin;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;
use simulay_api::wire::{self, Call, CallList, RunPatch};
use simulay_engine::Selector;
use simulay_model::{EventData, RunId, TokenSecret};

use crate::configuration::is_loopback;
use crate::fault::Usage;
use crate::tls::distrust;
use events::events;
pub(crate) use plugins::Activation;
use problem::refusal;

const CONNECT: Duration = Duration::from_secs(10);
const ANSWER: Duration = Duration::from_secs(120);
const RECONNECTS: u32 = 10;
const RECONNECT_PAUSE: Duration = Duration::from_secs(1);

/// How far a token may go over plain HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlainHttp {
    /// To a server on this machine.
    OnThisMachine,
    /// To any server.
    Anywhere,
}

/// A server to talk to.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    server: String,
    http: reqwest::Client,
}

/// An event of a run as the server tells it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ServerEvent {
    /// Number of the event within its run.
    pub(crate) sequence: u64,
    /// E.g. `call.ended`.
    pub(crate) kind: String,
    /// The whole event.
    pub(crate) document: Value,
}

impl ServerEvent {
    /// What it says; none when this program does not know such events.
    pub(crate) fn event(&self) -> Option<EventData> {
        let event: wire::Event = read(&self.document).ok()?;
        EventData::read(&event.kind, event.data.as_str()).ok()
    }
}

impl Client {
    /// A client of the server at `address`, e.g. `http://127.0.0.1:7373`, for whoever has `token`, which goes
    /// over plain HTTP as far as `plain` allows.
    pub(crate) fn new(address: &str, token: Option<&TokenSecret>, plain: PlainHttp) -> anyhow::Result<Self> {
        let url = Url::parse(address)
            .map_err(|_| Usage(format!("`{address}` is no server address; write http://HOST:PORT")))?;
        if !["http", "https"].contains(&url.scheme()) {
            bail!(Usage(format!("`{address}`: only http:// and https:// are spoken")));
        }
        if token.is_some() && url.scheme() == "http" && plain == PlainHttp::OnThisMachine && !is_here(&url) {
            bail!(Usage(format!(
                "`{address}`: your token would cross the network in plain HTTP, where others can read it; write \
                 https://, or say --plain-http when the way to the server is safe"
            )));
        }
        let mut headers = HeaderMap::new();
        if let Some(token) = token {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.reveal()))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let http = reqwest::Client::builder().connect_timeout(CONNECT).no_proxy().default_headers(headers);
        let http = http.build()?;
        Ok(Self { server: address.trim_end_matches('/').to_owned(), http })
    }

    /// The document at `path`.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.document(self.request(Method::GET, path).timeout(ANSWER)).await
    }

    /// The document at `path`, for a query.
    pub(crate) async fn find(&self, path: &str, query: &[(&str, String)]) -> anyhow::Result<Value> {
        self.document(self.request(Method::GET, path).query(query).timeout(ANSWER)).await
    }

    /// Creates a run.
    pub(crate) async fn create(&self, pipeline: &Selector, request: &Value) -> anyhow::Result<Value> {
        let path = format!("/v1/pipelines/{pipeline}/runs");
        self.document(self.request(Method::POST, &path).timeout(ANSWER).json(request)).await
    }

    /// Changes what a run is called and sorted by.
    pub(crate) async fn describe(&self, run: RunId, patch: &RunPatch) -> anyhow::Result<Value> {
        let request = self.request(Method::PATCH, &format!("/v1/runs/{run}")).timeout(ANSWER);
        self.document(request.json(patch)).await
    }

    /// Asks for the end of a run.
    pub(crate) async fn cancel(&self, run: RunId) -> anyhow::Result<Value> {
        self.document(self.request(Method::POST, &format!("/v1/runs/{run}/cancel")).timeout(ANSWER)).await
    }

    /// A run.
    pub(crate) async fn run(&self, run: RunId) -> anyhow::Result<Value> {
        self.get(&format!("/v1/runs/{run}")).await
    }

    /// The container calls of a run.
    pub(crate) async fn calls(&self, run: RunId) -> anyhow::Result<Vec<Call>> {
        let CallList { calls } = read(&self.get(&format!("/v1/runs/{run}/calls")).await?)?;
        Ok(calls)
    }

    /// What `path` says, in pieces.
    pub(crate) async fn bytes(
        &self,
        path: &str,
    ) -> anyhow::Result<impl Stream<Item = anyhow::Result<Bytes>> + use<>> {
        let response = self.send(self.request(Method::GET, path)).await?;
        Ok(response.bytes_stream().map(|piece| piece.context("the connection broke")))
    }

    /// Hands every event of a run after the one numbered `after` to `tell`, until it has ended.
    /// A broken connection is taken up where it broke.
    pub(crate) async fn watch(
        &self,
        run: RunId,
        mut after: u64,
        mut tell: impl FnMut(&ServerEvent) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut failures = 0;
        loop {
            let before = after;
            match self.follow(run, &mut after, &mut tell).await {
                Ok(true) => return Ok(()),
                Err(error) if !error.is::<Broken>() => return Err(error),
                Ok(false) | Err(_) => {}
            }
            failures = if after > before { 1 } else { failures + 1 };
            if failures > RECONNECTS {
                bail!(
                    "the events of {run} broke off {failures} times; `simulay runs show {run}` tells its state"
                );
            }
            tokio::time::sleep(RECONNECT_PAUSE).await;
        }
    }

    /// Follows one connection; true when the run has ended.
    async fn follow(
        &self,
        run: RunId,
        after: &mut u64,
        tell: &mut impl FnMut(&ServerEvent) -> anyhow::Result<()>,
    ) -> anyhow::Result<bool> {
        let request = self.request(Method::GET, &format!("/v1/runs/{run}/events"));
        let request = request.query(&[("after", *after)]).header("accept", "text/event-stream");
        // The first connection must succeed: a wrong address is no broken connection.
        let response = match self.send(request).await {
            Err(_) if *after > 0 => bail!(Broken),
            other => other?,
        };
        let mut events = pin!(events(response.bytes_stream()));
        while let Some(told) = events.next().await.transpose()? {
            *after = told.sequence;
            tell(&told)?;
            if told.kind == "run.ended" {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.server))
    }

    async fn document(&self, request: RequestBuilder) -> anyhow::Result<Value> {
        json(self.send(request).await?).await
    }

    async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        match request.send().await {
            Ok(response) if response.status().is_success() => Ok(response),
            Ok(response) => Err(refusal(response).await),
            Err(error) if error.is_connect() => Err(self.unreached(&error)),
            Err(error) if error.is_timeout() => bail!("{} did not answer in time; try again", self.server),
            Err(error) => Err(error).with_context(|| format!("the request to {} failed", self.server)),
        }
    }

    fn unreached(&self, error: &reqwest::Error) -> anyhow::Error {
        let server = &self.server;
        match distrust(error) {
            Some(why) => anyhow::anyhow!("{server}: {why}"),
            None => anyhow::anyhow!(
                "no server answers at {server}; start one with `simulay serve`, or name another with --server"
            ),
        }
    }
}

/// True when only this machine hears what is sent to `url`.
fn is_here(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let address = host.trim_matches(['[', ']']).parse().map(is_loopback);
    address.unwrap_or_else(|_| host.trim_end_matches('.').eq_ignore_ascii_case("localhost"))
}

/// A connection that broke off; it can be taken up again.
#[derive(Debug, thiserror::Error)]
#[error("the connection broke")]
struct Broken;

/// What a document of the server says; a newer server may say more.
pub(crate) fn read<T: DeserializeOwned>(document: &Value) -> anyhow::Result<T> {
    T::deserialize(document).context(
        "the server gave an answer that this program does not understand; use a `simulay` of its version \
         (--json shows documents as they are)",
    )
}

async fn json(response: Response) -> anyhow::Result<Value> {
    response.json().await.context("the answer is no JSON document; is this a Simulay server?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_newer_server_says_besides_is_passed_over() {
        let document = serde_json::json!({ "status": "ok", "novel": 1 });
        assert_eq!(read::<simulay_api::wire::Health>(&document).unwrap().status, "ok");
        assert!(read::<simulay_api::wire::Health>(&serde_json::json!({})).is_err());
    }

    #[test]
    fn addresses_are_checked() {
        crate::tls::choose();
        let client = |address| Client::new(address, None, PlainHttp::OnThisMachine);
        assert_eq!(client("http://127.0.0.1:7373/").unwrap().server, "http://127.0.0.1:7373");
        client("http://simulay.example").unwrap();
        for wrong in ["127.0.0.1:7373", "ftp://simulay.example", "nonsense"] {
            assert!(client(wrong).unwrap_err().is::<Usage>(), "{wrong}");
        }
    }

    #[test]
    fn a_token_crosses_no_network_in_plain_text_unless_told_to() {
        crate::tls::choose();
        let token = TokenSecret::of([7; simulay_model::TOKEN_BYTES]);
        let client = |address, plain| Client::new(address, Some(&token), plain);
        for safe in
            ["http://localhost:1", "http://LOCALHOST.", "http://127.8.8.8", "http://[::1]:1", "https://a"]
        {
            client(safe, PlainHttp::OnThisMachine).unwrap();
        }
        let others =
            ["http://a", "http://localhost.a", "http://127.0.0.1.a", "http://10.0.0.1", "http://[::2]"];
        for other in others.iter().chain(&["HTTP://a", "http://127.0.0.1@a", "http://0.0.0.0"]) {
            let refused = client(other, PlainHttp::OnThisMachine).unwrap_err();
            assert!(
                refused.is::<Usage>() && refused.to_string().contains("--plain-http"),
                "{other}: {refused}"
            );
            assert!(!refused.to_string().contains(token.reveal()));
            client(other, PlainHttp::Anywhere).unwrap();
        }
    }
}
