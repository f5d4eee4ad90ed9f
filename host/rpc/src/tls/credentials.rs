//! A process's own certificate, its key, and the authorities it believes: three files of a folder.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier};
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use simulay_model::Chain;

use super::expiry::{Expiry, Warnings};
use super::identity::{Identity, IdentityError, Role};
use super::verifiers::{Clients, Servers};

/// One or more certificates of authorities; two while they are renewed.
const AUTHORITIES: &str = "ca.crt";
/// The certificate, and those between it and an authority.
const CERTIFICATE: &str = "tls.crt";
/// Its key.
const KEY: &str = "tls.key";
/// Bytes of the largest file that is read.
const MOST: u64 = 1 << 20;
/// Between two looks at the files.
const PERIOD: Duration = Duration::from_secs(1);
const PROTOCOL: &[u8] = b"h2";

/// Why credentials cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// A file cannot be read.
    #[error("{} cannot be read", .0.display())]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// A file does not hold what it should, in PEM.
    #[error("{path} holds no {1} in PEM", path = .0.display())]
    Empty(PathBuf, &'static str),
    /// The certificate names nobody of a cluster.
    #[error("{path} does not do: {1}", path = .0.display())]
    Identity(PathBuf, IdentityError),
    /// The certificate has ended.
    #[error("{path} ended on {1}: `simulay cluster rotate` makes a new one", path = .0.display())]
    Ended(PathBuf, Expiry),
    /// The certificate is of someone else than the one before.
    #[error("{path} names {found}, and this process is {known}", path = .path.display())]
    OfAnother {
        /// The file.
        path: PathBuf,
        /// Whom it names.
        found: Identity,
        /// Whom the one before names.
        known: Identity,
    },
    /// An authority's certificate does not do.
    #[error("{} cannot be believed", .0.display())]
    Authority(PathBuf, #[source] VerifierBuilderError),
    /// The certificate and the key do not do, or not together.
    #[error("{} and {} do not do", .0.join(CERTIFICATE).display(), .0.join(KEY).display())]
    Pair(PathBuf, #[source] rustls::Error),
}

/// Credentials in `ca.crt`, `tls.crt` and `tls.key` of a folder. New connections are made with what the files
/// hold then; while that does not do, as in the middle of a renewal, with what they held before.
#[derive(Clone)]
pub struct Credentials(Arc<Kept>);

struct Kept {
    folder: PathBuf,
    state: Mutex<State>,
}

struct State {
    looked: Instant,
    files: Files,
    loaded: Arc<Loaded>,
    warnings: Warnings,
}

#[derive(PartialEq, Eq)]
struct Files {
    authorities: Vec<u8>,
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// What connections are made with.
pub(crate) struct Loaded {
    identity: Identity,
    expiry: Expiry,
    provider: Arc<CryptoProvider>,
    authorities: Arc<RootCertStore>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Credentials {
    /// Reads the credentials in `folder`.
    ///
    /// # Errors
    /// When a file is missing or does not do.
    pub fn read(folder: impl Into<PathBuf>) -> Result<Self, CredentialsError> {
        let folder = folder.into();
        let files = Files::read(&folder)?;
        let loaded = Arc::new(Loaded::of(&folder, &files)?);
        let mut state = State { looked: Instant::now(), files, loaded, warnings: Warnings::default() };
        state.tell();
        Ok(Self(Arc::new(Kept { folder, state: Mutex::new(state) })))
    }

    /// Who holds them.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.0.state.lock().loaded.identity
    }

    /// What a connection is made with now.
    pub(crate) async fn current(&self) -> Arc<Loaded> {
        let kept = self.0.clone();
        let looked = tokio::task::spawn_blocking(move || kept.look()).await;
        looked.unwrap_or_else(|_| self.0.state.lock().loaded.clone())
    }
}

impl Kept {
    fn look(&self) -> Arc<Loaded> {
        let mut state = self.state.lock();
        if state.looked.elapsed() >= PERIOD {
            state.looked = Instant::now();
            if let Err(error) = self.renew(&mut state) {
                tracing::warn!(error = %Chain(&error), "the certificate before goes on");
            }
            state.tell();
        }
        state.loaded.clone()
    }

    fn renew(&self, state: &mut State) -> Result<(), CredentialsError> {
        let files = Files::read(&self.folder)?;
        if files != state.files {
            let loaded = Loaded::of(&self.folder, &files)?;
            let (found, known) = (loaded.identity, state.loaded.identity);
            // What the process does and has was decided by who it is.
            if found != known {
                return Err(CredentialsError::OfAnother {
                    path: self.folder.join(CERTIFICATE),
                    found,
                    known,
                });
            }
            (state.loaded, state.files, state.warnings) = (Arc::new(loaded), files, Warnings::default());
            tracing::info!("the certificate was replaced; new connections are made with it");
        }
        Ok(())
    }
}

impl State {
    /// Tells when the certificate ends.
    fn tell(&mut self) {
        self.loaded.expiry.show();
        self.warnings.warn(self.loaded.expiry);
    }
}

impl Files {
    fn read(folder: &Path) -> Result<Self, CredentialsError> {
        let read = |name| {
            let path = folder.join(name);
            read(&path).map_err(|error| CredentialsError::Unreadable(path, error))
        };
        Ok(Self { authorities: read(AUTHORITIES)?, certificate: read(CERTIFICATE)?, key: read(KEY)? })
    }
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Loaded {
    fn of(folder: &Path, files: &Files) -> Result<Self, CredentialsError> {
        let chain = certificates(&folder.join(CERTIFICATE), &files.certificate)?;
        let (identity, expiry) = holder(&folder.join(CERTIFICATE), chain.first())?;
        let key = PrivateKeyDer::from_pem_slice(&files.key)
            .map_err(|_| CredentialsError::Empty(folder.join(KEY), "private key without a passphrase"))?;
        let mut authorities = RootCertStore::empty();
        for authority in certificates(&folder.join(AUTHORITIES), &files.authorities)? {
            authorities.add(authority).map_err(|error| CredentialsError::Pair(folder.to_owned(), error))?;
        }
        let (provider, authorities) = (Arc::new(ring::default_provider()), Arc::new(authorities));
        let loaded = Self { identity, expiry, provider, authorities, chain, key };
        // What cannot be served is told here, not by connections.
        loaded.check(folder)?;
        Ok(loaded)
    }

    fn check(&self, folder: &Path) -> Result<(), CredentialsError> {
        self.server().map(drop).map_err(|error| error.told(folder))
    }

    /// What a server accepts connections with: only those of clients of its cluster.
    pub(crate) fn server(&self) -> Result<Arc<ServerConfig>, Unusable> {
        let builder =
            WebPkiClientVerifier::builder_with_provider(self.authorities.clone(), self.provider.clone());
        let clients = Clients { of_authority: builder.build()?, cluster: self.identity.cluster };
        let mut config = ServerConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&TLS13])?
            .with_client_cert_verifier(Arc::new(clients))
            .with_single_cert(self.chain.clone(), self.key.clone_key())?;
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        // Each connection shows its certificate anew.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }

    /// What a client connects with to servers of its cluster that have `role`.
    pub(crate) fn client(&self, role: Role) -> Result<Arc<ClientConfig>, Unusable> {
        let builder =
            WebPkiServerVerifier::builder_with_provider(self.authorities.clone(), self.provider.clone());
        let servers = Servers { of_authority: builder.build()?, cluster: self.identity.cluster, role };
        let mut config = ClientConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(servers))
            .with_client_auth_cert(self.chain.clone(), self.key.clone_key())?;
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        config.resumption = Resumption::disabled();
        Ok(Arc::new(config))
    }
}

/// Credentials that nothing can be made with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error(transparent)]
    Authority(#[from] VerifierBuilderError),
    #[error(transparent)]
    Pair(#[from] rustls::Error),
}

impl Unusable {
    fn told(self, folder: &Path) -> CredentialsError {
        match self {
            Self::Authority(error) => CredentialsError::Authority(folder.join(AUTHORITIES), error),
            Self::Pair(error) => CredentialsError::Pair(folder.to_owned(), error),
        }
    }
}

/// Who the own certificate names, and until when.
fn holder(path: &Path, own: Option<&CertificateDer<'_>>) -> Result<(Identity, Expiry), CredentialsError> {
    let unknown = |error| CredentialsError::Identity(path.to_owned(), error);
    let own = own.ok_or_else(|| unknown(IdentityError::NoCertificate))?;
    let expiry = Expiry::of(own).map_err(unknown)?;
    match expiry.left() {
        Some(_) => Ok((Identity::of(own).map_err(unknown)?, expiry)),
        None => Err(CredentialsError::Ended(path.to_owned(), expiry)),
    }
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, CredentialsError> {
    let empty = || CredentialsError::Empty(path.to_owned(), "certificate");
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|_| empty())?;
    if found.is_empty() { Err(empty()) } else { Ok(found) }
}
