//! The embedded store: records and events in one SQLite file.
//!
//! # Flow
//! A method of a port binds its values and hands a closure to the one thread that writes (`writer`) or to a
//! connection that reads (`connection`). What the closure does is in the file of its subject; between columns
//! and domain types stand `rows`, and `documents` for what is JSON.

mod accounts;
mod audit;
mod changes;
mod claims;
mod commit;
mod connection;
mod copy;
mod credentials;
mod failure;
mod filter;
mod journal;
mod leases;
mod links;
mod metering;
mod observed;
mod overview;
mod plugins;
mod requests;
mod reserve;
mod retention;
mod reuse;
mod rows;
mod runs;
mod schema;
mod search;
mod sharing;
mod space;
mod store;
mod sweeps;
mod transfer;
mod uploads;
mod wal;
mod writer;

pub use audit::AuditFile;
pub use copy::{copy_records, holds_records, restore_records};
pub use store::SqliteStore;
