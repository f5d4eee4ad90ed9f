//! The store of clusters: records and events in MongoDB.
//!
//! # Flow
//! A method of a port makes a filter or documents of its values and hands them to the driver, alone or in a transaction
//! (`transaction.rs`). What belongs to a run lies in one document of `runs`, which is compared and set, and in
//! documents of its journal, which are only ever added; texts that may be large lie in parts. What is JSON has
//! the form it has in every store ([`simulay_store::documents`]).

mod accept;
mod accounts;
mod admission;
mod appending;
mod artifacts;
mod audit;
mod changes;
mod claims;
mod commit;
mod connection;
mod credentials;
mod deletion;
mod entries;
mod failure;
mod fields;
mod filter;
mod holdings;
mod journal;
mod kept;
mod labelling;
mod leases;
mod links;
mod metering;
mod moment;
mod names;
mod observed;
mod overview;
mod parts;
mod passing;
mod people;
mod plugins;
mod requests;
mod retention;
mod reuse;
mod rows;
mod runs;
mod schema;
mod space;
mod store;
mod sweeps;
mod told;
mod transaction;
mod transfer;
mod turn;
mod uploads;
mod usage;
mod used;
mod versions;

pub use store::MongoStore;
