//! Docker does what every container runtime does.

use std::process::Command;
use std::sync::Arc;

use async_trait::async_trait;
use simulay_containers::conformance::{Subject, calls, check};
use simulay_containers::{Containers, ExecutionRequest, Policy};
use simulay_containers_docker::{
    Address, DockerContainers, DockerSettings, PoolSettings, Runtime, docker_name,
};
use uuid::Uuid;

use crate::pool::POOL;
use crate::rig::{SOCKET, image_id};

/// The containers of one instance; all are removed when it is dropped.
struct Instance(Uuid, PoolSettings);

#[async_trait]
impl Subject for Instance {
    fn host(&self) -> Box<dyn Containers> {
        let images = [(calls::IMAGE.to_owned(), image_id())].into();
        let settings = DockerSettings {
            address: Address::Unix(SOCKET.into()),
            tls: None,
            instance: self.0,
            owner: None,
            policy: Policy { images, ..Policy::default() },
            runtime: Runtime::Runc,
            pool: self.1,
        };
        let containers = Arc::new(DockerContainers::new(settings).unwrap());
        tokio::spawn(containers.clone().keep_pool());
        Box::new(containers)
    }

    async fn release(&self, request: &ExecutionRequest) {
        let name = docker_name(request.name, self.0);
        let done = Command::new("docker").args(["exec", &name, "touch", "/sim/go"]).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // Also after a failed test.
        let filter = format!("label=org.simulay.instance={}", self.0);
        let found = Command::new("docker").args(["ps", "--all", "--quiet", "--filter", &filter]).output();
        let ids = String::from_utf8(found.unwrap().stdout).unwrap();
        for id in ids.lines() {
            let _ = Command::new("docker").args(["rm", "--force", id]).output();
        }
    }
}

#[tokio::test]
async fn docker_is_like_any_other() {
    check(&Instance(Uuid::new_v4(), PoolSettings::NONE)).await;
}

#[tokio::test]
async fn docker_is_like_any_other_when_containers_wait() {
    check(&Instance(Uuid::new_v4(), POOL)).await;
}
