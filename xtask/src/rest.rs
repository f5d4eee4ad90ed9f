//! Asks a host over REST, on one connection that stays open.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use serde_json::Value;
use ureq::http::Request;
use ureq::http::header::{AUTHORIZATION, HeaderValue};
use ureq::middleware::MiddlewareNext;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, SendBody};
use uuid::Uuid;

/// For what goes on as long as a run does.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
const ANSWER: Duration = Duration::from_secs(120);
/// Bytes of a table.
const MOST_CSV: u64 = 64 << 20;

/// A host to ask.
#[derive(Clone)]
pub(crate) struct Host {
    agent: Agent,
    url: String,
    way: Way,
}

/// How it is asked.
#[derive(Clone)]
struct Way {
    token: Option<HeaderValue>,
    bound: Duration,
    /// For what goes on as long as a run does.
    longest: Duration,
    /// Who signed its certificate, when it has one.
    authority: Option<Certificate<'static>>,
}

impl Host {
    /// The host at `url`.
    pub(crate) fn new(url: &str) -> Self {
        Self::asked(url, Way { token: None, bound: ANSWER, longest: LONGEST, authority: None })
    }

    fn asked(url: &str, way: Way) -> Self {
        Self { agent: agent(way.clone()), url: url.to_owned(), way }
    }

    /// The same, asked on connections of its own.
    pub(crate) fn apart(&self) -> Self {
        Self::asked(&self.url, self.way.clone())
    }

    /// The same, asked by the bearer of `token`.
    pub(crate) fn with_token(self, token: &str) -> anyhow::Result<Self> {
        let token = Some(HeaderValue::try_from(format!("Bearer {token}"))?);
        Ok(Self::asked(&self.url, Way { token, ..self.way }))
    }

    /// The same, which is waited for no longer than this.
    pub(crate) fn within(self, bound: Duration) -> Self {
        Self::asked(&self.url, Way { bound, ..self.way })
    }

    /// The same, which is followed for no longer than this at a time.
    pub(crate) fn followed_within(self, longest: Duration) -> Self {
        Self::asked(&self.url, Way { longest, ..self.way })
    }

    /// The same, whose certificate is signed by `authority`, a certificate as PEM.
    pub(crate) fn signed_by(self, authority: &str) -> anyhow::Result<Self> {
        let authority = Some(Certificate::from_pem(authority.as_bytes())?);
        Ok(Self::asked(&self.url, Way { authority, ..self.way }))
    }

    /// Creates a run and waits for its end.
    pub(crate) fn run(&self, pipeline: &str, request: &Value) -> anyhow::Result<Value> {
        let path = format!("{}/v1/pipelines/{pipeline}/runs", self.url);
        let sent = send(self.agent.post(&path).header("prefer", "wait=60"), request);
        document(sent).with_context(|| format!("{path} failed"))
    }

    /// Creates a run and waits for its end, however long that takes.
    pub(crate) fn run_to_end(&self, pipeline: &str, request: &Value) -> anyhow::Result<Value> {
        let mut run = self.run(pipeline, request)?;
        while !has_ended(&run) {
            let path = format!("/v1/runs/{}", id_of(&run)?);
            std::thread::sleep(Duration::from_millis(100));
            run = self.get(&path)?;
        }
        Ok(run)
    }

    /// Creates a run; its id.
    pub(crate) fn create(&self, pipeline: &str, request: &Value) -> anyhow::Result<String> {
        let path = format!("{}/v1/pipelines/{pipeline}/runs", self.url);
        Ok(id_of(&document(send(self.agent.post(&path), request))?)?.to_owned())
    }

    /// Asks for the end of a run; one that has ended is fine.
    pub(crate) fn cancel(&self, run: &str) -> anyhow::Result<()> {
        let request = self.agent.post(&format!("{}/v1/runs/{run}/cancel", self.url));
        let status = request.config().http_status_as_error(false).build().send_empty()?.status();
        if status.is_success() || status.as_u16() == 409 { Ok(()) } else { bail!("cancel: {status}") }
    }

