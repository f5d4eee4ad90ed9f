//! nginx as a process of its own, with the files that are deployed.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use reqwest::{Certificate, Client, redirect};
use simulay_nginx_tests::{Ports, directives, settings, upstream, variable};
use tempfile::TempDir;

/// nginx before some replicas.
pub(crate) struct Proxy {
    process: Child,
    folder: TempDir,
    pub(crate) client: Client,
    pub(crate) secure: String,
    pub(crate) plain: String,
}

impl Proxy {
    /// Starts it and waits until it answers. The replicas stand where their name is looked up.
    pub(crate) async fn before(replicas: &[SocketAddr]) -> Self {
        Self::start(&upstream(replicas).unwrap()).await
    }

    /// The same with what older releases of nginx know, before one replica.
    pub(crate) async fn by_variable(replica: SocketAddr) -> Self {
        Self::start(&variable(replica).unwrap()).await
    }

    async fn start(replicas: &str) -> Self {
        // Another choice of the same provider is no harm.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(folder.path().join("tls.crt"), cert.pem()).unwrap();
        fs::write(folder.path().join("tls.key"), signing_key.serialize_pem()).unwrap();
        fs::write(folder.path().join("replicas.conf"), replicas).unwrap();
        let ports = free_ports();
        fs::write(folder.path().join("nginx.conf"), settings(folder.path(), ports).unwrap()).unwrap();
        let process = start(folder.path());
        let root = Certificate::from_pem(cert.pem().as_bytes()).unwrap();
        let client = Client::builder().no_proxy().tls_certs_only([root]).redirect(redirect::Policy::none());
        let Ports { plain, secure, .. } = ports;
        let proxy = Self {
            process,
            folder,
            client: client.build().unwrap(),
            secure: format!("https://localhost:{secure}"),
            plain: format!("http://127.0.0.1:{plain}"),
        };
        proxy.wait().await;
        proxy
    }

    async fn wait(&self) {
        for _ in 0..200 {
            if self.client.get(&self.plain).send().await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("nginx does not start: see what it printed");
    }

    /// Ends it; what it wrote into its logs: of the requests, and of itself.
    pub(crate) fn logs(mut self) -> [String; 2] {
        self.stop();
        ["access", "log"].map(|name| fs::read_to_string(self.folder.path().join(name)).unwrap())
    }

    fn stop(&mut self) {
        // Asked to stop, it takes its workers along.
        let _ = kill(Pid::from_raw(self.process.id().try_into().unwrap()), Signal::SIGTERM);
        let _ = self.process.wait();
    }

    /// Files in which it put something aside.
    pub(crate) fn put_aside(&self) -> Vec<PathBuf> {
        let (mut found, mut folders) = (Vec::new(), vec![self.folder.path().join("tmp")]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().flatten() {
                if entry.file_type().unwrap().is_dir() {
                    folders.push(entry.path())
                } else {
                    found.push(entry.path())
                }
            }
        }
        found.retain(|file| file.file_name().is_none_or(|name| name != "nginx.pid"));
        found
    }
}

fn start(folder: &Path) -> Child {
    fs::create_dir(folder.join("tmp")).unwrap();
    let mut nginx = Command::new("nginx");
    nginx.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf"));
    nginx.args(["-g", directives()]).stdin(Stdio::null());
    nginx.spawn().expect("nginx is not installed")
}

fn free_ports() -> Ports {
    let held = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [plain, own, secure] = held.map(|listener| listener.local_addr().unwrap().port());
    Ports { plain, own, secure }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // The number of one that has ended may be another's by now.
        if matches!(self.process.try_wait(), Ok(None)) {
            self.stop();
        }
    }
}
