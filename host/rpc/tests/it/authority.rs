//! An authority of a cluster, and what it signs.

use std::path::Path;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType,
};
use simulay_rpc::{Credentials, Identity, Role};
use uuid::Uuid;

/// A certificate and its key, in PEM.
pub(crate) struct Signed {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// Signs what processes of a cluster show.
pub(crate) struct Authority {
    pub(crate) cluster: Uuid,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn of(cluster: Uuid) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { cluster, issuer }
    }

    pub(crate) fn new() -> Self {
        Self::of(Uuid::new_v4())
    }

    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// What the holder of `role` shows.
    pub(crate) fn params(&self, role: Role) -> CertificateParams {
        named(Identity { cluster: self.cluster, role })
    }

    pub(crate) fn sign(&self, params: &CertificateParams) -> Signed {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Signed { certificate, key: key.serialize_pem() }
    }

    /// Credentials of `role`.
    pub(crate) fn credentials(&self, role: Role) -> Credentials {
        credentials(&self.pem(), &self.sign(&self.params(role)))
    }
}

/// A certificate that names `identity`.
pub(crate) fn named(identity: Identity) -> CertificateParams {
    let mut params = CertificateParams::new(vec![identity.role.server_name()]).unwrap();
    params.subject_alt_names.push(SanType::URI(identity.to_string().try_into().unwrap()));
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
    params
}

/// `params` for a time that is over.
pub(crate) fn expired(mut params: CertificateParams) -> CertificateParams {
    let hours = |hours: u64| SystemTime::now() - Duration::from_secs(3600 * hours);
    (params.not_before, params.not_after) = (hours(2).into(), hours(1).into());
    params
}

pub(crate) fn self_signed(params: &CertificateParams) -> Signed {
    let key = KeyPair::generate().unwrap();
    Signed { certificate: params.self_signed(&key).unwrap().pem(), key: key.serialize_pem() }
}

pub(crate) fn write(authorities: &str, signed: &Signed, folder: &Path) {
    std::fs::write(folder.join("ca.crt"), authorities).unwrap();
    std::fs::write(folder.join("tls.crt"), &signed.certificate).unwrap();
    std::fs::write(folder.join("tls.key"), &signed.key).unwrap();
}

pub(crate) fn credentials(authorities: &str, signed: &Signed) -> Credentials {
    let folder = tempfile::tempdir().unwrap();
    write(authorities, signed, folder.path());
    Credentials::read(folder.path()).unwrap()
}
