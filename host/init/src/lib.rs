//! What `simulay-init` and the host say to each other.

pub mod frames;
pub mod patterns;
pub mod reserve;
