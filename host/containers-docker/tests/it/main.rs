//! Against a real Docker daemon at `/var/run/docker.sock`, which has the image `simulay/octave:dev`
//! (or the one `SIMULAY_TEST_IMAGE` names).

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a helper of a test fails like the test itself"
)]

mod addresses;
mod adoption;
mod booted;
mod conformance;
mod endings;
mod failures;
mod forked;
mod lies;
mod ownership;
mod placing;
mod pool;
mod proxy;
mod registration;
mod rig;
mod sandbox;
mod second_daemon;
mod shipping;
mod transfer;
