//! Containers behind a connection are like any other.

use async_trait::async_trait;
use simulay_containers::conformance::{Subject, check, check_fences};
use simulay_containers::{ContainerError, Containers, Execution as _, ExecutionRequest, Inventory as _};
use simulay_model::{ContainerName, RunId};
use simulay_rpc::Role;

use crate::rig::Rig;

#[async_trait]
impl Subject for Rig {
    fn host(&self) -> Box<dyn Containers> {
        Box::new(self.runner())
    }

    async fn release(&self, request: &ExecutionRequest) {
        self.containers.release(&request.call.name);
    }
}

#[tokio::test]
async fn containers_of_another_process_are_like_any_other() {
    check(&Rig::new()).await;
}

#[tokio::test]
async fn of_several_runners_the_newest_lease_has_the_containers() {
    check_fences(&Rig::new()).await;
}

#[tokio::test]
async fn an_absent_daemon_is_told() {
    let rig = Rig::new();
    rig.containers.set_absent(true);
    let pinged = rig.runner().ping().await;
    assert!(matches!(pinged, Err(ContainerError::Unavailable(_))), "{pinged:?}");
}

#[tokio::test]
async fn a_role_may_do_what_it_needs_and_nothing_else() {
    let rig = Rig::new();
    let name = ContainerName { run: RunId::generate(), step: 0, call: 0, attempt: 0 };
    for (role, allowed) in [(Role::Runner, true), (Role::Api, false), (Role::Containers, false)] {
        let client = rig.client(&rig.authority.credentials(role), rig.node.address);
        assert_eq!(client.list().await.is_ok(), allowed, "{role}");
        assert_eq!(client.remove(name, None).await.is_ok(), allowed, "{role}");
    }
}
