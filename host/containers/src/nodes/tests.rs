use std::collections::BTreeMap;

use parking_lot::Mutex;
use simulay_model::{ContainerCall, Digest, OnFailure, Resources, RunId};

use super::*;
use crate::conformance::{self, Subject, calls};
use crate::scripted::{Act, Ledger, Scripted};
use crate::{Containers, ImageId, Limits, Permissions, Policy, Reserving};

/// Memory of one call with all that goes with it, MiB.
const CALL_MIB: u64 = 100;
/// What one call asks for.
const ASKED: Resources = Resources { cpu_milli: 1000, memory_mib: 10, scratch_mib: 10, timeout_ms: 1000 };

fn policy(images: &[&str]) -> Policy {
    let id = |name: &&str| ((*name).to_owned(), ImageId::from(Digest::of(name.as_bytes())));
    // What is printed is not held: a call takes 100 MiB.
    let limits = Limits { max_stream_bytes: 0, ..Limits::default() };
    Policy { images: images.iter().map(id).collect(), limits, ..Policy::default() }
}

/// A node with room for so many calls.
pub(super) fn node(name: &str, calls: u64, images: &[&str]) -> Scripted {
    let capacity = Capacity { cpu_milli: 1000 * calls, memory_mib: CALL_MIB * calls };
    Scripted::with_policy(policy(images)).on_node(name, capacity)
}

/// Nodes that come and go.
#[derive(Clone, Default)]
pub(super) struct Known(Arc<Mutex<BTreeMap<String, Arc<dyn Containers>>>>);

impl Known {
    fn of(nodes: &[&Scripted]) -> Self {
        let known = Self::default();
        for (index, node) in nodes.iter().enumerate() {
            known.add(&format!("10.0.0.{index}"), reserving((*node).clone()));
        }
        known
    }

    pub(super) fn add(&self, address: &str, node: Arc<dyn Containers>) {
        self.0.lock().insert(address.to_owned(), node);
    }

    pub(super) fn remove(&self, address: &str) {
        self.0.lock().remove(address);
    }
}

pub(super) fn reserving(node: Scripted) -> Arc<dyn Containers> {
    Arc::new(Reserving::new(node, Arc::new(policy(&["octave", "shell"])), Capacity::default()))
}

#[async_trait]
impl Discovery for Known {
    async fn nodes(&self) -> Result<Vec<Discovered>, DiscoveryError> {
        let known = self.0.lock();
        let found = |(address, containers): (&String, &Arc<dyn Containers>)| Discovered {
            address: address.clone(),
            containers: containers.clone(),
        };
        Ok(known.iter().map(found).collect())
    }
}

pub(super) fn nodes(known: &Known) -> Nodes {
    Nodes::new(Arc::new(known.clone()), Arc::new(policy(&["octave", "shell"])), NodesSettings::default())
}

pub(super) fn name(call: u32) -> ContainerName {
    ContainerName { run: RunId::generate(), step: 0, call, attempt: 0 }
}

fn request(name: ContainerName, begin: Begin) -> ExecutionRequest {
    let call = ContainerCall {
        name: "solve".to_owned(),
        image: "octave".to_owned(),
        command: vec!["true".to_owned()],
        env: Vec::new(),
        files: Vec::new(),
        outputs: Vec::new(),
        excludes: Vec::new(),
        keep_unchanged: true,
        resources: ASKED,
        on_failure: OnFailure::FailRun,
        deterministic: true,
    };
    let permissions = Permissions { images: ["octave".to_owned()].into(), max_resources: ASKED };
    ExecutionRequest { name, call, permissions, begin, fence: 1, tenant: None }
}

pub(super) async fn start(nodes: &Nodes, name: ContainerName) -> Result<Completed, ContainerError> {
    nodes.run(request(name, Begin::Start), &Ledger::default(), CancellationToken::new()).await
}

pub(super) async fn adopt(nodes: &Nodes, name: ContainerName) -> Result<Completed, ContainerError> {
    nodes.run(request(name, Begin::Adopt), &Ledger::default(), CancellationToken::new()).await
}

/// Lets every call of `on` be held.
pub(super) fn hold(on: &[&Scripted]) {
    for node in on {
        node.on("solve", Act::exits(0).held());
    }
}

