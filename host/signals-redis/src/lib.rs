//! What processes of Simulay tell each other by Redis: hints ([`RedisSignals`]), the logs of containers at work
//! ([`RedisLogs`]), and how often somebody asks ([`RedisRates`]). One crate, since a technology has one home, and the
//! three share how Redis is reached and what is done while it is not. None of it is the truth: with Redis gone, emptied
//! or frozen, things take longer and each process counts alone.

mod backoff;
mod channels;
mod error;
mod keys;
mod lane;
mod listener;
mod logs;
mod message;
mod persistent;
mod publisher;
mod rates;
mod server;
mod signals;

pub use error::{SetupError, Unreachable};
pub use logs::RedisLogs;
pub use rates::RedisRates;
pub use server::{RedisServer, RedisSettings};
pub use signals::RedisSignals;
