//! Calls that follow each other in a container.

use simulay_containers::Tenant;
use simulay_containers::scripted::Memory;
use simulay_model::{Digest, Ending, Isolation, PluginRef, RunId};

use crate::pool::{Host, until, waiting_of};
use crate::rig::octave;

/// An account with a version of a plugin.
pub(crate) fn tenant(account: &str, version: &str) -> Tenant {
    let (name, version) = ("beam".parse().unwrap(), version.parse().unwrap());
    let plugin = PluginRef { name, sha256: Digest::of(b"component"), version };
    Tenant { account: account.parse().unwrap(), plugin }
}

impl Host {
    /// The container that served a call like others and waits for the next.
    pub(crate) async fn serves(&mut self) -> String {
        self.rig.name.run = RunId::generate();
        let (completed, memory) = self.rig.complete(&octave("disp(1)")).await;
        assert_eq!((completed.ending, memory.stdout().as_str()), (Ending::Exited(0), "1\n"));
        assert_eq!(completed.isolation, Isolation::Process);
        let waiting = waiting_of(self.instance);
        assert_eq!(waiting.len(), 1, "{waiting:?}");
        waiting[0].clone()
    }
}

#[tokio::test]
async fn calls_follow_each_other() {
    let mut host = Host::forking(tenant("ann", "1.0.0"));
    let container = host.serves().await;
    for _ in 0..20 {
        assert_eq!(host.serves().await, container);
    }
}
