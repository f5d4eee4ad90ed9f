//! The embedded store: records and events in SQLite, blobs in files, both in one data directory.
//!
//! # Flow
//! A method of a port binds its values and hands a closure to the one thread that writes (`writer`) or to a
//! connection that reads (`connection`). What the closure does is in the file of its subject; between columns
//! and domain types stand `rows`, and `documents` for what is JSON.

mod accounts;
mod backup;
mod blobs;
mod commit;
mod connection;
mod copy;
mod directory;
mod documents;
mod failure;
mod journal;
mod leases;
mod observed;
mod open;
mod plugins;
mod requests;
mod reserve;
mod retention;
mod rows;
mod runs;
mod schema;
mod space;
mod store;
mod uploads;
mod writer;

pub use backup::{Copied, Identity, back_up, restore};
pub use blobs::ObjectBlobs;
pub use open::{Snapshot, accounts, open, open_with, snapshot};
pub use store::SqliteStore;
