//! nginx before the processes that answer requests, with the files of `deploy`.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use simulay_nginx_tests::{Ports, settings, upstream};

use super::process::{Recipe, free_address};
use crate::cluster::certificates;
use crate::place::Place;

/// One process, which a kill takes whole.
const DIRECTIVES: &str = "daemon off; master_process off;";

/// How nginx is started with settings that are written below `folder`.
pub(super) fn recipe(place: &Place, folder: &Path, replicas: &[SocketAddr]) -> anyhow::Result<Recipe> {
    let folder = folder.join("nginx");
    fs::create_dir_all(folder.join("tmp"))?;
    certificates::ensure(&folder, vec!["127.0.0.1".to_owned()])?;
    let [plain, own, secure] = [free_address()?, free_address()?, free_address()?];
    let ports = Ports { plain: plain.port(), own: own.port(), secure: secure.port() };
    fs::write(folder.join("nginx.conf"), settings(&folder, ports)?)?;
    fs::write(folder.join("replicas.conf"), upstream(replicas)?)?;
    let file = folder.join("nginx.conf").display().to_string();
    let arguments = ["-p", ".", "-c", &file, "-g", DIRECTIVES].map(String::from);
    Ok(Recipe {
        name: "nginx".to_owned(),
        program: "nginx".into(),
        arguments: arguments.to_vec(),
        variables: Vec::new(),
        folder,
        address: secure,
        log: place.made("cluster-nginx.log")?,
    })
}

/// Who signed its certificate, as PEM.
pub(super) fn authority(folder: &Path) -> anyhow::Result<String> {
    Ok(fs::read_to_string(folder.join("nginx/authority.crt"))?)
}
