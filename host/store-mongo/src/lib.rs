//! The store of clusters: records and events in MongoDB.
//!
//! # Flow
//! A method of a port makes a filter or documents of its values and hands them to the driver, alone or in a
//! [`transaction`]. What belongs to a run lies in one document of `runs`, which is compared and set, and in
//! documents of its journal, which are only ever added; texts that may be large lie in parts. What is JSON has
//! the form it has in every store ([`simulay_store::documents`]).

mod connection;
mod failure;
mod holdings;
mod metering;
mod moment;
mod observed;
mod schema;
mod store;
mod transaction;

pub use store::MongoStore;
