//! The server's own certificate: read at the start, and again when its files change.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use simulay_api::Transport;
use simulay_model::Digest;
use tokio::sync::watch;

use crate::configuration::Server;
use crate::fault::Usage;

/// Between two looks at the files. Whatever replaces them, it is their content that is compared.
const PERIOD: Duration = Duration::from_secs(3);
/// Bytes of the largest file that is read.
const MOST: u64 = 1 << 20;
const CERT: &str = "server.tls_cert";
const KEY: &str = "server.tls_key";
/// What everybody may do with a file.
const OTHERS: u32 = 0o007;

/// Where the certificate and its key lie.
#[derive(Debug, Clone)]
struct Files {
    cert: PathBuf,
    key: PathBuf,
}

/// What the files hold.
struct Pair {
    cert: Vec<u8>,
    key: Vec<u8>,
}

/// A certificate that follows its files.
pub(crate) struct Certificate {
    files: Files,
    newest: watch::Sender<Arc<ServerConfig>>,
    served: Digest,
}

impl Certificate {
    /// The certificate that `server` names; none when it speaks plain HTTP.
    pub(crate) fn read(server: &Server) -> Result<Option<Self>, Usage> {
        let (Some(cert), Some(key)) = (&server.tls_cert, &server.tls_key) else { return Ok(None) };
        Self::of(Files { cert: cert.clone(), key: key.clone() }).map(Some)
    }

    fn of(files: Files) -> Result<Self, Usage> {
        let pair = files.read()?;
        let newest = watch::Sender::new(pair.configuration(&files)?);
        Ok(Self { files, newest, served: pair.digest() })
    }

    /// What connections carry.
    pub(crate) fn transport(&self) -> Transport {
        Transport::Tls(self.newest.subscribe())
    }

    /// Looks after the files for good.
    pub(crate) async fn follow(mut self) {
        let mut told = None;
        loop {
            tokio::time::sleep(PERIOD).await;
            told = match self.renew() {
                Ok(()) => None,
                Err(Usage(why)) if told.as_ref() == Some(&why) => told,
                Err(Usage(why)) => {
                    tracing::warn!("the certificate before goes on: {why}");
                    Some(why)
                }
            };
        }
    }

    fn renew(&mut self) -> Result<(), Usage> {
        let pair = self.files.read()?;
        let found = pair.digest();
        if found != self.served {
            self.newest.send_replace(pair.configuration(&self.files)?);
            self.served = found;
            tracing::info!("the certificate was replaced; new connections are shown it");
        }
        Ok(())
    }
}

impl Files {
    fn read(&self) -> Result<Pair, Usage> {
        let (cert, _) = read(CERT, &self.cert)?;
        let (key, mode) = read(KEY, &self.key)?;
        if mode & OTHERS != 0 {
            let file = self.key.display();
            return Err(Usage(format!("{KEY}: others may read {file}; keep it to you: chmod o-rwx {file}")));
        }
        Ok(Pair { cert, key })
    }
}

/// What a file holds, and its mode.
fn read(setting: &str, path: &Path) -> Result<(Vec<u8>, u32), Usage> {
    let wrong = |error| Usage(format!("{setting}: {} cannot be read: {error}", path.display()));
    let file = File::open(path).map_err(wrong)?;
    let mode = file.metadata().map_err(wrong)?.permissions().mode();
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes).map_err(wrong)?;
    Ok((bytes, mode))
}

impl Pair {
    /// Changes with either file.
    fn digest(&self) -> Digest {
        let [cert, key] = [&self.cert, &self.key].map(|bytes| Digest::of(bytes).to_string());
        Digest::of((cert + &key).as_bytes())
    }

    fn configuration(&self, files: &Files) -> Result<Arc<ServerConfig>, Usage> {
        let wrong = |setting: &str, path: &Path, why: String| {
            Usage(format!("{setting}: {} does not do: {why}", path.display()))
        };
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.cert).collect();
        let chain = chain.map_err(|error| wrong(CERT, &files.cert, error.to_string()))?;
        if chain.is_empty() {
            return Err(wrong(CERT, &files.cert, "it holds no certificate in PEM".into()));
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|error| {
            wrong(KEY, &files.key, format!("it holds no private key in PEM without a passphrase ({error})"))
        })?;
        let configuration = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key);
        let mut configuration = configuration.map_err(|error| {
            let cert = files.cert.display();
            wrong(KEY, &files.key, format!("it is no key of the certificate in {cert}: {error}"))
        })?;
        configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(configuration))
    }
}

#[cfg(test)]
mod tests;
