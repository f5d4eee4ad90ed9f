//! How often somebody may ask: so often at once, and as often again over time (GCRA). Within a process by `governor`;
//! a backend may count for several.

pub mod conformance;
mod local;
mod port;
mod rate;

pub use local::LocalRates;
pub use port::{Exhausted, Rates, Standing};
pub use rate::Rate;
