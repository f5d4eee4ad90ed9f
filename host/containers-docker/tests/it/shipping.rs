//! Images that go to a registry and come back by their digest.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use simulay_containers::{ImageId, Inventory as _};
use simulay_containers_docker::{Address, ImageSource, Login, ShipError, Shipper};
use simulay_servers::RegistryServer;

use crate::rig::{Rig, SOCKET, docker};

/// An image of this test only, which is removed when dropped, with all its names.
pub(crate) struct Image(pub(crate) ImageId);

impl Image {
    pub(crate) fn make(content: &str) -> Self {
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, "content", content.as_bytes()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("content.tar");
        std::fs::write(&file, archive.into_inner().unwrap()).unwrap();
        let made = Command::new("docker").arg("import").arg(&file).output().unwrap();
        Self(String::from_utf8(made.stdout).unwrap().trim().parse().unwrap())
    }

    /// Takes it from Docker.
    pub(crate) fn remove(&self) {
        let _ = Command::new("docker").args(["rmi", "--force", &self.0.to_string()]).output();
        assert!(!self.is_there());
    }

    fn is_there(&self) -> bool {
        docker(&["image", "inspect", &self.0.to_string()]).is_some()
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["rmi", "--force", &self.0.to_string()]).output();
    }
}

fn shipper() -> Shipper {
    Shipper::new(&Address::Unix(SOCKET.into()), None).unwrap()
}

fn login() -> Option<Login> {
    let (name, password) = RegistryServer::USER;
    Some(Login::Password(name.to_owned(), password.to_owned()))
}

#[tokio::test]
async fn an_image_comes_back_by_its_digest_to_those_who_may() {
    let (registry, image) = (RegistryServer::start_guarded(), Image::make("one\n"));
    let repository = format!("{}/simulay/one", registry.address());
    let stranger = shipper().push(image.0, &repository, None).await;
    assert!(matches!(stranger, Err(ShipError::Unauthorized(_))), "{stranger:?}");
    let pinned = shipper().push(image.0, &repository, login()).await.unwrap();
    assert!(pinned.starts_with(&format!("{repository}@sha256:")), "{pinned}");
    image.remove();
    let stranger = shipper().pull(image.0, &pinned, None).await;
    assert!(matches!(stranger, Err(ShipError::Unauthorized(_))), "{stranger:?}");
    shipper().pull(image.0, &pinned, login()).await.unwrap();
    let tags = docker(&["image", "inspect", &image.0.to_string()]).unwrap()[0]["RepoTags"].to_string();
    assert!(tags.contains("simulay/registered:"), "`docker image prune` takes what has no tag: {tags}");
}

#[tokio::test]
async fn another_image_than_was_meant_is_refused() {
    let (registry, image) = (RegistryServer::start(), Image::make("two\n"));
    let repository = format!("{}/two", registry.address());
    let pinned = shipper().push(image.0, &repository, None).await.unwrap();
    let meant: ImageId = format!("sha256:{}", "0".repeat(64)).parse().unwrap();
    let refused = shipper().pull(meant, &pinned, None).await;
    assert!(matches!(refused, Err(ShipError::AnotherImage { .. })), "{refused:?}");
    let missing = shipper().push(meant, &repository, None).await;
    assert!(matches!(missing, Err(ShipError::NotFound(_))), "{missing:?}");
    let nowhere = shipper().pull(meant, &pinned.replace("/two", "/three"), None).await;
    assert!(nowhere.is_err(), "{nowhere:?}");
}

#[tokio::test]
async fn a_node_pulls_what_it_lacks_and_tells_why_it_cannot() {
    let (registry, image) = (RegistryServer::start_guarded(), Image::make("three\n"));
    let repository = format!("{}/three", registry.address());
    let reference = shipper().push(image.0, &repository, login()).await.unwrap();
    image.remove();
    let rig = Rig::with_image(image.0);
    let node = &rig.containers;
    let source =
        |login| BTreeMap::from([("octave".to_owned(), ImageSource { reference: reference.clone(), login })]);
    let told = async |what: fn(&simulay_containers::NodeStatus) -> bool| {
        while !what(&node.node().await.unwrap()) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        ended = node.keep_images(source(None)) => panic!("{ended:?}"),
        () = told(|status| status.pulls.get("octave").is_some_and(|why| why.contains("docker login"))) => {}
    }
    assert!(!node.node().await.unwrap().has("octave", image.0));
    tokio::select! {
        ended = node.keep_images(source(login())) => panic!("{ended:?}"),
        () = told(|status| status.images.iter().all(|image| image.present) && status.pulls.is_empty()) => {}
    }
    assert!(image.is_there());
}
