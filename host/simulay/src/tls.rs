//! TLS to registries and to servers.

use std::error::Error;
use std::io;
use std::iter;

use rustls::CertificateError;

/// Chooses whose cryptography this process uses; before the first connection.
pub(crate) fn choose() {
    // Fails only when it was chosen before.
    rustls::crypto::ring::default_provider().install_default().ok();
}

/// Why the other side was not believed, when that is why `error` came about, and what to do.
pub(crate) fn distrust(error: &(dyn Error + 'static)) -> Option<String> {
    let why = iter::successors(Some(error), |&error| error.source()).find_map(certificate_error)?;
    Some(format!(
        "its certificate is not trusted: {why}; when you trust who signed it, name the file of the \
         signer's certificate in SSL_CERT_FILE"
    ))
}

fn certificate_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CertificateError> {
    match error.downcast_ref() {
        Some(rustls::Error::InvalidCertificate(why)) => Some(why),
        Some(_) => None,
        // The source of an error of `io` is what lies behind the one it carries.
        None => error.downcast_ref::<io::Error>()?.get_ref().and_then(|inner| certificate_error(inner)),
    }
}
