//! Proof that nothing is lost: by killing the host or any process of a cluster, and by failing Docker.

pub(crate) mod cluster;
mod course;
mod judge;
mod ledger;
pub(crate) mod swarm;
pub(crate) mod sweep;
pub(crate) mod torture;
mod witness;
mod work;
