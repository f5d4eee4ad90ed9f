//! The files of `deploy/nginx` with other places, ports and replicas, for an nginx that is a process on this machine.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, ensure};

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/nginx");
/// Where the files say that the replicas are.
const DEPLOYED: &str = "api:7373";

/// Where nginx listens.
#[derive(Debug, Clone, Copy)]
pub struct Ports {
    /// For who is sent to HTTPS.
    pub plain: u16,
    /// For who asks whether nginx is well.
    pub own: u16,
    /// For everybody.
    pub secure: u16,
}

/// `nginx.conf` with all that nginx reads and writes in `folder`: `tls.crt`, `tls.key`, `replicas.conf`, `access`,
/// `log`, and what it puts aside in `tmp`.
///
/// # Errors
/// The file cannot be read, or names a place no more that is replaced.
pub fn settings(folder: &Path, ports: Ports) -> anyhow::Result<String> {
    let inside = |name: &str| folder.join(name).display().to_string();
    let replaced = [
        // The folder may lie in /tmp itself, which therefore comes first.
        (" /tmp/", format!(" {}", inside("tmp/"))),
        ("/etc/nginx/replicas.conf", inside("replicas.conf")),
        ("/run/secrets/", inside("")),
        ("/dev/stdout", inside("access")),
        ("/dev/stderr", inside("log")),
        ("listen 8080", format!("listen 127.0.0.1:{}", ports.plain)),
        ("listen 127.0.0.1:8081", format!("listen 127.0.0.1:{}", ports.own)),
        ("listen 8443", format!("listen 127.0.0.1:{}", ports.secure)),
    ];
    replaced.into_iter().try_fold(source("nginx.conf")?, |text, (from, to)| {
        ensure!(text.contains(from), "{from} is not in nginx.conf any more");
        Ok(text.replace(from, &to))
    })
}

/// `replicas.conf` with `replicas` where their name is looked up.
///
/// # Errors
/// The file cannot be read, or names the replicas no more.
pub fn upstream(replicas: &[SocketAddr]) -> anyhow::Result<String> {
    let text = source("replicas-resolve.conf")?;
    let named = format!("{DEPLOYED} resolve");
    let line = text.lines().find(|line| line.contains(&named)).context("no line names the replicas")?;
    let each = replicas.iter().map(|address| line.replace(&named, &address.to_string()));
    Ok(text.replace(line, &each.collect::<Vec<_>>().join("\n")))
}

/// `replicas.conf` of older releases of nginx, with one replica.
///
/// # Errors
/// As [`upstream`].
pub fn variable(replica: SocketAddr) -> anyhow::Result<String> {
    let text = source("replicas-variable.conf")?;
    ensure!(text.contains(DEPLOYED), "{DEPLOYED} is not in the file any more");
    Ok(text.replace(DEPLOYED, &replica.to_string()))
}

/// Directives beside those of the files, for `nginx -g`.
#[must_use]
pub fn directives() -> &'static str {
    // Workers of root's nginx are nobody's otherwise, who may not enter a folder of root's.
    if nix::unistd::geteuid().is_root() { "daemon off; user root;" } else { "daemon off;" }
}

fn source(name: &str) -> anyhow::Result<String> {
    let file = Path::new(SOURCES).join(name);
    fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))
}
