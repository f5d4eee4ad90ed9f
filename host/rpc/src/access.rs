//! Who may call what.

use tonic::{Request, Status};

use crate::incoming::Peer;
use crate::tls::Role;

/// The roles that may call a service.
pub(crate) type Allowed = &'static [Role];

/// Lets a request pass whose connection is that of an allowed role.
pub(crate) fn check<T>(request: &Request<T>, allowed: Allowed) -> Result<(), Status> {
    match request.extensions().get::<Peer>() {
        Some(Peer { identity, .. }) if allowed.contains(&identity.role) => Ok(()),
        Some(Peer { identity, address }) => {
            tracing::warn!(%identity, peer = %address, "a call is refused to a role that has no need of it");
            Err(Status::permission_denied(format!("`{}` has no need of this", identity.role)))
        }
        None => Err(Status::unauthenticated("nobody knows who asks")),
    }
}