pub(super) async fn until(what: impl Fn() -> bool) {
    while !what() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_calls_of_a_step_spread_over_the_nodes() {
    let (a, b, c) = (node("a", 4, &["octave"]), node("b", 4, &["octave"]), node("c", 4, &["octave"]));
    hold(&[&a, &b, &c]);
    let nodes = nodes(&Known::of(&[&a, &b, &c]));
    let all = join_all((0..6).map(|call| start(&nodes, name(call))));
    let release = async {
        until(|| a.starts().len() + b.starts().len() + c.starts().len() == 6).await;
        assert_eq!([a.starts().len(), b.starts().len(), c.starts().len()], [2, 2, 2]);
        [&a, &b, &c].iter().for_each(|node| node.release("solve"));
    };
    let (ended, ()) = tokio::join!(all, release);
    assert!(ended.iter().all(Result::is_ok), "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn a_node_without_the_image_gets_no_call_and_is_told() {
    let (with, without) = (node("with", 2, &["octave"]), node("without", 9, &["shell"]));
    let both = nodes(&Known::of(&[&with, &without]));
    for call in 0..4 {
        let name = name(call);
        start(&both, name).await.unwrap();
        both.remove(name, None).await.unwrap();
    }
    assert_eq!((with.starts().len(), without.starts().len()), (4, 0));
    let images = both.images().await.unwrap();
    let lacking: Vec<_> = images.iter().map(|image| (&*image.name, image.lacking.concat())).collect();
    assert_eq!(lacking, [("octave", "without".to_owned()), ("shell", "with".to_owned())]);
    let ended = start(&nodes(&Known::of(&[&without])), name(0)).await.unwrap_err();
    assert!(
        matches!(&ended, ContainerError::ImageUnavailable { nodes, .. } if nodes == &["without"]),
        "{ended}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_for_room_until_a_container_is_removed() {
    let only = node("only", 1, &["octave"]);
    let nodes = nodes(&Known::of(&[&only]));
    let (first, second) = (name(0), name(1));
    start(&nodes, first).await.unwrap();
    let (ended, ()) = tokio::join!(start(&nodes, second), async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(only.starts(), [first], "what ended holds its results");
        nodes.remove(first, None).await.unwrap();
    });
    ended.unwrap();
    assert_eq!(only.starts(), [first, second]);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_room_ends_with_the_bound_or_when_it_is_cancelled() {
    let only = node("only", 1, &["octave"]);
    let nodes = nodes(&Known::of(&[&only]));
    start(&nodes, name(0)).await.unwrap();
    assert!(matches!(start(&nodes, name(1)).await, Err(ContainerError::NoRoom(_))));
    let cancel = CancellationToken::new();
    let (exchange, request) = (Ledger::default(), request(name(2), Begin::Start));
    let (ended, ()) = tokio::join!(nodes.run(request, &exchange, cancel.clone()), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        cancel.cancel();
    });
    assert!(matches!(ended, Err(ContainerError::Cancelled)), "{ended:?}");
    assert_eq!(only.starts().len(), 1);
}

/// Smaller calls may go first, but not for ever.
#[tokio::test(start_paused = true)]
async fn a_big_call_gets_its_turn_though_small_ones_come_all_the_time() {
    let only = node("only", 2, &["octave"]);
    let nodes = nodes(&Known::of(&[&only]));
    let mut big = request(name(0), Begin::Start);
    big.call.resources.cpu_milli = 2000;
    big.permissions.max_resources.cpu_milli = 2000;
    let big_name = big.name;
    let small = |after: u64| {
        let nodes = &nodes;
        async move {
            tokio::time::sleep(Duration::from_millis(after)).await;
            for call in 0..200 {
                let name = name(call);
                start(nodes, name).await.unwrap();
                tokio::time::sleep(Duration::from_millis(700)).await;
                nodes.remove(name, None).await.unwrap();
            }
        }
    };
    let (ledger, begun) = (Ledger::default(), Instant::now());
    let big = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        nodes.run(big, &ledger, CancellationToken::new()).await.unwrap();
        nodes.remove(big_name, None).await.unwrap();
        begun.elapsed()
    };
    let (waited, (), ()) = tokio::join!(big, small(0), small(350));
    assert!(waited < Duration::from_secs(15), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn two_runners_never_place_more_on_a_node_than_it_has() {
    let (a, b) = (node("a", 2, &["octave"]), node("b", 3, &["octave"]));
    let known = Known::of(&[&a, &b]);
    let runners = [nodes(&known), nodes(&known)];
    let most = Mutex::new(Vec::new());
    let call = |index: u32| {
        let (runner, name) = (&runners[index as usize % 2], name(index));
        let (a, b, most) = (&a, &b, &most);
        async move {
            start(runner, name).await.unwrap();
            let seen = (a.present().len(), b.present().len());
            most.lock().push(seen);
            tokio::time::sleep(Duration::from_millis(300)).await;
            runner.remove(name, None).await.unwrap();
        }
    };
    join_all((0..40).map(call)).await;
    let most = |of: fn(&(usize, usize)) -> usize| most.lock().iter().map(of).max();
    assert_eq!((most(|seen| seen.0), most(|seen| seen.1)), (Some(2), Some(3)), "all of both, and no more");
    assert_eq!(a.starts().len() + b.starts().len(), 40);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_vanishes_breaks_its_call_and_gets_no_other() {
    let (a, b) = (node("a", 2, &["octave"]), node("b", 2, &["octave"]));
    a.on("solve", Act::breaks(|| ContainerError::Unavailable("the line is dead".to_owned())));
    let nodes = nodes(&Known::of(&[&a, &b]));
    assert_eq!(nodes.capacity().await.unwrap().unwrap().cpu_milli, 4000);
    let ended = start(&nodes, name(0)).await;
    assert!(matches!(ended, Err(ContainerError::Unavailable(_))), "it may have begun there: {ended:?}");
    a.set_absent(true);
    nodes.capacity_changed().await;
    start(&nodes, name(1)).await.unwrap();
    assert_eq!((a.starts().len(), b.starts().len()), (1, 1));
    assert_eq!(nodes.capacity().await.unwrap().unwrap().cpu_milli, 2000);
    a.set_absent(false);
    nodes.capacity_changed().await;
    assert_eq!(nodes.capacity().await.unwrap().unwrap().cpu_milli, 4000);
}

#[tokio::test(start_paused = true)]
async fn what_is_on_a_node_that_answers_is_adopted_though_another_is_away() {
    let (a, b) = (node("a", 2, &["octave"]), node("b", 2, &["octave"]));
    let (there, away) = (name(0), name(1));
    a.leave(there, Act::exits(7));
    b.set_absent(true);
    let nodes = nodes(&Known::of(&[&a, &b]));
    let begun = Instant::now();
    adopt(&nodes, there).await.unwrap();
    assert!(begun.elapsed() < NodesSettings::default().absence);
    let ended = adopt(&nodes, away).await;
    assert!(matches!(ended, Err(ContainerError::Lost(_))), "{ended:?}");
    assert!(begun.elapsed() >= NodesSettings::default().absence, "the node that is away was waited for");
    assert!(a.starts().is_empty() && b.starts().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_on_a_node_that_comes_back_in_time_is_adopted() {
    let (a, b) = (node("a", 2, &["octave"]), node("b", 2, &["octave"]));
    let left = name(0);
    b.leave(left, Act::exits(7));
    b.set_absent(true);
    let nodes = nodes(&Known::of(&[&a, &b]));
    let wanted = [left];
    let (found, ()) = tokio::join!(nodes.find(&wanted), async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        b.set_absent(false);
    });
    assert_eq!(found.unwrap(), [left]);
    adopt(&nodes, left).await.unwrap();
    let nowhere = adopt(&nodes, name(1)).await;
    assert!(matches!(nowhere, Err(ContainerError::Lost(_))), "{nowhere:?}");
    assert!(a.starts().is_empty() && b.starts().is_empty());
}

#[tokio::test(start_paused = true)]
async fn when_no_node_answers_nothing_counts_as_lost() {
    let a = node("a", 2, &["octave"]);
    a.leave(name(0), Act::exits(7));
    a.set_absent(true);
    let nodes = nodes(&Known::of(&[&a]));
    let found = nodes.find(&[name(0)]).await;
    assert!(matches!(found, Err(ContainerError::Unavailable(_))), "{found:?}");
    assert!(matches!(nodes.list().await, Err(ContainerError::Unavailable(_))));
    assert!(matches!(start(&nodes, name(1)).await, Err(ContainerError::Unavailable(_))));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_drains_ends_what_it_has_and_gets_no_more() {
    let (a, b) = (node("a", 4, &["octave"]), node("b", 4, &["octave"]));
    hold(&[&a]);
    let draining = Reserving::new(a.clone(), Arc::new(policy(&["octave"])), Capacity::default());
    let (draining, known) = (Arc::new(draining), Known::default());
    known.add("a", draining.clone());
    let nodes = nodes(&known);
    let (ended, ()) = tokio::join!(start(&nodes, name(0)), async {
        until(|| a.starts().len() == 1).await;
        draining.set_draining(true);
        known.add("b", reserving(b.clone()));
        start(&nodes, name(1)).await.unwrap();
        assert_eq!((a.starts().len(), b.starts().len()), (1, 1));
        a.release("solve");
    });
    ended.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_node_that_left_keeps_its_call_and_is_forgotten_after() {
    let (a, b) = (node("a", 4, &["octave"]), node("b", 4, &["octave"]));
    hold(&[&a]);
    let known = Known::of(&[&a]);
    let (nodes, first) = (nodes(&known), name(0));
    let (ended, ()) = tokio::join!(start(&nodes, first), async {
        until(|| a.starts().len() == 1).await;
        known.0.lock().clear();
        known.add("b", reserving(b.clone()));
        tokio::time::sleep(Duration::from_secs(60)).await;
        a.release("solve");
    });
    ended.unwrap();
    nodes.remove(first, None).await.unwrap();
    assert!(a.present().is_empty());
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(nodes.board.nodes().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_node_whose_docker_is_silent_started_nothing_and_says_so() {
    let a = node("a", 2, &["octave"]);
    a.set_absent(true);
    let reserving = reserving(a);
    let (ledger, request) = (Ledger::default(), |begin| request(name(0), begin));
    let run = |begin| reserving.run(request(begin), &ledger, CancellationToken::new());
    assert!(matches!(run(Begin::Start).await, Err(ContainerError::NoRoom(_))));
    assert!(matches!(run(Begin::Adopt).await, Err(ContainerError::Unavailable(_))), "it may be there");
}

/// Tells nothing.
struct Nobody;

#[async_trait]
impl Discovery for Nobody {
    async fn nodes(&self) -> Result<Vec<Discovered>, DiscoveryError> {
        Err(DiscoveryError("no such name".to_owned()))
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_nobody_can_tell_a_node_for_is_given_back() {
    let nodes = Nodes::new(Arc::new(Nobody), Arc::new(policy(&["octave"])), NodesSettings::default());
    let ended = start(&nodes, name(0)).await;
    assert!(matches!(ended, Err(ContainerError::NoRoom(_))), "{ended:?}");
}

struct TwoNodes([Scripted; 2]);

#[async_trait]
impl Subject for TwoNodes {
    fn host(&self) -> Box<dyn Containers> {
        let known = Known::of(&[&self.0[0], &self.0[1]]);
        let policy = Arc::new(policy(&[calls::IMAGE]));
        Box::new(Nodes::new(Arc::new(known), policy, NodesSettings::default()))
    }

    async fn release(&self, request: &ExecutionRequest) {
        self.0.iter().for_each(|node| node.release(&request.call.name));
    }
}

#[tokio::test(start_paused = true)]
async fn many_nodes_do_what_every_container_runtime_does() {
    let of = |name| node(name, 9, &[calls::IMAGE]);
    let nodes = [of("a"), of("b")];
    for node in &nodes {
        node.on(calls::FAILS, Act::exits(calls::CODE));
        let whole = calls::TAKEN.concat();
        let copies = Act::exits(0).stdout(whole.clone()).stderr(calls::COMPLAINT).output(calls::COPY, whole);
        node.on(calls::COPIES, copies);
        for waiting in ["adopted", "let-go", "cancelled"] {
            for line in ["first", "second", "third"] {
                node.on(waiting, Act::exits(0).stdout(format!("{line}\n")).held());
            }
        }
    }
    conformance::check(&TwoNodes(nodes)).await;
}
