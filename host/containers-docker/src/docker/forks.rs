//! Containers in which calls follow each other, where the operator grants that.
//!
//! Such a container serves one tenant: calls of one account, made by one version of one plugin, of one class, that ask
//! for one command. That command is started once in it, and has a child for each call, which is a user whom no other
//! call was. It serves one attempt at a time, until the end of the call is stored. Only then, and only when all went as
//! it should, it is *given back* instead of removed: init makes it as it was before the call, says so, and has no job any
//! more. So a host that is killed in the middle leaves what it leaves otherwise: a container that has an attempt's job,
//! which is taken up and then removed, or one that has none, which the next life removes.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use simulay_containers::{Admitted, Completed, Tenant};
use simulay_init::frames::BootSpec;
use simulay_model::{Digest, Ending};
use tokio::time::Instant;
use uuid::Uuid;

use super::attachment::Attached;
use super::pool::{PoolSettings, WarmName};
use crate::boot;
use crate::class::Class;
use crate::naming::is_for;
use crate::spec::Place;

/// Calls that one container serves.
const MOST_CALLS: u32 = 1000;
/// Digits of a digest that tell one key from another.
const MARK: usize = 16;
/// One that had another call before, and served one less long ago, is between two calls: the number of those that wait
/// leaves it out, their memory does not.
const REST: Duration = Duration::from_secs(5);
/// One that no call asked for this long makes room for others.
const IDLE: Duration = Duration::from_secs(60);
/// Keys that are remembered as those of commands which cannot have children.
const MOST_REFUSED: usize = 1024;

/// For whom a container is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) class: Class,
    pub(super) boot: Arc<BootSpec>,
    tenant: Tenant,
    /// What tells it in the name of a container.
    pub(super) mark: String,
}

impl Key {
    /// For calls of `tenant` like `call`; none when its command is too long to be remembered.
    pub(super) fn of(tenant: &Tenant, call: &Admitted, place: Place) -> Option<Self> {
        let (class, boot) = (Class::of(call, place.cpus), boot::of(call, place)?);
        let mark = mark(place.instance, tenant, &class, &boot)?;
        Some(Self { class, boot, tenant: tenant.clone(), mark })
    }
}

/// Digits that no two keys share.
fn mark(instance: Uuid, tenant: &Tenant, class: &Class, boot: &BootSpec) -> Option<String> {
    let Class { image, memory_bytes, scratch_mib, cpu_milli } = class;
    let class = (image.to_string(), memory_bytes, scratch_mib, cpu_milli);
    let whole = serde_json::to_vec(&(instance, tenant, class, boot)).ok()?;
    Some(Digest::of(&whole).to_string().chars().take(MARK).collect())
}

/// A container that may serve more calls of its key.
pub(super) struct Fork {
    pub(super) attached: Attached,
    pub(super) service: Service,
}

/// What a container served, and for whom.
pub(super) struct Service {
    pub(super) key: Arc<Key>,
    pub(super) made: Instant,
    /// Calls that it served.
    pub(super) served: u32,
    /// What it takes while it waits, bytes.
    pub(super) bytes: u64,
}

impl Service {
    /// The container that serves so, over `attached`.
    pub(super) const fn with(self, attached: Attached) -> Fork {
        Fork { attached, service: self }
    }

    /// Whether it may serve another call, after one that came to `completed`. What the kernel killed for want of
    /// memory Docker tells of the container, and not of the call.
    pub(super) fn may_go_on(&self, completed: &Completed, settings: &PoolSettings) -> bool {
        completed.ending != Ending::OutOfMemory
            && self.served < MOST_CALLS
            && self.made.elapsed() < settings.max_age
    }
}

struct Idle {
    name: WarmName,
    fork: Fork,
    since: Instant,
}

impl Idle {
    fn is_between_calls(&self) -> bool {
        self.fork.service.served > 1 && self.since.elapsed() < REST
    }
}

/// Those that wait.
#[derive(Default)]
pub(super) struct Forks {
    idle: Mutex<Vec<Idle>>,
    refused: Mutex<Vec<Arc<Key>>>,
}

