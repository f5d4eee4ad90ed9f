//! Asks a host over REST, on one connection that stays open.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use ureq::Agent;

const ANSWER: Duration = Duration::from_secs(120);

/// A host to ask.
pub(crate) struct Host {
    agent: Agent,
    url: String,
}

impl Host {
    /// The host at `url`.
    pub(crate) fn new(url: &str) -> Self {
        let agent = Agent::config_builder().timeout_global(Some(ANSWER)).proxy(None).build().into();
        Self { agent, url: url.to_owned() }
    }

    /// Creates a run and waits for its end.
    pub(crate) fn run(&self, pipeline: &str, request: &Value) -> anyhow::Result<Value> {
        let path = format!("{}/v1/pipelines/{pipeline}/runs", self.url);
        let sent = self.agent.post(&path).header("prefer", "wait=60").send_json(request);
        document(sent).with_context(|| format!("{path} failed"))
    }

    /// Uploads a component; the status and the answer, whatever they are.
    pub(crate) fn upload(&self, component: &[u8]) -> anyhow::Result<(u16, Value)> {
        let request = self.agent.post(&format!("{}/v1/plugins", self.url));
        let request = request.config().http_status_as_error(false).build();
        let mut answer = request.header("content-type", "application/wasm").send(component)?;
        Ok((answer.status().as_u16(), answer.body_mut().read_json()?))
    }

    /// The document at `path`.
    pub(crate) fn get(&self, path: &str) -> anyhow::Result<Value> {
        let path = format!("{}{path}", self.url);
        document(self.agent.get(&path).call()).with_context(|| format!("{path} failed"))
    }
}

fn document(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> anyhow::Result<Value> {
    Ok(answer?.body_mut().read_json()?)
}
