//! Links to the runs of a server.

use reqwest::Method;
use serde_json::Value;
use simulay_api::wire::NewLink;
use simulay_model::{RunId, TokenId};

use super::{ANSWER, Client};

impl Client {
    /// Makes a link to a run, which is taken for so many seconds.
    pub(crate) async fn share(&self, run: RunId, seconds: u64) -> anyhow::Result<Value> {
        let request = self.request(Method::POST, &format!("/v1/runs/{run}/links")).timeout(ANSWER);
        self.document(request.json(&NewLink { expires_in_s: Some(seconds) })).await
    }

    /// The links to a run.
    pub(crate) async fn links(&self, run: RunId) -> anyhow::Result<Value> {
        self.get(&format!("/v1/runs/{run}/links")).await
    }

    /// Revokes a link to a run.
    pub(crate) async fn unshare(&self, run: RunId, link: TokenId) -> anyhow::Result<()> {
        let request = self.request(Method::DELETE, &format!("/v1/runs/{run}/links/{link}")).timeout(ANSWER);
        self.send(request).await.map(drop)
    }

    /// Where on the network `path` is.
    pub(crate) fn address_of(&self, path: &str) -> String {
        format!("{}{path}", self.server)
    }
}
