//! Sweeps of a server.

use anyhow::Context as _;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use reqwest::Method;
use serde_json::{Value, json};
use simulay_engine::Selector;
use simulay_model::SweepId;

use super::{ANSWER, Client};

impl Client {
    /// Creates a sweep, or only previews it.
    pub(crate) async fn create_sweep(
        &self,
        pipeline: &Selector,
        request: &Value,
        preview: bool,
    ) -> anyhow::Result<Value> {
        let preview = if preview { "/preview" } else { "" };
        let path = format!("/v1/pipelines/{pipeline}/sweeps{preview}");
        self.document(self.request(Method::POST, &path).timeout(ANSWER).json(request)).await
    }

    /// A sweep.
    pub(crate) async fn sweep(&self, sweep: SweepId) -> anyhow::Result<Value> {
        self.get(&format!("/v1/sweeps/{sweep}")).await
    }

    /// Asks for a change of a sweep that is named by a word: `cancel` or `retry`.
    pub(crate) async fn change_sweep(&self, sweep: SweepId, change: &str) -> anyhow::Result<Value> {
        let path = format!("/v1/sweeps/{sweep}/{change}");
        self.document(self.request(Method::POST, &path).timeout(ANSWER)).await
    }

    /// Asks for more points.
    pub(crate) async fn extend_sweep(&self, sweep: SweepId, points: u32) -> anyhow::Result<Value> {
        let request = self.request(Method::POST, &format!("/v1/sweeps/{sweep}/extend"));
        self.document(request.timeout(ANSWER).json(&json!({ "points": points }))).await
    }

    /// The points of a sweep as CSV, in pieces.
    pub(crate) async fn sweep_table(
        &self,
        sweep: SweepId,
        outcomes: &str,
    ) -> anyhow::Result<impl Stream<Item = anyhow::Result<Bytes>> + use<>> {
        let request = self.request(Method::GET, &format!("/v1/sweeps/{sweep}/points"));
        let request = request.query(&[("outcomes", outcomes)]).header("accept", "text/csv");
        let response = self.send(request).await?;
        Ok(response.bytes_stream().map(|piece| piece.context("the connection broke")))
    }

    /// A page of the points of a sweep.
    pub(crate) async fn sweep_points(
        &self,
        sweep: SweepId,
        outcomes: &str,
        cursor: &str,
    ) -> anyhow::Result<Value> {
        let request = self.request(Method::GET, &format!("/v1/sweeps/{sweep}/points")).timeout(ANSWER);
        let mut query = vec![("limit", "500"), ("outcomes", outcomes)];
        if !cursor.is_empty() {
            query.push(("cursor", cursor));
        }
        self.document(request.query(&query)).await
    }
}