    /// Creates a run, once for all requests with this `key`; its id.
    pub(crate) fn create_once(&self, pipeline: &str, request: &Value, key: &str) -> anyhow::Result<String> {
        let path = format!("{}/v1/pipelines/{pipeline}/runs", self.url);
        let sent = send(self.agent.post(&path).header("idempotency-key", key), request);
        Ok(id_of(&document(sent)?)?.to_owned())
    }

    /// Creates the run `id`; its id.
    pub(crate) fn create_as(&self, pipeline: &str, request: &Value, id: Uuid) -> anyhow::Result<String> {
        let mut request = request.clone();
        if let Some(fields) = request.as_object_mut() {
            fields.insert("pipeline".to_owned(), pipeline.into());
        }
        let sent = send(self.agent.put(&format!("{}/v1/runs/{id}", self.url)), &request);
        Ok(id_of(&document(sent)?)?.to_owned())
    }

    /// The ids of all runs that `query` means.
    pub(crate) fn runs(&self, query: &str) -> anyhow::Result<BTreeSet<String>> {
        let mut ids = BTreeSet::new();
        let mut cursor = String::new();
        loop {
            let page = self.get(&format!("/v1/runs?limit=100&{query}{cursor}"))?;
            let runs = page.get("runs").and_then(Value::as_array).context("the host gave no runs")?;
            for run in runs {
                ids.insert(id_of(run)?.to_owned());
            }
            match page.get("next_cursor").and_then(Value::as_str) {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(ids),
            }
        }
    }

    /// Uploads an input; its address.
    pub(crate) fn input(&self, bytes: &[u8]) -> anyhow::Result<String> {
        let request = self.agent.post(&format!("{}/v1/inputs", self.url));
        let stored = document(request.header("content-type", "application/octet-stream").send(bytes))?;
        Ok(stored.get("sha256").and_then(Value::as_str).context("the host gave no address")?.to_owned())
    }

    /// Fails unless the input of this address is there.
    pub(crate) fn has_input(&self, sha256: &str) -> anyhow::Result<()> {
        self.agent.head(&format!("{}/v1/inputs/{sha256}", self.url)).call()?;
        Ok(())
    }

    /// Number and kind of each event of a run that has ended.
    pub(crate) fn events(&self, run: &str) -> anyhow::Result<Vec<(u64, String)>> {
        let path = format!("{}/v1/runs/{run}/events", self.url);
        let text = self.agent.get(&path).call()?.body_mut().read_to_string()?;
        let data = text.lines().filter_map(|line| line.strip_prefix("data:"));
        data.map(|line| Told::read(line).map(|told| (told.sequence, told.kind))).collect()
    }

    /// Shows each event of a run after the one numbered `after` as it comes, as long as `go_on` wants more.
    pub(crate) fn follow(
        &self,
        run: &str,
        after: u64,
        mut go_on: impl FnMut(&Told) -> anyhow::Result<bool>,
    ) -> anyhow::Result<Followed> {
        let request = self.agent.get(&format!("{}/v1/runs/{run}/events", self.url));
        let request = request.header("last-event-id", after.to_string());
        let mut answer = request.config().timeout_global(Some(self.way.longest)).build().call()?;
        for line in BufReader::new(answer.body_mut().as_reader()).lines() {
            let line = line?;
            if let Some(data) = line.strip_prefix("data:") {
                let told = Told::read(data)?;
                let last = told.kind == "run.ended";
                if !go_on(&told)? || last {
                    return Ok(if last { Followed::ToItsEnd } else { Followed::AWhile });
                }
            }
        }
        Ok(if after > 0 { Followed::ToItsEnd } else { Followed::AWhile })
    }

    /// Uploads a component; the status and the answer, whatever they are.
    pub(crate) fn upload(&self, component: &[u8]) -> anyhow::Result<(u16, Value)> {
        let request = self.agent.post(&format!("{}/v1/plugins", self.url));
        let request = request.config().http_status_as_error(false).build();
        let mut answer = request.header("content-type", "application/wasm").send(component)?;
        Ok((answer.status().as_u16(), answer.body_mut().read_json()?))
    }