impl Forks {
    /// One for a call of `key`: the one that waited least, so that others may go; and since when it waited.
    pub(super) fn take(&self, key: &Key) -> Option<(WarmName, Fork, Instant)> {
        let mut idle = self.idle.lock();
        // Its name was given for whom it waits: what is called otherwise is never his.
        let fits = |one: &Idle| *one.fork.service.key == *key && is_for(one.name.as_str(), &key.mark);
        let index = idle.iter().rposition(fits)?;
        let Idle { name, fork, since } = idle.remove(index);
        Some((name, fork, since))
    }

    /// Lets one wait for a call, as long as there is room.
    pub(super) fn put(&self, name: WarmName, fork: Fork, settings: &PoolSettings) {
        self.idle.lock().push(Idle { name, fork, since: Instant::now() });
        self.shrink(settings);
    }

    /// Lets go of those that waited long, and of those that waited longest where they are too many: more than may wait,
    /// or more than twice as many where they are between two calls.
    pub(super) fn shrink(&self, settings: &PoolSettings) {
        let mut idle = self.idle.lock();
        let (mut count, mut bytes) = (0, 0_u64);
        let all = std::mem::take(&mut *idle);
        let (mut stays, mut goes) = (Vec::new(), Vec::new());
        for one in all.into_iter().rev() {
            let most = settings.max_containers.saturating_mul(if one.is_between_calls() { 2 } else { 1 });
            let more = bytes.saturating_add(one.fork.service.bytes);
            let fits = count < most && more <= settings.max_memory_bytes;
            let young = one.since.elapsed() < IDLE && one.fork.service.made.elapsed() < settings.max_age;
            if fits && young {
                (count, bytes) = (count + 1, more);
                stays.push(one);
            } else {
                goes.push(one);
            }
        }
        stays.reverse();
        *idle = stays;
        drop(idle);
        // Each is written down as waste.
        drop(goes);
    }

    /// How many wait.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.idle.lock().len()).unwrap_or(u32::MAX)
    }

    /// What they take together, bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.idle.lock().iter().map(|one| one.fork.service.bytes).fold(0, u64::saturating_add)
    }

    /// What is left for others that wait.
    pub(super) fn left_of(&self, settings: &PoolSettings) -> PoolSettings {
        let at_rest = self.idle.lock().iter().filter(|one| !one.is_between_calls()).count();
        let at_rest = u32::try_from(at_rest).unwrap_or(u32::MAX);
        PoolSettings {
            max_containers: settings.max_containers.saturating_sub(at_rest),
            max_memory_bytes: settings.max_memory_bytes.saturating_sub(self.bytes()),
            ..*settings
        }
    }

    /// The command of `key` cannot have children.
    pub(super) fn refuse(&self, key: Arc<Key>) {
        let mut refused = self.refused.lock();
        if refused.len() >= MOST_REFUSED {
            refused.clear();
        }
        refused.push(key);
    }

    /// Whether it was tried.
    pub(super) fn is_refused(&self, key: &Key) -> bool {
        self.refused.lock().iter().any(|refused| **refused == *key)
    }

    /// Lets go of all.
    pub(super) fn clear(&self) {
        let idle = std::mem::take(&mut *self.idle.lock());
        drop(idle);
    }
}

#[cfg(test)]
mod tests {
    use bollard::container::{AttachContainerResults, LogOutput};
    use bollard::errors::Error;
    use futures_util::StreamExt as _;
    use futures_util::stream::{self, BoxStream};
    use simulay_containers::ImageId;
    use simulay_model::{AccountName, PluginRef};
    use tokio::io::sink;

    use super::*;
    use crate::docker::pool::Pool;

    fn tenant(account: &str, version: &str) -> Tenant {
        let plugin = PluginRef {
            name: "beam".parse().unwrap(),
            version: version.parse().unwrap(),
            sha256: Digest::of(version.as_bytes()),
        };
        Tenant { account: account.parse().unwrap(), plugin }
    }

