//! What happens to a part of the cluster.

use std::time::Duration;

use fastrand::Rng;

use crate::cluster::Swarm;

/// The longest that something is frozen or cut off, milliseconds: longer than a connection is waited for.
const AWAY_MS: u64 = 12_000;
/// For what follows a death to show.
const AFTER: Duration = Duration::from_secs(3);

/// What is struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// A task of this service.
    Service(&'static str),
    /// The daemon of a node, with which its containers go.
    Daemon,
    /// The cable of a node.
    Cable,
}

impl Target {
    pub(super) const ALL: [Self; 8] = [
        Self::Service("api"),
        Self::Service("runner"),
        Self::Service("containers"),
        Self::Daemon,
        Self::Service("redis"),
        Self::Service("mongodb"),
        Self::Service("nginx"),
        Self::Cable,
    ];
}

/// What is struck, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault {
    target: Target,
    /// How long it stands still; none for a death.
    away: Option<Duration>,
}

impl Fault {
    /// Each target in turn; deaths at first, then either.
    pub(super) fn draw(number: usize, rng: &mut Rng) -> Self {
        let target = Target::ALL.get(number % Target::ALL.len()).copied().unwrap_or(Target::Daemon);
        let away = Duration::from_millis(rng.u64(1_000..AWAY_MS));
        let stands_still = match target {
            Target::Service(_) => number >= Target::ALL.len() && rng.bool(),
            Target::Daemon => false,
            Target::Cable => true,
        };
        Self { target, away: stands_still.then_some(away) }
    }

    /// Lets it happen, with `meanwhile` to do; what it was.
    pub(super) fn strike(
        self,
        swarm: &Swarm,
        rng: &mut Rng,
        meanwhile: impl FnOnce(Duration, &mut Rng),
    ) -> anyhow::Result<String> {
        let what = match self.target {
            Target::Service(name) => self.strike_service(name, swarm, rng, meanwhile)?,
            Target::Daemon => {
                let node = swarm.any_node(rng)?;
                node.kill_daemon()?;
                meanwhile(AFTER, rng);
                format!("the daemon of {}", node.name().host())
            }
            Target::Cable => {
                let node = swarm.any_node(rng)?;
                node.plug(false)?;
                meanwhile(self.away.unwrap_or(AFTER), rng);
                node.plug(true)?;
                format!("the cable of {}", node.name().host())
            }
        };
        Ok(self.away.map_or_else(|| format!("{what} killed"), |away| format!("{what} away for {away:?}")))
    }

    fn strike_service(
        self,
        name: &str,
        swarm: &Swarm,
        rng: &mut Rng,
        meanwhile: impl FnOnce(Duration, &mut Rng),
    ) -> anyhow::Result<String> {
        let task = swarm.task(name, rng)?;
        task.signal(if self.away.is_some() { "STOP" } else { "KILL" })?;
        meanwhile(self.away.unwrap_or(AFTER), rng);
        if self.away.is_some() {
            // It may have been found ill meanwhile, and be gone.
            let _ = task.signal("CONT");
        }
        Ok(format!("{name} on {}", task.node()))
    }
}
