//! REST, events, OpenAPI and pages over the engine. The only crate that names axum.
//!
//! A request crosses `middleware` (id, log, metrics, problem documents), `client` (from where), `audit`, `rate_limits`,
//! `hosts` and `origins`, reaches a handler in `routes`, which translates it with `extract`, `body` and `wire`, asks the engine
//! once, and translates back. `problem` holds every status code of refusal.

mod accept;
mod address_limit;
mod audit;
mod authorization;
mod base;
mod body;
mod cache_control;
mod caller;
mod client;
mod concurrency;
mod connections;
mod cookies;
mod csv;
mod deadline;
mod disposition;
mod documentation;
mod extract;
mod health;
mod hosts;
mod idempotency;
mod lacks;
mod linger;
mod link;
mod middleware;
mod origins;
mod pace;
mod page;
mod prefer;
mod problem;
mod range;
mod rate;
mod rate_limits;
mod revocation;
mod router;
mod routes;
mod serve;
mod settings;
mod shipped;
mod stall;
mod state;
mod telemetry;
mod transport;
pub mod wire;

pub use base::{BasePath, NoBasePath};
pub use caller::{Authenticator, ByToken, OnePerson};
pub use client::Connection;
pub use health::{Watched, watch};
pub use router::{openapi, router};
pub use serve::serve;
pub use settings::ApiSettings;
pub use transport::Transport;
