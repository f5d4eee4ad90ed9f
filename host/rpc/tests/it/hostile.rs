//! Whoever does not belong to the cluster gets nothing, and keeps nobody from being served.

use std::time::Duration;

use rcgen::SanType;
use simulay_containers::Inventory as _;
use simulay_rpc::{Identity, NodeClient, Role, RpcSettings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::client::Grpc;
use tonic::{Code, Request};
use tonic_prost::ProstCodec;
use uuid::Uuid;

use crate::authority::{Authority, expired, named, self_signed};
use crate::raw::{channel, is_greeted};
use crate::rig::{Rig, settings};

#[tokio::test]
async fn a_certificate_that_is_not_of_the_cluster_is_refused() {
    let rig = Rig::new();
    let (authority, node) = (&rig.authority, rig.node.address);
    let (ours, other) = (authority.params(Role::Runner), Authority::new());
    let of_another_cluster = named(Identity { cluster: Uuid::new_v4(), role: Role::Runner });
    let with_uri = |uri: &str| {
        let mut params = ours.clone();
        params.subject_alt_names.pop();
        params.subject_alt_names.push(SanType::URI(uri.to_owned().try_into().unwrap()));
        params
    };
    let (mut nameless, mut twofold) = (ours.clone(), ours.clone());
    nameless.subject_alt_names.pop();
    twofold.subject_alt_names.push(ours.subject_alt_names.last().unwrap().clone());
    let forged_role = with_uri(&format!("spiffe://{}/root", authority.cluster));
    for (what, shown) in [
        ("of another authority", other.sign(&ours)),
        ("self-signed", self_signed(&ours)),
        ("expired", authority.sign(&expired(ours.clone()))),
        ("of another cluster", authority.sign(&of_another_cluster)),
        ("without a name", authority.sign(&nameless)),
        ("with two names", authority.sign(&twofold)),
        ("with a role that there is not", authority.sign(&forged_role)),
    ] {
        assert!(!is_greeted(node, &authority.pem(), Some(&shown)).await, "{what}");
    }
    assert!(!is_greeted(node, &authority.pem(), None).await, "none");
    assert!(is_greeted(node, &authority.pem(), Some(&authority.sign(&ours))).await);
    rig.runner().ping().await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_not_of_the_cluster_is_not_believed() {
    let (rig, other) = (Rig::new(), Authority::new());
    let of_another_authority = other.credentials(Role::Runner);
    rig.client(&of_another_authority, rig.node.address).ping().await.unwrap_err();
    // The same authority signed for two clusters.
    let shown = rig.authority.sign(&named(Identity { cluster: other.cluster, role: Role::Runner }));
    let of_another_cluster = crate::authority::credentials(&rig.authority.pem(), &shown);
    rig.client(&of_another_cluster, rig.node.address).ping().await.unwrap_err();
}

#[tokio::test]
async fn plain_text_and_nonsense_get_no_answer() {
    let rig = Rig::new();
    let nonsense = vec![0xA5; 100_000];
    for said in
        [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03", &nonsense]
    {
        let mut stream = TcpStream::connect(rig.node.address).await.unwrap();
        // It may be cut off before it has said all.
        let _ = stream.write_all(said).await;
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard).await;
        assert!(!String::from_utf8_lossy(&heard).contains("HTTP"), "{heard:?}");
        rig.runner().ping().await.unwrap();
    }
}

#[tokio::test]
async fn who_says_nothing_keeps_nobody_from_being_served() {
    let rig = Rig::new();
    let mut silent = Vec::new();
    for _ in 0..400 {
        silent.push(TcpStream::connect(rig.node.address).await.unwrap());
    }
    let patient = RpcSettings { connect: Duration::from_secs(60), ..settings() };
    let credentials = rig.authority.credentials(Role::Runner);
    NodeClient::new(&rig.node.address.to_string(), &credentials, patient).ping().await.unwrap();
    for mut stream in silent {
        assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or(0), 0);
    }
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused() {
    let rig = Rig::new();
    let shown = rig.authority.sign(&rig.authority.params(Role::Runner));
    let mut grpc = Grpc::new(channel(rig.node.address, rig.authority.pem(), shown).await);
    for (bytes, code) in [(100, Code::InvalidArgument), (5 << 20, Code::OutOfRange)] {
        grpc.ready().await.unwrap();
        let (request, path) = (Request::new("x".repeat(bytes)), "/simulay.v1.Execution/Remove");
        let codec = ProstCodec::<String, ()>::default();
        let answer = grpc.unary(request, path.parse().unwrap(), codec).await;
        assert_eq!(answer.unwrap_err().code(), code);
    }
    rig.runner().ping().await.unwrap();
}
