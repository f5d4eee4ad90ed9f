//! What every handler works with.

use std::sync::Arc;

use axum::extract::FromRef;
use bytes::Bytes;
use simulay_engine::Engine;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use utoipa::openapi::OpenApi;

use crate::ApiSettings;
use crate::concurrency::ConcurrencyLimit;
use crate::documentation::Operations;
use crate::lacks::Lacks;
use crate::page::Page;
use crate::rate_limits::RateLimits;
use crate::shipped::Shipped;

/// How many wait for the permit of each upload.
const WAITING: usize = 8;
/// Plots that are sent at once.
const PLOTS: usize = 32;

/// What every handler works with. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) engine: Engine,
    pub(crate) settings: Arc<ApiSettings>,
    /// Cancelled once the server stops: streams end, waits end, nobody is ready.
    pub(crate) draining: CancellationToken,
    /// Bounds the components held in memory.
    pub(crate) uploads: Arc<Semaphore>,
    /// Bounds those who have or wait for one of them.
    pub(crate) uploaders: ConcurrencyLimit,
    /// Bounds JSON bodies that are more than small.
    pub(crate) large_bodies: ConcurrencyLimit,
    /// Bounds previews.
    pub(crate) previews: ConcurrencyLimit,
    /// Bounds inputs that are being taken.
    pub(crate) inputs: ConcurrencyLimit,
    /// Bounds archives of inputs that are being read.
    pub(crate) archives: ConcurrencyLimit,
    /// Bounds streams.
    pub(crate) streams: ConcurrencyLimit,
    /// Bounds artifacts that are being sent.
    pub(crate) downloads: ConcurrencyLimit,
    /// Bounds plots that are being sent.
    pub(crate) plots: ConcurrencyLimit,
    /// How often is asked.
    pub(crate) rates: RateLimits,
    /// The OpenAPI document.
    pub(crate) document: Bytes,
    /// What the server lacks.
    pub(crate) lacks: Lacks,
    /// The page.
    pub(crate) page: Page,
    /// Plugins that the operator offers.
    pub(crate) shipped: Shipped,
    /// What there is to do, and for whom.
    pub(crate) operations: Operations,
}

impl FromRef<Api> for Page {
    fn from_ref(api: &Api) -> Self {
        api.page.clone()
    }
}

impl Api {
    pub(crate) fn new(
        engine: Engine,
        settings: &ApiSettings,
        draining: CancellationToken,
        rates: RateLimits,
        document: &OpenApi,
    ) -> Self {
        let uploads = Arc::new(Semaphore::new(settings.max_uploads));
        Self {
            lacks: Lacks::of(engine.clone()),
            engine,
            settings: Arc::new(settings.clone()),
            draining,
            rates,
            uploads,
            uploaders: ConcurrencyLimit::new(settings.max_uploads * WAITING, "uploads of plugins"),
            large_bodies: ConcurrencyLimit::new(settings.max_large_bodies, "large JSON bodies")
                .set_by("server.max_large_bodies"),
            previews: ConcurrencyLimit::new(settings.max_previews, "previews"),
            inputs: ConcurrencyLimit::new(settings.max_inputs, "uploads of inputs"),
            archives: ConcurrencyLimit::new(settings.max_archives, "uploads of archives"),
            streams: ConcurrencyLimit::new(settings.max_streams, "open streams").set_by("server.max_streams"),
            downloads: ConcurrencyLimit::new(settings.max_downloads, "downloads")
                .set_by("server.max_downloads"),
            plots: ConcurrencyLimit::new(PLOTS, "plots that are being sent"),
            document: serde_json::to_vec(document).unwrap_or_default().into(),
            page: Page::under(&settings.base_path),
            shipped: Shipped::of(settings),
            operations: Operations::new(document),
        }
    }
}
