//! Connections are cut, and nothing is started twice.

use std::time::Duration;

use simulay_containers::conformance::calls;
use simulay_containers::scripted::{Act, Memory, Outputs};
use simulay_containers::{Begin, Completed, ContainerError, Execution, ExecutionRequest};
use simulay_model::{ContainerCall, Digest, Ending, File, Source};
use simulay_rpc::{NodeClient, Role, RpcSettings};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::authority::Authority;
use crate::proxy::{Proxy, To};
use crate::rig::{Rig, loopback, settings};

const SIZE: usize = 2_000_000;

/// A call that takes in a large artifact, prints much and leaves a large file.
fn large() -> (ExecutionRequest, Memory) {
    let (memory, digest) = Memory::with(vec![b'i'; SIZE]);
    let file = File { path: "in/large".to_owned(), content: Source::Artifact(digest) };
    let call = ContainerCall { name: "large".to_owned(), files: vec![file], ..calls::copying() };
    (calls::request(call), memory)
}

fn rig() -> Rig {
    let rig = Rig::new();
    let act = Act::exits(7).stdout(vec![b'p'; SIZE]).output("out/large", vec![b'o'; SIZE]);
    rig.containers.on("large", act);
    rig
}

async fn run(
    host: &dyn Execution,
    request: &ExecutionRequest,
    memory: &Memory,
) -> Result<Completed, ContainerError> {
    host.run(request.clone(), memory, CancellationToken::new()).await
}

fn assert_whole(rig: &Rig, request: &ExecutionRequest, memory: &Memory, ended: &Completed) {
    let outputs: Outputs = [("out/large".to_owned(), (SIZE as u64, Digest::of(&[b'o'; SIZE])))].into();
    assert_eq!(ended.ending, Ending::Exited(7));
    assert_eq!((memory.stdout().len(), memory.outputs()), (SIZE, outputs));
    assert_eq!(rig.containers.starts(), [request.name]);
    let received = rig.containers.received(request.name);
    assert_eq!(received, [("in/large".to_owned(), vec![b'i'; SIZE])]);
}

#[tokio::test]
async fn wherever_a_connection_is_cut_there_is_one_start_and_one_outcome() {
    let ways = [To::Node, To::Runner].into_iter();
    for (to, bytes) in ways.flat_map(|to| [100_000, 1_000_000, 1_900_000, 3_000_000].map(|bytes| (to, bytes)))
    {
        let rig = rig();
        let proxy = Proxy::before(rig.node.address).await;
        proxy.cut_after(to, bytes);
        let (request, memory) = large();
        let ended = run(&rig.runner_at(proxy.address), &request, &memory).await.unwrap();
        assert_whole(&rig, &request, &memory, &ended);
        // What goes to the node is less than the last of these.
        assert_eq!(proxy.connections(), if (to, bytes) == (To::Node, 3_000_000) { 1 } else { 2 });
    }
}

#[tokio::test]
async fn a_call_that_may_have_begun_is_never_started_again() {
    // From the first byte of a handshake to the middle of the inputs.
    for bytes in (0..6_000).step_by(250) {
        let rig = rig();
        let proxy = Proxy::before(rig.node.address).await;
        proxy.cut_after(To::Node, bytes);
        let (request, memory) = large();
        match run(&rig.runner_at(proxy.address), &request, &memory).await {
            Ok(ended) => assert_whole(&rig, &request, &memory, &ended),
            Err(ContainerError::Lost(_)) => assert_eq!(rig.containers.starts(), [], "{bytes}"),
            Err(error) => panic!("{bytes}: {error:?}"),
        }
    }
}

