//! Putting init into an image.

use std::process::Command;

use simulay_containers::ContainerError;
use simulay_containers::scripted::Memory;
use simulay_containers_docker::{Address, RegisterError, Registrar};
use simulay_model::Digest;

use crate::rig::{SOCKET, docker};

fn registrar() -> Registrar {
    Registrar::new(&Address::Unix(SOCKET.into()), None).unwrap()
}

#[tokio::test]
async fn an_image_gets_its_init_and_keeps_the_rest() {
    // What is put in need not run: it only has to look like a program.
    let program = [b"\x7fELF".as_slice(), b"of this test only"].concat();
    let registrar = registrar();
    let base = registrar.inspect("debian:trixie-slim").await.unwrap();
    assert!(!base.has_init);
    let id = registrar.register("debian:trixie-slim", &program).await.unwrap();
    let built = registrar.inspect(&id.to_string()).await.unwrap();
    assert_eq!(built.id, id);
    assert!(built.has_init && built.platform == "linux/amd64", "{built:?}");
    let image = docker(&["image", "inspect", &id.to_string()]).unwrap();
    let (config, tags) = (&image[0]["Config"], &image[0]["RepoTags"]);
    let tag = format!("simulay/registered:{}", &id.to_string()[7..19]);
    assert_eq!(tags, &serde_json::json!([tag]), "`docker image prune` takes what has no tag");
    assert_eq!((&config["User"], &config["WorkingDir"]), (&"65532:65532".into(), &"/sim".into()));
    let arguments = ["run", "--rm", "--network=none", "--entrypoint=cat", &id.to_string(), "/simulay-init"];
    assert_eq!(Command::new("docker").args(arguments).output().unwrap().stdout, program);
    let again = registrar.register("debian:trixie-slim", &program).await.unwrap();
    assert_eq!(again, id);
    assert!(Command::new("docker").args(["rmi", &id.to_string()]).output().unwrap().status.success());
}

#[tokio::test]
async fn what_cannot_be_registered_says_why() {
    let registrar = registrar();
    let missing = registrar.register("no/such-image", b"\x7fELF").await;
    assert!(matches!(missing, Err(RegisterError::NotFound(_))), "{missing:?}");
    let script = registrar.register("debian:trixie-slim", b"#!/bin/sh\n").await;
    assert!(matches!(script, Err(RegisterError::NotAProgram)), "{script:?}");
    let hostile = registrar.inspect("../containers/x").await;
    assert!(matches!(hostile, Err(RegisterError::Reference(_))), "{hostile:?}");
}

#[tokio::test]
async fn an_image_without_init_says_so() {
    let image = docker(&["image", "inspect", "debian:trixie-slim"]).unwrap();
    let rig = crate::rig::Rig::with_image(image[0]["Id"].as_str().unwrap().parse().unwrap());
    let ended = rig.run(&crate::rig::shell("true"), &Memory::new()).await;
    let said = ended.unwrap_err();
    assert!(matches!(said, ContainerError::ImageNotAllowed { .. }), "{said:?}");
    assert!(said.to_string().contains("simulay images register"));
    assert_eq!(rig.inspect(), None);
}

#[tokio::test]
async fn an_image_docker_lost_says_so() {
    let rig = crate::rig::Rig::with_image(format!("sha256:{}", "0".repeat(64)).parse().unwrap());
    let ended = rig.run(&crate::rig::shell("true"), &Memory::new()).await;
    assert!(matches!(ended, Err(ContainerError::ImageUnavailable { .. })), "{ended:?}");
}

/// Builds an image of this test only.
fn build(tag: &str, dockerfile: &str) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("Dockerfile"), dockerfile).unwrap();
    let mut docker = Command::new("docker");
    let built = docker.args(["build", "--quiet", "--tag", tag]).arg(folder.path()).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
}

fn forget(image: &str) {
    let removed = Command::new("docker").args(["rmi", "--force", image]).output().unwrap();
    assert!(removed.status.success(), "{}", String::from_utf8_lossy(&removed.stderr));
}

#[tokio::test]
async fn an_image_with_volumes_is_refused_when_registered_and_when_it_was_before() {
    let (tag, base) = ("simulay-test/volumes:1", crate::rig::image_id());
    build(tag, &format!("FROM {base}\nVOLUME [\"/data\", \"/var/solver\"]\n"));
    let registrar = registrar();
    let refused = registrar.register(tag, b"\x7fELF").await.unwrap_err();
    let RegisterError::Volumes(volumes) = &refused else { panic!("{refused:?}") };
    assert_eq!(volumes, &["/data", "/var/solver"]);
    assert!(refused.to_string().contains("docker export"), "{refused}");
    // As one that an older host registered.
    let rig = crate::rig::Rig::with_image(registrar.inspect(tag).await.unwrap().id);
    let ended = rig.run(&crate::rig::shell("true"), &Memory::new()).await;
    let said = ended.unwrap_err();
    assert!(matches!(said, ContainerError::ImageNotAllowed { .. }), "{said:?}");
    assert!(said.to_string().contains("VOLUME /data, /var/solver"), "{said}");
    assert_eq!(rig.inspect(), None);
    forget(tag);
}

#[tokio::test]
async fn volumes_that_come_with_a_build_are_refused_as_well() {
    let tag = "simulay-test/later-volumes:1";
    build(tag, "FROM debian:trixie-slim\nONBUILD VOLUME /data\n");
    let refused = registrar().register(tag, b"\x7fELF").await;
    assert!(matches!(refused, Err(RegisterError::Volumes(_))), "{refused:?}");
    forget(tag);
}

#[tokio::test]
async fn an_image_is_registered_anew_from_what_it_was_made_from_or_else_from_itself() {
    let (old, new) = (b"\x7fELF, an older one".as_slice(), b"\x7fELF, a newer one".as_slice());
    let tag = "simulay-test/source:1";
    build(tag, "FROM debian:trixie-slim\nLABEL test=renewal\n");
    let registrar = registrar();
    let first = registrar.register(tag, old).await.unwrap();
    let facts = registrar.inspect(&first.to_string()).await.unwrap();
    assert_eq!(
        (facts.init, facts.base),
        (Some(Digest::of(old)), Some(registrar.inspect(tag).await.unwrap().id))
    );
    // The tag moves on, which changes nothing.
    build(tag, "FROM debian:trixie-slim\nLABEL test=another\n");
    let second = registrar.renew(first, new).await.unwrap();
    let renewed = registrar.inspect(&second.to_string()).await.unwrap();
    assert_eq!((renewed.init, renewed.has_init), (Some(Digest::of(new)), true));
    let image = docker(&["image", "inspect", &second.to_string()]).unwrap();
    assert_eq!(image[0]["Config"]["Labels"]["test"], "renewal");
    assert_eq!(registrar.renew(second, new).await.unwrap(), second, "nothing changes twice");
    [tag.to_owned(), first.to_string(), second.to_string()].iter().for_each(|image| forget(image));
}
