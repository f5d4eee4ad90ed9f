//! Proof that nothing is lost: by killing the host, and by failing Docker.

pub(crate) mod sweep;
pub(crate) mod torture;
mod witness;
mod work;