#[tokio::test]
async fn a_silent_network_is_noticed_and_the_call_found_again() {
    let rig = Rig::new();
    let proxy = Proxy::before(rig.node.address).await;
    let (request, memory) = (calls::request(calls::waiting("adopted")), Memory::new());
    let runner = rig.runner_at(proxy.address);
    let (ended, ()) = tokio::join!(run(&runner, &request, &memory), async {
        memory.printed("\n").await;
        proxy.lose_all();
        rig.containers.release("adopted");
    });
    assert_eq!(ended.unwrap().ending, Ending::Exited(0));
    assert_eq!((rig.containers.starts(), proxy.connections()), (vec![request.name], 2));
}

#[tokio::test]
async fn a_node_that_is_killed_or_stopped_goes_on_with_its_calls_when_it_is_back() {
    for kill in [true, false] {
        let mut rig = Rig::new();
        let (request, memory) = (calls::request(calls::waiting("adopted")), Memory::new());
        let runner = rig.runner();
        let (ended, ()) = tokio::join!(run(&runner, &request, &memory), async {
            memory.printed("\n").await;
            if !kill {
                rig.node.stop().await;
            }
            rig.revive();
            rig.containers.release("adopted");
        });
        assert_eq!(ended.unwrap().ending, Ending::Exited(0));
        assert_eq!(rig.containers.starts(), [request.name]);
    }
}

#[tokio::test]
async fn a_node_that_does_not_come_back_is_given_up() {
    let Rig { authority, containers, node } = Rig::new();
    let address = node.address;
    let credentials = authority.credentials(Role::Runner);
    let settings = RpcSettings { reattach: Duration::from_millis(300), ..settings() };
    let runner = NodeClient::new(&address.to_string(), &credentials, settings);
    let (request, memory) = (calls::request(calls::waiting("adopted")), Memory::new());
    let (ended, ()) = tokio::join!(run(&runner, &request, &memory), async {
        memory.printed("\n").await;
        drop(node);
    });
    assert!(matches!(ended, Err(ContainerError::Unavailable(_))), "{ended:?}");
    let refused = run(&runner, &calls::request(calls::failing()), &memory).await;
    assert!(matches!(refused, Err(ContainerError::NoRoom(_))), "nothing was started: {refused:?}");
    // The container goes on, for whoever finds it.
    assert_eq!(containers.present(), [request.name]);
}

#[tokio::test]
async fn a_node_that_is_there_and_says_nothing_is_given_up() {
    let authority = Authority::new();
    let silent = TcpListener::bind(loopback()).await.unwrap();
    let address = silent.local_addr().unwrap().to_string();
    // Each try takes longer than the longest pause between two.
    let connect = Duration::from_millis(2_100);
    let settings = RpcSettings { connect, reattach: 2 * connect, begin: connect, ..settings() };
    let runner = NodeClient::new(&address, &authority.credentials(Role::Runner), settings);
    let request = calls::request(calls::failing());
    let begun = ExecutionRequest { begin: Begin::Adopt, ..request.clone() };
    let (memory, other) = (Memory::new(), Memory::new());
    let (adopted, started) = tokio::join!(run(&runner, &begun, &memory), run(&runner, &request, &other));
    assert!(matches!(adopted, Err(ContainerError::Unavailable(_))), "{adopted:?}");
    assert!(matches!(started, Err(ContainerError::NoRoom(_))), "nothing was started: {started:?}");
}

#[tokio::test]
async fn a_runner_that_is_gone_leaves_its_container_to_the_next() {
    let rig = Rig::new();
    let (request, memory) = (calls::request(calls::waiting("adopted")), Memory::new());
    let runner = rig.runner();
    tokio::select! {
        ended = run(&runner, &request, &memory) => panic!("{ended:?}"),
        () = memory.printed("\n") => {}
    }
    drop(runner);
    rig.containers.release("adopted");
    let next = ExecutionRequest { begin: Begin::Adopt, fence: request.fence + 1, ..request.clone() };
    let ended = run(&rig.runner(), &next, &Memory::new()).await;
    assert_eq!(ended.unwrap().ending, Ending::Exited(0));
    assert_eq!(rig.containers.starts(), [request.name]);
}