    /// Has the calls of all versions of a plugin be processes in containers in which they follow each other.
    pub(crate) fn isolate_by_process(&self, plugin: &str) -> anyhow::Result<()> {
        let listed = self.get("/v1/plugins")?;
        let versions = listed.get("plugins").and_then(Value::as_array).into_iter().flatten();
        let of_plugin = |listed: &&Value| listed.get("name").and_then(Value::as_str) == Some(plugin);
        for version in versions.filter(of_plugin).filter_map(|listed| listed.get("version")?.as_str()) {
            let path = format!("{}/v1/plugins/{plugin}/{version}/isolation", self.url);
            let asked = serde_json::to_vec(&serde_json::json!({ "isolation": "process" }))?;
            let request = self.agent.put(&path).header("content-type", "application/json");
            request.send(&asked[..]).with_context(|| format!("{path} failed"))?;
        }
        Ok(())
    }

    /// Sends a document to `path`; the answer.
    pub(crate) fn post(&self, path: &str, request: &Value) -> anyhow::Result<Value> {
        let path = format!("{}{path}", self.url);
        document(send(self.agent.post(&path), request)).with_context(|| format!("{path} failed"))
    }

    /// What is at `path` as CSV.
    pub(crate) fn csv(&self, path: &str) -> anyhow::Result<String> {
        let path = format!("{}{path}", self.url);
        let mut answer = self.agent.get(&path).header("accept", "text/csv").call()?;
        answer
            .body_mut()
            .with_config()
            .limit(MOST_CSV)
            .read_to_string()
            .with_context(|| format!("{path} failed"))
    }

    /// The document at `path`.
    pub(crate) fn get(&self, path: &str) -> anyhow::Result<Value> {
        let path = format!("{}{path}", self.url);
        document(self.agent.get(&path).call()).with_context(|| format!("{path} failed"))
    }
}

fn agent(Way { token, bound, authority, .. }: Way) -> Agent {
    let bear = move |mut request: Request<SendBody<'_>>, next: MiddlewareNext<'_>| {
        request.headers_mut().extend(token.clone().map(|token| (AUTHORIZATION, token)));
        next.handle(request)
    };
    let tls = TlsConfig::builder().root_certs(RootCerts::from(authority));
    let tls = tls.unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let config = Agent::config_builder().timeout_global(Some(bound)).proxy(None).tls_config(tls.build());
    config.middleware(bear).build().into()
}

/// How far a run was followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Followed {
    ToItsEnd,
    AWhile,
}

/// An event as it was told.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) sequence: u64,
    pub(crate) at: Timestamp,
    pub(crate) kind: String,
}

impl Told {
    fn read(data: &str) -> anyhow::Result<Self> {
        let event: Value = serde_json::from_str(data)?;
        let text = |field: &str| event.get(field).and_then(Value::as_str);
        Ok(Self {
            sequence: event.get("sequence").and_then(Value::as_u64).context("an event has no number")?,
            at: text("at").context("an event has no time")?.parse()?,
            kind: text("kind").context("an event has no kind")?.to_owned(),
        })
    }
}

type Answer = Result<ureq::http::Response<ureq::Body>, ureq::Error>;

/// Sends `document` with no blank in it, where `send_json` would indent it.
fn send(request: ureq::RequestBuilder<ureq::typestate::WithBody>, document: &Value) -> Answer {
    request.header("content-type", "application/json").send(document.to_string())
}

fn document(answer: Answer) -> anyhow::Result<Value> {
    Ok(answer?.body_mut().read_json()?)
}

/// True for a run at its end.
pub(crate) fn has_ended(run: &Value) -> bool {
    run.get("ended_at").is_some_and(|at| !at.is_null())
}

fn id_of(run: &Value) -> anyhow::Result<&str> {
    run.get("id").and_then(Value::as_str).context("the host gave no run id")
}