    fn attached(output: BoxStream<'static, Result<LogOutput, Error>>) -> Attached {
        AttachContainerResults { output, input: Box::pin(sink()) }.into()
    }

    fn class() -> Class {
        let image = ImageId::from(Digest::of(b"octave"));
        Class { image, memory_bytes: 1, scratch_mib: 1, cpu_milli: 1 }
    }

    fn boot() -> BootSpec {
        BootSpec { command: vec!["octave-cli".to_owned()], env: Vec::new() }
    }

    fn fork(served: u32) -> Fork {
        let key = Key {
            class: class(),
            boot: Arc::new(boot()),
            tenant: tenant("ann", "1.0.0"),
            mark: "mark".to_owned(),
        };
        let service = Service { key: Arc::new(key), made: Instant::now(), served, bytes: 10 };
        service.with(attached(stream::pending().boxed()))
    }

    #[tokio::test(start_paused = true)]
    async fn those_between_two_calls_may_be_twice_as_many_within_the_same_memory() {
        let settings = PoolSettings {
            max_containers: 2,
            max_per_class: 1,
            max_memory_bytes: 100,
            idle: IDLE,
            max_age: Duration::from_secs(3600),
        };
        let (forks, pool) = (Forks::default(), Pool::new(settings));
        let put = |served, settings: &PoolSettings| {
            forks.put(pool.names.give_for("mark", Uuid::from_u128(1)), fork(served), settings);
            forks.count()
        };
        assert_eq!(
            [1, 1, 1].map(|served| put(served, &settings)),
            [1, 2, 2],
            "none of them had a second call"
        );
        assert_eq!([2, 2, 2, 2, 2].map(|served| put(served, &settings)), [2, 2, 3, 4, 4]);
        let left = forks.left_of(&settings);
        assert_eq!((left.max_containers, left.max_memory_bytes), (2, 60));
        assert_eq!(put(2, &PoolSettings { max_memory_bytes: 30, ..settings }), 3);
        tokio::time::advance(REST).await;
        forks.shrink(&settings);
        let left = forks.left_of(&settings);
        assert_eq!((forks.count(), left.max_containers, left.max_memory_bytes), (2, 0, 80));
    }

    #[tokio::test]
    async fn an_attachment_is_quiet_until_something_is_heard_or_it_ends() {
        assert!(attached(stream::pending().boxed()).is_quiet());
        assert!(!attached(stream::empty().boxed()).is_quiet());
        let word = LogOutput::StdOut { message: "x".into() };
        assert!(!attached(stream::iter([Ok(word)]).chain(stream::pending()).boxed()).is_quiet());
    }

    #[test]
    fn whoever_differs_in_anything_has_another_mark() {
        let (class, boot) = (class(), boot());
        let instance = Uuid::from_u128(1);
        let (ann, local) = (tenant("ann", "1.0.0"), AccountName::local());
        let of = |instance, tenant: &Tenant, class: &Class, boot: &BootSpec| {
            mark(instance, tenant, class, boot).unwrap()
        };
        let other_boot = BootSpec { command: vec!["octave-cli".to_owned(), "-q".to_owned()], ..boot.clone() };
        let mut marks = vec![
            of(instance, &ann, &class, &boot),
            of(Uuid::from_u128(2), &ann, &class, &boot),
            of(instance, &tenant("bob", "1.0.0"), &class, &boot),
            of(instance, &tenant(local.as_str(), "1.0.0"), &class, &boot),
            of(instance, &tenant("ann", "1.0.1"), &class, &boot),
            of(instance, &ann, &Class { image: ImageId::from(Digest::of(b"other")), ..class }, &boot),
            of(instance, &ann, &Class { memory_bytes: 2, ..class }, &boot),
            of(instance, &ann, &Class { scratch_mib: 2, ..class }, &boot),
            of(instance, &ann, &Class { cpu_milli: 2, ..class }, &boot),
            of(instance, &ann, &class, &other_boot),
        ];
        assert_eq!(marks[0], of(instance, &ann.clone(), &class, &boot.clone()));
        marks.sort();
        marks.dedup();
        assert_eq!(marks.len(), 10);
    }
}
