//! The store of clusters: records and events in MongoDB.
//!
//! # Flow
//! A method of a port makes a filter or documents of its values and hands them to the driver, alone or in a
//! [`transaction`]. What belongs to a run lies in one document of `runs`, which is compared and set, and in
//! documents of its journal, which are only ever added; texts that may be large lie in parts. What is JSON has
//! the form it has in every store ([`simulay_store::documents`]).

mod accounts;
mod admission;
mod audit;
mod connection;
mod credentials;
mod failure;
mod holdings;
mod links;
mod metering;
mod moment;
mod observed;
mod parts;
mod people;
mod schema;
mod store;
mod transaction;
mod uploads;
mod usage;

pub use store::MongoStore;
