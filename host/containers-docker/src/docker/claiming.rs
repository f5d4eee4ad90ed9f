//! Takes a container that waits for an attempt.

use std::time::Duration;

use simulay_containers::Admitted;
use simulay_model::{ContainerName, Isolation};
use tokio::time::Instant;

use super::DockerContainers;
use super::attachment::Attached;
use super::daemon::Ran;
use super::forks::Service;
use super::pool::{Kind, Warm};
use crate::boot;
use crate::class::Class;
use crate::spec::Place;

/// For the init of one that waits to say that it is there. It has nothing else to do.
pub(super) const ANSWER: Duration = Duration::from_millis(500);

/// A container that waited, and serves a call now.
pub(super) struct Taken {
    pub(super) attached: Attached,
    /// What it served before, when it may serve other calls as well.
    pub(super) service: Option<Service>,
    /// As what it waited, when it waited for any call.
    origin: Option<Origin>,
}

struct Origin {
    kind: Kind,
    made: Instant,
}

impl Taken {
    /// One that waits for no other call, or for those that `service` tells of.
    pub(super) const fn new(attached: Attached, service: Option<Service>) -> Self {
        Self { attached, service, origin: None }
    }

    /// Where `call` runs, for which it was taken: who took it knows without asking Docker.
    pub(super) fn ran(&self, call: &Admitted) -> Ran {
        let isolation = if self.service.is_some() { Isolation::Process } else { Isolation::Container };
        Ran { isolation, image: Some(call.image()) }
    }
}

impl DockerContainers {
    /// Lets one wait again that was taken for the attempt `name`, which does not begin.
    pub(super) fn put_back(&self, name: ContainerName, taken: Taken) {
        let waited = self.serving.release(name);
        if let (Some(name), Some(Origin { kind, made })) = (waited, taken.origin) {
            self.pool.put(Warm { name, kind, attached: taken.attached, made, heard: Instant::now() });
        }
        self.pool.ring();
    }

    async fn kind(&self, call: &Admitted, place: Place) -> Kind {
        let class = Class::of(call, place.cpus);
        // What is against the image is told to who starts a container of it.
        let _ = self.unbounded_places(class.image).await;
        let may = call.command().first().is_some_and(|program| self.may_boot(class.image, program));
        let boot = may.then(|| boot::of(call, place)).flatten();
        Kind { class, boot }
    }

    /// Takes a container that waits, and fits `call` exactly, for the attempt `name`; nothing when there is none that is
    /// well: then the attempt starts one of its own.
    pub(super) async fn claim(&self, name: ContainerName, call: &Admitted, place: Place) -> Option<Taken> {
        if self.pool.settings.max_containers == 0 {
            return None;
        }
        let kind = self.kind(call, place).await;
        let mut found = self.pool.take(&kind);
        while let Some(mut warm) = found {
            if warm.attached.waits(warm.name.as_str(), ANSWER).await {
                tracing::debug!(container = %name, waited = warm.name.as_str(), "it waited for the call");
                self.serving.serve(name, warm.name);
                let origin = Some(Origin { kind: warm.kind, made: warm.made });
                return Some(Taken { attached: warm.attached, service: None, origin });
            }
            found = self.pool.take_another(&kind);
        }
        None
    }
}
