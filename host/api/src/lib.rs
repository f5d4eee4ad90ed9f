//! REST, events, OpenAPI and pages over the engine. The only crate that names axum.
//!
//! A request crosses `boundary` (id, log, figures, problem documents), `hosts` and `origins`, reaches a
//! handler in `routes`, which translates it with `extract`, `body` and `wire`, asks the engine
//! once, and translates back. `problem` holds every status code of refusal.

mod accept;
mod body;
mod boundary;
mod caller;
mod deadline;
mod disposition;
mod documentation;
mod extract;
mod figures;
mod hosts;
mod idempotency;
mod linger;
mod origins;
mod pace;
mod places;
mod prefer;
mod problem;
mod range;
mod router;
mod routes;
mod seats;
mod serve;
mod settings;
mod shares;
mod stall;
mod state;
pub mod wire;

pub use router::{openapi, router};
pub use serve::serve;
pub use settings::ApiSettings;
