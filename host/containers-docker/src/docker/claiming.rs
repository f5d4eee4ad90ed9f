//! Takes a container that waits for an attempt, and binds it to that.

use std::time::Duration;

use simulay_containers::Admitted;
use simulay_init::frames::Phase;
use simulay_model::ContainerName;

use super::DockerContainers;
use super::attachment::{Attached, Greeted};
use super::pool::Kind;
use super::warming::session;
use crate::boot;
use crate::class::Class;
use crate::spec::Place;

/// For the init of one that waits to say that it is there. It has nothing else to do.
const ANSWER: Duration = Duration::from_millis(500);

/// What came of binding a container that waited.
pub(super) enum Binding {
    /// It is the attempt's.
    Bound,
    /// It waits no more, and is nobody's.
    Gone,
    /// It may be the attempt's.
    Doubt,
}

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
        while let Some(mut warm) = found {
            match self.bind(name, &mut warm.attached, warm.name.as_str()).await {
                Binding::Bound => {
                    warm.name.bind();
                    return Some(warm.attached);
                }
                Binding::Gone => found = self.pool.take_another(&kind),
                Binding::Doubt => return None,
            }
        }
        None
    }

    /// Binds the container that waits under the name `waited` to the attempt `name`, while its init is asked whether it
    /// waits: one that turns out to be gone is let go of again, since there are few.
    pub(super) async fn bind(&self, name: ContainerName, attached: &mut Attached, waited: &str) -> Binding {
        let (answer, bound) = tokio::join!(attached.ask(session(), ANSWER), self.daemon.bind(waited, name));
        let waits = matches!(answer, Ok(Greeted::Init(Phase::Idle)));
        match bound {
            Ok(()) if waits => {
                tracing::debug!(container = %name, waited, "it waited for the call");
                Binding::Bound
            }
            Ok(()) if self.let_go(name).await => {
                tracing::info!(container = waited, ?answer, "a container waits no more");
                Binding::Gone
            }
            bound => {
                let error = bound.err().map(tracing::field::display);
                tracing::info!(container = %name, error, "it is in doubt whose the container is");
                Binding::Doubt
            }
        }
    }
}
