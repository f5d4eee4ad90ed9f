//! Takes a container that waits for an attempt, and binds it to that.

use std::time::Duration;

use simulay_containers::Admitted;
use simulay_model::ContainerName;

use super::DockerContainers;
use super::attachment::Attached;
use super::pool::Kind;
use super::warming::still_waits;
use crate::boot;
use crate::class::Class;
use crate::spec::Place;

/// For the init of one that waits to say that it is there. It has nothing else to do.
const ANSWER: Duration = Duration::from_millis(500);

impl DockerContainers {
    async fn kind(&self, call: &Admitted, place: Place) -> Kind {
        let class = Class::of(call, place.cpus);
        // What is against the image is told to who starts a container of it.
        let _ = self.unbounded_places(class.image).await;
        let may = call.command().first().is_some_and(|program| self.may_boot(class.image, program));
        let boot = may.then(|| boot::of(call, place)).flatten();
        Kind { class, boot }
    }

    /// Binds a container that waits, and fits `call` exactly, to the attempt `name`; nothing when there is none that
    /// is well, or when it is in doubt whether it is bound: then the attempt starts one of its own, and finds its name
    /// taken if it is.
    pub(super) async fn claim(&self, name: ContainerName, call: &Admitted, place: Place) -> Option<Attached> {
        if self.pool.settings.max_containers == 0 {
            return None;
        }
        let kind = self.kind(call, place).await;
        let mut found = self.pool.take(&kind);
        while let Some(warm) = found {
            let called = warm.name.as_str().to_owned();
            // One that turns out to be gone is let go of again: there are few.
            let (warm, bound) = tokio::join!(still_waits(warm, ANSWER), self.daemon.bind(&called, name));
            match (warm, bound) {
                (Some(warm), Ok(())) => {
                    tracing::debug!(container = %name, waited = called, "it waited for the call");
                    warm.name.bind();
                    return Some(warm.attached);
                }
                (None, Ok(())) if self.let_go(name).await => {}
                (_, bound) => {
                    let error = bound.err().map(tracing::field::display);
                    tracing::info!(container = %name, error, "it is in doubt whose the container is");
                    return None;
                }
            }
            found = self.pool.take_another(&kind);
        }
        None
    }
}
