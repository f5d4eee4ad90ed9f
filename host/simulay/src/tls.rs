//! TLS to registries and to servers.

/// Chooses whose cryptography this process uses; before the first connection.
pub(crate) fn choose() {
    // Fails only when it was chosen before.
    rustls::crypto::ring::default_provider().install_default().ok();
}
