//! The plugins of a server.

use bytes::Bytes;
use reqwest::{Method, RequestBuilder, StatusCode};
use semver::Version;
use serde_json::Value;
use simulay_api::wire::{NewIsolation, NewVisibility};
use simulay_engine::Selector;
use simulay_model::PluginName;

use super::{ANSWER, Client, json};

/// How a version is made active.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Activation {
    /// Grants what it asks for.
    pub(crate) approve: bool,
    /// Runs its examples first.
    pub(crate) check: bool,
}

impl Client {
    /// The plugins there are, every version.
    pub(crate) async fn plugins(&self) -> anyhow::Result<Value> {
        self.get("/v1/plugins").await
    }

    /// The versions of a plugin, from the highest down.
    pub(crate) async fn versions(&self, name: &PluginName) -> anyhow::Result<Value> {
        self.get(&format!("/v1/plugins/{name}")).await
    }

    /// A version of a plugin.
    pub(crate) async fn plugin(&self, name: &PluginName, version: &Version) -> anyhow::Result<Value> {
        self.get(&format!("/v1/plugins/{name}/{version}")).await
    }

    /// Uploads a component. True when the version is new.
    pub(crate) async fn upload_plugin(
        &self,
        component: Bytes,
        pending: bool,
    ) -> anyhow::Result<(bool, Value)> {
        let request = self.arrival("/v1/plugins", pending).header("content-type", "application/wasm");
        self.submit(request.body(component)).await
    }

    /// The plugins that the server offers by itself.
    pub(crate) async fn shipped_plugins(&self) -> anyhow::Result<Value> {
        self.get("/v1/shipped-plugins").await
    }

    /// Uploads one of these. True when the version is new.
    pub(crate) async fn upload_shipped(&self, file: &str, pending: bool) -> anyhow::Result<(bool, Value)> {
        self.submit(self.arrival(&format!("/v1/shipped-plugins/{file}"), pending)).await
    }

    fn arrival(&self, path: &str, pending: bool) -> RequestBuilder {
        let query = if pending { "?state=pending" } else { "" };
        self.request(Method::POST, &format!("{path}{query}"))
    }

    async fn submit(&self, request: RequestBuilder) -> anyhow::Result<(bool, Value)> {
        let response = self.send(request.timeout(ANSWER)).await?;
        let new = response.status() == StatusCode::CREATED;
        Ok((new, json(response).await?))
    }

    /// Makes a version active, or begins the check that does.
    pub(crate) async fn activate(
        &self,
        name: &PluginName,
        version: &Version,
        asked: Activation,
    ) -> anyhow::Result<Value> {
        let verb = if asked.approve { "approve" } else { "activate" };
        let query = if asked.check { "?check=examples" } else { "" };
        let path = format!("/v1/plugins/{name}/{version}/{verb}{query}");
        self.document(self.request(Method::POST, &path).timeout(ANSWER)).await
    }

    /// Lets the version before serve a pipeline again.
    pub(crate) async fn roll_back(&self, pipeline: &Selector) -> anyhow::Result<Value> {
        let path = format!("/v1/pipelines/{pipeline}/rollback");
        self.document(self.request(Method::POST, &path).timeout(ANSWER)).await
    }

    /// Says who sees a plugin.
    pub(crate) async fn set_visibility(
        &self,
        name: &PluginName,
        asked: &NewVisibility,
    ) -> anyhow::Result<()> {
        let request = self.request(Method::PUT, &format!("/v1/plugins/{name}/visibility")).timeout(ANSWER);
        self.send(request.json(asked)).await.map(drop)
    }

    /// Says what keeps the calls of a version from each other.
    pub(crate) async fn set_isolation(
        &self,
        name: &PluginName,
        version: &Version,
        asked: NewIsolation,
    ) -> anyhow::Result<()> {
        let path = format!("/v1/plugins/{name}/{version}/isolation");
        self.send(self.request(Method::PUT, &path).timeout(ANSWER).json(&asked)).await.map(drop)
    }

    /// Retires a version.
    pub(crate) async fn retire(&self, name: &PluginName, version: &Version) -> anyhow::Result<()> {
        let path = format!("/v1/plugins/{name}/{version}");
        self.send(self.request(Method::DELETE, &path).timeout(ANSWER)).await.map(drop)
    }
}
