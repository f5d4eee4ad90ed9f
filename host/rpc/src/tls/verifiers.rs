//! Whom a process of a cluster believes: who has a certificate of the cluster's CA that names the cluster, and
//! of servers the role that is wanted.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, SignatureScheme,
};
use uuid::Uuid;

use super::identity::{Identity, Role};

/// A certificate of the CA whose holder has no business here.
#[derive(Debug, thiserror::Error)]
#[error("the certificate is {found}'s, and {wanted} is wanted")]
struct Foreign {
    found: Identity,
    wanted: String,
}

fn refusal(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    CertificateError::Other(OtherError(Arc::new(error))).into()
}

/// Who the believed certificate names, of this cluster.
fn of_cluster(certificate: &CertificateDer<'_>, cluster: Uuid) -> Result<Identity, Error> {
    let found = Identity::of(certificate).map_err(refusal)?;
    if found.cluster != cluster {
        return Err(refusal(Foreign { found, wanted: format!("one of the cluster {cluster}") }));
    }
    Ok(found)
}

/// Believes clients of a cluster, whatever their role.
#[derive(Debug)]
pub(super) struct Clients {
    pub(super) of_authority: Arc<dyn ClientCertVerifier>,
    pub(super) cluster: Uuid,
}

impl ClientCertVerifier for Clients {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.of_authority.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.of_authority.verify_client_cert(certificate, intermediates, now)?;
        of_cluster(certificate, self.cluster)?;
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.of_authority.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.of_authority.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.of_authority.supported_verify_schemes()
    }
}

/// Believes servers of a cluster that have one role.
#[derive(Debug)]
pub(super) struct Servers {
    pub(super) of_authority: Arc<WebPkiServerVerifier>,
    pub(super) cluster: Uuid,
    pub(super) role: Role,
}

impl ServerCertVerifier for Servers {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.of_authority.verify_server_cert(certificate, intermediates, name, ocsp, now)?;
        let found = of_cluster(certificate, self.cluster)?;
        if found.role != self.role {
            return Err(refusal(Foreign { found, wanted: format!("one for `{}`", self.role) }));
        }
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.of_authority.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.of_authority.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.of_authority.supported_verify_schemes()
    }
}
