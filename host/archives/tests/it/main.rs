//! Archives as programs make them, and as nobody should.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails like the test itself"
)]

mod rig;
mod tarballs;
mod zips;
