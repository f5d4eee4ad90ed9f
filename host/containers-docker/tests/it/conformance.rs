//! Docker does what every container runtime does.

use std::process::Command;
use std::sync::{Arc, Mutex, Weak};

use async_trait::async_trait;
use simulay_containers::conformance::{Subject, calls, check};
use simulay_containers::{Containers, ExecutionRequest, Policy};
use simulay_containers_docker::{Address, DockerContainers, DockerSettings, PoolSettings, Runtime};
use uuid::Uuid;

use crate::pool::POOL;
use crate::rig::{SOCKET, image_id};

/// The containers of one instance; all are removed when it is dropped.
struct Instance {
    id: Uuid,
    pool: PoolSettings,
    /// The newest, which knows what others left.
    newest: Mutex<Weak<DockerContainers>>,
}

impl Instance {
    fn new(pool: PoolSettings) -> Self {
        Self { id: Uuid::new_v4(), pool, newest: Mutex::default() }
    }
}

#[async_trait]
impl Subject for Instance {
    fn host(&self) -> Box<dyn Containers> {
        let images = [(calls::IMAGE.to_owned(), image_id())].into();
        let settings = DockerSettings {
            address: Address::Unix(SOCKET.into()),
            tls: None,
            instance: self.id,
            owner: None,
            policy: Policy { images, ..Policy::default() },
            runtime: Runtime::Runc,
            pool: self.pool,
        };
        let containers = Arc::new(DockerContainers::new(settings).unwrap());
        tokio::spawn(containers.clone().keep_pool());
        *self.newest.lock().unwrap() = Arc::downgrade(&containers);
        Box::new(containers)
    }

    async fn release(&self, request: &ExecutionRequest) {
        let newest = self.newest.lock().unwrap().upgrade().expect("there is a host");
        let name = newest.called(request.name);
        let done = Command::new("docker").args(["exec", &name, "touch", "/sim/go"]).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // Also after a failed test.
        let filter = format!("label=org.simulay.instance={}", self.id);
        let found = Command::new("docker").args(["ps", "--all", "--quiet", "--filter", &filter]).output();
        let ids = String::from_utf8(found.unwrap().stdout).unwrap();
        for id in ids.lines() {
            let _ = Command::new("docker").args(["rm", "--force", id]).output();
        }
    }
}

#[tokio::test]
async fn docker_is_like_any_other() {
    check(&Instance::new(PoolSettings::NONE)).await;
}

#[tokio::test]
async fn docker_is_like_any_other_when_containers_wait() {
    check(&Instance::new(POOL)).await;
}
