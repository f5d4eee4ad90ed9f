use simulay_model::RunId;

use super::*;
use crate::policy::tests::{call, manifest};

/// Takes anything.
struct Nowhere;

#[async_trait]
impl Exchange for Nowhere {
    async fn open(
        &self,
        _: Digest,
    ) -> std::io::Result<(u64, futures_util::stream::BoxStream<'static, std::io::Result<Bytes>>)> {
        Err(std::io::ErrorKind::NotFound.into())
    }

    async fn stream(&self, _: Stream, _: u64, _: Bytes) -> std::io::Result<()> {
        Ok(())
    }

    async fn output(&self, _: RelativePath, _: u64) -> std::io::Result<Box<dyn crate::OutputSink>> {
        Err(std::io::ErrorKind::StorageFull.into())
    }
}

fn name(call: u32) -> ContainerName {
    ContainerName { run: RunId::generate(), step: 0, call, attempt: 0 }
}

fn admitted(containers: &Scripted) -> Admitted {
    containers.admit(&call(), &manifest()).unwrap()
}

#[tokio::test]
async fn acts_follow_each_other_and_the_last_is_repeated() {
    let containers = Scripted::new();
    containers.on("solve-1", Act::breaks(|| ContainerError::Lost("gone".to_owned())));
    containers.on("solve-1", Act::exits(3));
    let call = admitted(&containers);
    let mut endings = Vec::new();
    for number in 0..3 {
        let ended =
            containers.run(name(number), &call, &Nowhere, Begin::Start, CancellationToken::new()).await;
        endings.push(ended.map(|completed| completed.ending).ok());
    }
    assert_eq!(endings, [None, Some(Ending::Exited(3)), Some(Ending::Exited(3))]);
    assert_eq!((containers.starts().len(), containers.present().len()), (3, 2));
}

#[tokio::test]
async fn a_held_container_is_adopted_released_and_removed() {
    let containers = Scripted::new();
    let (name, call) = (name(0), admitted(&containers));
    containers.leave(name, Act::exits(0).held());
    let running = containers.run(name, &call, &Nowhere, Begin::Start, CancellationToken::new());
    let (completed, ()) = tokio::join!(running, async { containers.release("solve-1") });
    assert_eq!(completed.unwrap().ending, Ending::Exited(0));
    assert!(containers.starts().is_empty());
    containers.remove(name).await.unwrap();
    assert!(containers.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_cancelled_container_is_gone_and_an_absent_daemon_says_so() {
    let containers = Scripted::new();
    containers.on("solve-1", Act::exits(0).held());
    let (name, call, cancel) = (name(0), admitted(&containers), CancellationToken::new());
    let running = containers.run(name, &call, &Nowhere, Begin::Start, cancel.clone());
    let (ended, ()) = tokio::join!(running, async { cancel.cancel() });
    assert!(matches!(ended, Err(ContainerError::Cancelled)));
    assert!(containers.present().is_empty());
    containers.set_absent(true);
    assert!(matches!(containers.ping().await, Err(ContainerError::Unavailable(_))));
}
