//! What a hostile author may send, and what must come of each: uploads, deeds of the plugin
//! `mischief`, and random damage to good components.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test data is made here; what cannot be made fails the test"
)]

pub mod bombs;
mod damage;
mod deeds;
pub mod guest;
mod sections;
mod uploads;

pub use damage::Damage;
pub use deeds::{DEEDS, Deed};
pub use uploads::{Upload, uploads};
