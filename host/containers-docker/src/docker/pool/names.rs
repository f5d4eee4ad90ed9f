//! What containers are called that are not called as attempts are, and which of these names nobody answers for.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::naming::{key_name, name_aside, pool_name};

/// The names that this life of the host gave, or took up.
#[derive(Default)]
pub(in crate::docker) struct Names {
    given: Mutex<Given>,
    /// Rung when there is something to be removed.
    bell: Notify,
}

#[derive(Default)]
struct Given {
    /// Somebody answers for them.
    held: BTreeSet<String>,
    /// What is called so is to be removed.
    waste: BTreeSet<String>,
}

/// The name of a container that waits, serves an attempt, or is to be removed. Dropped, it has what is called so
/// removed: whatever came of a request whose answer was lost, or was not waited for.
pub(in crate::docker) struct WarmName {
    name: String,
    names: Arc<Names>,
}

impl Names {
    /// A name of its own.
    pub(in crate::docker) fn give(self: &Arc<Self>, instance: Uuid) -> WarmName {
        self.hold(pool_name(Uuid::new_v4(), instance))
    }

    /// One of a container that is to be removed.
    pub(in crate::docker) fn give_aside(self: &Arc<Self>, instance: Uuid) -> WarmName {
        self.hold(name_aside(Uuid::new_v4(), instance))
    }

    /// One that says for whom a container waits.
    pub(in crate::docker) fn give_for(self: &Arc<Self>, key: &str, instance: Uuid) -> WarmName {
        self.hold(key_name(key, Uuid::new_v4(), instance))
    }

    /// Whether somebody answers for what is called so, or it is to be removed.
    pub(in crate::docker) fn has(&self, name: &str) -> bool {
        let given = self.given.lock();
        given.held.contains(name) || given.waste.contains(name)
    }

    /// One that is given already, as by an earlier life of the host.
    pub(in crate::docker) fn hold(self: &Arc<Self>, name: String) -> WarmName {
        self.given.lock().held.insert(name.clone());
        WarmName { name, names: self.clone() }
    }

    /// What is to be removed.
    pub(in crate::docker) fn waste(&self) -> Vec<String> {
        self.given.lock().waste.iter().cloned().collect()
    }

    /// Nothing is called so any more.
    pub(in crate::docker) fn forget(&self, name: &str) {
        self.given.lock().waste.remove(name);
    }

    /// Of what is called so, all that nobody answers for is to be removed.
    pub(in crate::docker) fn find(&self, present: impl IntoIterator<Item = String>) {
        let mut given = self.given.lock();
        let strange: Vec<_> = present.into_iter().filter(|name| !given.held.contains(name)).collect();
        given.waste.extend(strange);
        drop(given);
        self.bell.notify_one();
    }

    /// Returns once it was rung for.
    pub(in crate::docker) async fn rung(&self) {
        self.bell.notified().await;
    }
}

impl WarmName {
    pub(in crate::docker) fn as_str(&self) -> &str {
        &self.name
    }
}

impl Drop for WarmName {
    fn drop(&mut self) {
        let mut given = self.names.given.lock();
        given.held.remove(&self.name);
        given.waste.insert(std::mem::take(&mut self.name));
        drop(given);
        self.names.bell.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_answers_for_is_removed() {
        let names = Arc::<Names>::default();
        let instance = Uuid::now_v7();
        let [waits, dropped] = [(); 2].map(|()| names.give(instance));
        let [still, lost] = [&waits, &dropped].map(|name| name.as_str().to_owned());
        assert_eq!(names.waste(), Vec::<String>::new());
        drop(dropped);
        assert_eq!(names.waste(), std::slice::from_ref(&lost));
        names.forget(&lost);
        names.find([still.clone(), "strange".to_owned()]);
        assert_eq!(names.waste(), ["strange"]);
        assert!(names.has(&still) && names.has("strange") && !names.has("older"));
        let taken_up = names.hold("older".to_owned());
        names.find(["older".to_owned()]);
        assert_eq!(names.waste(), ["strange"]);
        drop(taken_up);
        assert_eq!(names.waste(), ["older", "strange"]);
    }
}
