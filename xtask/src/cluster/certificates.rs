//! Who signs the certificate that users of the cluster see, and that certificate.

use std::fs;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};

/// Writes `authority.crt`, `tls.crt` and `tls.key` for `names`, unless they are there.
pub(crate) fn ensure(folder: &Path, names: Vec<String>) -> anyhow::Result<()> {
    if folder.join("tls.key").exists() {
        return Ok(());
    }
    let key = KeyPair::generate()?;
    let authority = authority();
    fs::write(folder.join("authority.crt"), authority.self_signed(&key)?.pem())?;
    let issuer = Issuer::new(authority, key);
    let own = KeyPair::generate()?;
    let mut certificate = CertificateParams::new(names)?;
    certificate.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    fs::write(folder.join("tls.crt"), certificate.signed_by(&own, &issuer)?.pem())?;
    Ok(fs::write(folder.join("tls.key"), own.serialize_pem())?)
}

fn authority() -> CertificateParams {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.distinguished_name.push(DnType::CommonName, "Simulay on this machine");
    authority
}
