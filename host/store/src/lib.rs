//! Records and events: ports, their errors, a store in memory, and what every store must do.

mod accounts;
mod audit;
mod changes;
pub mod conformance;
mod credentials;
pub mod documents;
mod error;
mod links;
mod memory;
mod metering;
mod overview;
mod port;
mod requests;
mod retention;
mod space;
mod sweeps;
pub mod transfer;
mod uploads;

pub use accounts::Accounts;
pub use audit::{Audit, AuditQuery, AuditStart};
pub use changes::{Changed, Changes, Ends, Overlap, Place};
pub use credentials::{Credentials, MAX_SESSIONS};
pub use error::{Cause, StoreError};
pub use links::{LinkAdded, Links};
pub use memory::MemoryStore;
pub use metering::Metering;
pub use overview::{Looked, MAX_LOOKED_INTO, Overview, RunCounts, RunFilter, RunQuery};
pub use port::{Added, ClaimableRun, Journal, Lease, Plugins, Renewed, Runs};
pub use requests::{Claim, Outcome, Remembered, RequestKey, Requests};
pub use retention::{Left, Retention};
pub use space::Space;
pub use sweeps::{PointRun, SweepQuery, Sweeps};
pub use uploads::{Upload, Uploads};
