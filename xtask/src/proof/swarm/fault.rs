//! What happens to a part of the cluster.

use std::time::{Duration, Instant};

use anyhow::bail;
use fastrand::Rng;

use crate::cluster::Swarm;

/// The longest that something is frozen or cut off, milliseconds: longer than a connection is waited for.
const AWAY_MS: u64 = 12_000;
/// For what follows a death to show.
const AFTER: Duration = Duration::from_secs(3);
/// For the tasks of a node that is drained to be elsewhere.
const ELSEWHERE: Duration = Duration::from_secs(20);
/// For every task of a service to be a new one.
const RENEWAL: Duration = Duration::from_secs(300);
/// Between two looks at how far that is.
const LOOK: Duration = Duration::from_secs(5);

/// What is struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// A task of this service.
    Service(&'static str),
    /// The daemon of a node, with which its containers go.
    Daemon,
    /// The cable of a node.
    Cable,
    /// A service whose tasks are replaced one by one, as for a new release.
    Renewal(&'static str),
    /// A service that is taken down to one task and up again.
    Scale(&'static str),
    /// A node that its operator drains, and gives work again.
    Drain,
}

impl Target {
    pub(super) const ALL: [Self; 14] = [
        Self::Service("api"),
        Self::Service("runner"),
        Self::Service("containers"),
        Self::Daemon,
        Self::Service("redis"),
        Self::Service("mongodb"),
        Self::Service("nginx"),
        Self::Cable,
        Self::Scale("api"),
        Self::Scale("runner"),
        Self::Drain,
        Self::Renewal("api"),
        Self::Renewal("runner"),
        Self::Renewal("containers"),
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
            Target::Cable => true,
            Target::Daemon | Target::Renewal(_) | Target::Scale(_) | Target::Drain => false,
        };
        Self { target, away: stands_still.then_some(away) }
    }

    /// Lets it happen, with `meanwhile` to do; what it was.
    pub(super) fn strike(
        self,
        swarm: &Swarm,
        rng: &mut Rng,
        mut meanwhile: impl FnMut(Duration, &mut Rng),
    ) -> anyhow::Result<String> {
        let what = match self.target {
            Target::Service(name) => self.strike_service(name, swarm, rng, meanwhile)?,
            Target::Renewal(name) => return renew(name, swarm, rng, meanwhile),
            Target::Scale(name) => return scale(name, swarm, rng, meanwhile),
            Target::Drain => return drain(swarm, rng, meanwhile),
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
        mut meanwhile: impl FnMut(Duration, &mut Rng),
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

fn renew(
    name: &str,
    swarm: &Swarm,
    rng: &mut Rng,
    mut meanwhile: impl FnMut(Duration, &mut Rng),
) -> anyhow::Result<String> {
    let begun = Instant::now();
    swarm.renew(name)?;
    while !swarm.is_renewed(name)? {
        if begun.elapsed() > RENEWAL {
            bail!("{name} is not renewed within {RENEWAL:?}");
        }
        meanwhile(LOOK, rng);
    }
    Ok(format!("{name} renewed task by task within {} s", begun.elapsed().as_secs()))
}

fn scale(
    name: &str,
    swarm: &Swarm,
    rng: &mut Rng,
    mut meanwhile: impl FnMut(Duration, &mut Rng),
) -> anyhow::Result<String> {
    for tasks in [1, 3, 2] {
        swarm.scale(name, tasks)?;
        meanwhile(LOOK, rng);
    }
    Ok(format!("{name} scaled to 1, 3 and 2 tasks"))
}

fn drain(
    swarm: &Swarm,
    rng: &mut Rng,
    mut meanwhile: impl FnMut(Duration, &mut Rng),
) -> anyhow::Result<String> {
    let node = swarm.any_node_without_records(rng)?;
    swarm.make_available(node, false)?;
    meanwhile(ELSEWHERE, rng);
    swarm.make_available(node, true)?;
    meanwhile(AFTER, rng);
    Ok(format!("{} drained, and back", node.name().host()))
}
