//! Who a certificate says its holder is.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

const SCHEME: &str = "spiffe://";

/// What a process of the cluster does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Answers HTTP requests; calls runners.
    Api,
    /// Works on runs, and has the sandbox; calls `containers`.
    Runner,
    /// Has the containers of one node.
    Containers,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Api, Self::Runner, Self::Containers];

    /// As folders and certificates name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Runner => "runner",
            Self::Containers => "containers",
        }
    }

    /// The name in its certificates by which it is connected to: `<role>.simulay.internal`.
    #[must_use]
    pub fn server_name(self) -> String {
        format!("{self}.simulay.internal")
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A cluster, and what the holder of a certificate does in it: `spiffe://<cluster>/<role>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The cluster.
    pub cluster: Uuid,
    /// What its holder does.
    pub role: Role,
}

impl fmt::Display for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", TrustDomain(self.cluster), self.role)
    }
}

/// A cluster, as its authorities are named: `spiffe://<cluster>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrustDomain(pub Uuid);

impl fmt::Display for TrustDomain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{SCHEME}{}", self.0)
    }
}

impl FromStr for TrustDomain {
    type Err = IdentityError;

    fn from_str(uri: &str) -> Result<Self, IdentityError> {
        let cluster = uri.strip_prefix(SCHEME).ok_or(IdentityError::Form)?;
        let domain = Self(Uuid::try_parse(cluster).map_err(|_| IdentityError::Form)?);
        // Only the canonical spelling names a cluster: no braces, no capitals.
        if domain.to_string() == uri { Ok(domain) } else { Err(IdentityError::Form) }
    }
}

/// A certificate that names nobody of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// No X.509 certificate.
    #[error("it is no X.509 certificate in DER")]
    NoCertificate,
    /// Not one URI among its names, but none or several.
    #[error("it has {0} URIs among its alternative names, not one")]
    NotOneUri(usize),
    /// Its URI is of another form.
    #[error("its URI is not `spiffe://<uuid of the cluster>/<api, runner or containers>`")]
    Form,
}

impl FromStr for Identity {
    type Err = IdentityError;

    fn from_str(uri: &str) -> Result<Self, IdentityError> {
        let (domain, role) = uri.rsplit_once('/').ok_or(IdentityError::Form)?;
        let role = Role::ALL.into_iter().find(|known| known.name() == role).ok_or(IdentityError::Form)?;
        let TrustDomain(cluster) = domain.parse()?;
        Ok(Self { cluster, role })
    }
}

impl Identity {
    /// Who the certificate `der` names; whether it is to be believed is asked elsewhere.
    ///
    /// # Errors
    /// When it names nobody of a cluster.
    pub fn of(der: &[u8]) -> Result<Self, IdentityError> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|_| IdentityError::NoCertificate)?;
        Self::uri(&certificate)?.parse()
    }

    /// The one URI among the alternative names of `certificate`.
    ///
    /// # Errors
    /// When there is none, or several.
    pub fn uri<'a>(certificate: &X509Certificate<'a>) -> Result<&'a str, IdentityError> {
        let names = certificate.subject_alternative_name().map_err(|_| IdentityError::NoCertificate)?;
        let names = names.map(|extension| extension.value.general_names.as_slice()).unwrap_or_default();
        let uris: Vec<&str> = names.iter().filter_map(uri).collect();
        match uris.as_slice() {
            [uri] => Ok(uri),
            uris => Err(IdentityError::NotOneUri(uris.len())),
        }
    }
}

const fn uri<'a>(name: &GeneralName<'a>) -> Option<&'a str> {
    match name {
        GeneralName::URI(uri) => Some(uri),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_spelling_is_an_identity() {
        let cluster = Uuid::from_u128(0xAB);
        let identity = Identity { cluster, role: Role::Runner };
        assert_eq!(identity.to_string().parse(), Ok(identity));
        for text in [
            String::new(),
            format!("spiffe://{cluster}"),
            format!("spiffe://{cluster}/"),
            format!("spiffe://{cluster}/root"),
            format!("spiffe://{cluster}/runner/"),
            format!("spiffe://{cluster}/Runner"),
            format!("https://{cluster}/runner"),
            format!("spiffe://{}/runner", cluster.simple()),
            format!("spiffe://{{{cluster}}}/runner"),
            format!("spiffe://{}/runner", cluster.to_string().to_uppercase()),
        ] {
            assert_eq!(text.parse::<Identity>(), Err(IdentityError::Form), "{text}");
        }
    }
}
