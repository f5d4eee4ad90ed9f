//! Who people are, as a provider of identities (an organisation's sign-in) tells.
//!
//! A browser is sent to the provider with a [`Challenge`], which it keeps meanwhile, and comes back with a code;
//! [`IdentityProvider::redeem`] makes [`Claims`] of both. What the claims let somebody do is for [`GroupRoles`].

mod port;
mod roles;
pub mod scripted;

pub use port::{Authorization, Challenge, Claims, IdentityError, IdentityProvider};
pub use roles::GroupRoles;
