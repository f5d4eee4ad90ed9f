//! Who people are, by OpenID Connect: authorization code flow with PKCE (OpenID Connect Core 1.0 §3.1, RFC 7636).
//! The only crate that names openidconnect.

mod claims;
mod client;
mod http;
mod provider;

pub use provider::{OidcProvider, OidcSettings, SettingsError};
