//! Putting init into an image.

use std::process::Command;

use simulay_containers::{Address, ContainerError, RegisterError, Registrar};

use crate::exchange::Memory;
use crate::rig::{SOCKET, docker};

fn registrar() -> Registrar {
    Registrar::new(&Address::Unix(SOCKET.into()), None).unwrap()
}

#[tokio::test]
async fn an_image_gets_its_init_and_keeps_the_rest() {
    // What is put in need not run: it only has to look like a program.
    let program = [b"\x7fELF".as_slice(), b"of this test only"].concat();
    let registrar = registrar();
    let base = registrar.inspect("debian:bookworm-slim").await.unwrap();
    assert!(!base.has_init);
    let id = registrar.register("debian:bookworm-slim", &program).await.unwrap();
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
    let again = registrar.register("debian:bookworm-slim", &program).await.unwrap();
    assert_eq!(again, id);
    assert!(Command::new("docker").args(["rmi", &id.to_string()]).output().unwrap().status.success());
}

#[tokio::test]
async fn what_cannot_be_registered_says_why() {
    let registrar = registrar();
    let missing = registrar.register("no/such-image", b"\x7fELF").await;
    assert!(matches!(missing, Err(RegisterError::NotFound(_))), "{missing:?}");
    let script = registrar.register("debian:bookworm-slim", b"#!/bin/sh\n").await;
    assert!(matches!(script, Err(RegisterError::NotAProgram)), "{script:?}");
    let hostile = registrar.inspect("../containers/x").await;
    assert!(matches!(hostile, Err(RegisterError::Reference(_))), "{hostile:?}");
}

#[tokio::test]
async fn an_image_without_init_says_so() {
    let image = docker(&["image", "inspect", "debian:bookworm-slim"]).unwrap();
    let rig = crate::rig::Rig::with_image(image[0]["Id"].as_str().unwrap().parse().unwrap());
    let ended = rig.run(&rig.admit(&crate::rig::shell("true")), &Memory::new()).await;
    let said = ended.unwrap_err();
    assert!(matches!(said, ContainerError::ImageNotAllowed { .. }), "{said:?}");
    assert!(said.to_string().contains("simulay images register"));
    assert_eq!(rig.inspect(), None);
}

#[tokio::test]
async fn an_image_docker_lost_says_so() {
    let rig = crate::rig::Rig::with_image(format!("sha256:{}", "0".repeat(64)).parse().unwrap());
    let ended = rig.run(&rig.admit(&crate::rig::shell("true")), &Memory::new()).await;
    assert!(matches!(ended, Err(ContainerError::ImageUnavailable { .. })), "{ended:?}");
}
