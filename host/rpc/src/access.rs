//! Who may call what.

use tonic::{Request, Status};

use crate::tls::{Identity, Role};

/// The roles that may call a service.
pub(crate) type Allowed = &'static [Role];

/// Lets a request pass whose connection is that of an allowed role.
pub(crate) fn check<T>(request: &Request<T>, allowed: Allowed) -> Result<(), Status> {
    match request.extensions().get::<Identity>() {
        Some(peer) if allowed.contains(&peer.role) => Ok(()),
        Some(peer) => {
            tracing::warn!(%peer, "a call is refused to a role that has no need of it");
            Err(Status::permission_denied(format!("`{}` has no need of this", peer.role)))
        }
        None => Err(Status::unauthenticated("nobody knows who asks")),
    }
}
