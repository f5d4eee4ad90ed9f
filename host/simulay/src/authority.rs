//! A cluster's certificate authority, and the certificates by which its roles know each other.
//!
//! A certificate names its cluster and its role as `spiffe://<cluster>/<role>`, and carries a name that TLS
//! can check, `<role>.simulay.internal`: addresses of machines are in none, so that they may change.

mod facts;
mod folder;

use anyhow::{Context as _, ensure};
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SanType,
};
use simulay_rpc::{Identity, Role, TrustDomain};
use uuid::Uuid;
use x509_parser::time::ASN1Time;

pub(crate) use self::facts::Facts;
pub(crate) use self::folder::{Folder, Issued, Standing};

/// Clocks of machines differ: a certificate holds from some time before it was made.
const SLACK: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// How long an authority lasts, days.
const AUTHORITY_DAYS: u32 = 3650;

/// What the certificate of `role` is good for: nobody answers who need not.
fn usages(role: Role) -> Vec<ExtendedKeyUsagePurpose> {
    match role {
        Role::Api => vec![ExtendedKeyUsagePurpose::ClientAuth],
        Role::Runner => vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth],
        Role::Containers => vec![ExtendedKeyUsagePurpose::ServerAuth],
    }
}

/// A certificate and its key, in PEM.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) cert: String,
    pub(crate) key: String,
}

/// Makes certificates of one cluster.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    facts: Facts,
}

impl Authority {
    /// A new authority for the cluster `cluster`, which people call `name`.
    pub(crate) fn make(cluster: Uuid, name: &str, now: Timestamp) -> anyhow::Result<Pair> {
        let mut params = params(name, now, AUTHORITY_DAYS)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.subject_alt_names = vec![SanType::URI(TrustDomain(cluster).to_string().try_into()?)];
        let key = KeyPair::generate()?;
        Ok(Pair { cert: params.self_signed(&key)?.pem(), key: key.serialize_pem() })
    }

    /// The authority whose certificate and key these are.
    pub(crate) fn read(pair: &Pair) -> anyhow::Result<Self> {
        let facts = Facts::read(&pair.cert)?;
        ensure!(facts.fits(&pair.key), "the key is not that of the certificate");
        let key = KeyPair::from_pem(&pair.key).context("the key cannot be read")?;
        Ok(Self { issuer: Issuer::from_ca_cert_pem(&pair.cert, key)?, facts })
    }

    /// A certificate of `role` for `days`, or until the authority itself ends.
    pub(crate) fn certify(&self, role: Role, days: u32, now: Timestamp) -> anyhow::Result<Pair> {
        let Facts { cluster, ends, .. } = self.facts;
        ensure!(now < ends, "the authority ended on {ends}: `rotate --ca begin` makes the next one");
        let mut params = params(role.name(), now, days)?;
        params.not_after = params.not_after.min(asn1(ends)?.to_datetime());
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = usages(role);
        params.use_authority_key_identifier_extension = true;
        params.subject_alt_names = vec![
            SanType::URI(Identity { cluster, role }.to_string().try_into()?),
            SanType::DnsName(role.server_name().try_into()?),
        ];
        let key = KeyPair::generate()?;
        Ok(Pair { cert: params.signed_by(&key, &self.issuer)?.pem(), key: key.serialize_pem() })
    }

    /// What its certificate says.
    pub(crate) const fn facts(&self) -> &Facts {
        &self.facts
    }
}

fn params(name: &str, now: Timestamp, days: u32) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = asn1(now.checked_sub(SLACK)?)?.to_datetime();
    params.not_after = asn1(now.checked_add(DAY.saturating_mul(days.try_into()?))?)?.to_datetime();
    Ok(params)
}

fn asn1(time: Timestamp) -> anyhow::Result<ASN1Time> {
    Ok(ASN1Time::from_timestamp(time.as_second())?)
}

#[cfg(test)]
mod tests;
