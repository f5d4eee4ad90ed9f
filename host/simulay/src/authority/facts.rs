//! What a certificate of a cluster says.

use anyhow::{Context as _, anyhow};
use jiff::Timestamp;
use rcgen::KeyPair;
use simulay_rpc::{Identity, IdentityError, TrustDomain};
use uuid::Uuid;
use x509_parser::extensions::ParsedExtension;
use x509_parser::pem::parse_x509_pem;
use x509_parser::time::ASN1Time;

/// What a certificate of a cluster says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Whom it names: `spiffe://<cluster>/<role>`; without a role, an authority.
    pub(crate) id: String,
    /// The cluster.
    pub(crate) cluster: Uuid,
    /// What people call its subject.
    pub(crate) name: String,
    /// Its number, hexadecimal.
    pub(crate) serial: String,
    /// From when it holds.
    pub(crate) begins: Timestamp,
    /// Until when.
    pub(crate) ends: Timestamp,
    /// The authority that made it; none for one that made itself.
    pub(crate) issuer: Option<Vec<u8>>,
    /// By what authorities are told apart.
    pub(crate) key_id: Vec<u8>,
    public_key: Vec<u8>,
}

impl Facts {
    /// Reads the first certificate in `pem`.
    pub(crate) fn read(pem: &str) -> anyhow::Result<Self> {
        let (_, block) = parse_x509_pem(pem.as_bytes()).map_err(|_| anyhow!("it is no PEM"))?;
        let certificate = block.parse_x509().map_err(|_| anyhow!("it is no certificate"))?;
        let id = Identity::uri(&certificate)?;
        let cluster = cluster(id)?;
        let name = certificate.subject().iter_common_name().next().context("it has no name")?;
        let (mut issuer, mut key_id) = (None, Vec::new());
        for extension in certificate.iter_extensions() {
            match extension.parsed_extension() {
                ParsedExtension::AuthorityKeyIdentifier(found) => {
                    issuer = found.key_identifier.as_ref().map(|id| id.0.to_vec());
                }
                ParsedExtension::SubjectKeyIdentifier(found) => key_id = found.0.to_vec(),
                _ => {}
            }
        }
        Ok(Self {
            id: id.to_owned(),
            cluster,
            name: name.as_str()?.to_owned(),
            serial: certificate.raw_serial_as_string(),
            begins: timestamp(certificate.validity().not_before)?,
            ends: timestamp(certificate.validity().not_after)?,
            issuer,
            key_id,
            public_key: certificate.public_key().subject_public_key.data.to_vec(),
        })
    }

    /// True when `key`, in PEM, is the key of this certificate.
    pub(crate) fn fits(&self, key: &str) -> bool {
        KeyPair::from_pem(key).is_ok_and(|key| key.public_key_raw() == self.public_key)
    }
}

/// The cluster of a role, or of an authority.
fn cluster(id: &str) -> Result<Uuid, IdentityError> {
    id.parse().map(|Identity { cluster, .. }| cluster).or_else(|_| Ok(id.parse::<TrustDomain>()?.0))
}

fn timestamp(time: ASN1Time) -> anyhow::Result<Timestamp> {
    Ok(Timestamp::from_second(time.timestamp())?)
}
