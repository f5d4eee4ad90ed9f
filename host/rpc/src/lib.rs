//! The ports of containers and of the sandbox over gRPC with mutual TLS: whoever asks holds the port, whoever
//! answers serves it, and neither knows what stands behind the other.
//!
//! # Compatibility
//! Processes of two versions, one after the other, understand each other. In `proto/simulay` messages, fields
//! and methods are only added, as against each frozen copy in `proto/released`. The documents that travel in
//! them are JSON of the types of the ports, for which the same holds: a new field has a default. Versions are not
//! negotiated: who asks for a method that the other side does not know yet hears `UNIMPLEMENTED` and goes on without
//! the answer, and what must be changed otherwise is a new field or method beside the old one, which stays for a
//! version. At a release `proto/simulay` is copied to `proto/released/VERSION`, and documents as that version writes
//! them to `tests/golden/VERSION`.

mod access;
mod connector;
mod execution;
mod incoming;
mod inventory;
mod parts;
mod peers;
mod process;
mod proto;
mod sandbox;
mod serve;
mod settings;
mod tls;
mod words;

pub use execution::NodeClient;
pub use inventory::RemoteInventory;
pub use peers::{NowhereError, Peers};
pub use process::{Process, RemoteRunners};
pub use sandbox::RemoteSandbox;
pub use serve::{ServeError, ServedByRunner, serve_containers, serve_runner};
pub use settings::RpcSettings;
pub use tls::{Credentials, CredentialsError, Expiry, Identity, IdentityError, Role, TrustDomain};
