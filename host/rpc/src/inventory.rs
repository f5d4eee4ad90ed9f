//! What there is, told to other processes.

mod remote;
mod service;

pub(crate) use remote::Asked;
pub use remote::RemoteInventory;
pub(crate) use service::InventoryService;
