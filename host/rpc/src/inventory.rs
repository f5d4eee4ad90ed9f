//! What there is, told to other processes.

mod asked;
mod remote;
mod service;

pub(crate) use asked::Asked;
pub use remote::RemoteInventory;
pub(crate) use service::InventoryService;
