//! How a life of the host ends.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;

const LONGEST_LIFE_MS: u64 = 3_000;
/// For a fail point to strike; then the host is killed all the same.
const WAIT_FOR_POINT: Duration = Duration::from_secs(12);
/// A point strikes at one of its first so many times, so that recovery and new work are both hit.
const MOST_PASSED: u32 = 12;
/// Armed this often and never struck, a point is not there any more.
const TRIES: u32 = 4;

/// What is asked of Docker, what init is told, and what is written into the journal: each has a moment before and one after.
const EFFECTS: [&str; 21] = [
    "container.ack",
    "container.reset",
    "docker.attach",
    "docker.create",
    "docker.info",
    "docker.inspect",
    "docker.list",
    "docker.ping",
    "docker.remove",
    "docker.rename",
    "docker.start",
    "job.send",
    "store.call.ended",
    "store.call.started",
    "store.lease.renew",
    "store.lease.take",
    "store.request.run",
    "store.run.ended",
    "store.run.queued",
    "store.run.started",
    "store.step.planned",
];

/// How the host dies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Death {
    /// By SIGKILL, after this time.
    At(Duration),
    /// On its own, at the fail point of this name, when it comes there after having `passed` it so often.
    In {
        /// E.g. `docker.start.after`.
        point: String,
        /// How often it goes well before.
        passed: u32,
    },
}

impl Death {
    /// The longest that the host lives.
    pub(super) const fn latest(&self) -> Duration {
        match self {
            Self::At(time) => *time,
            Self::In { .. } => WAIT_FOR_POINT,
        }
    }

    /// The environment of a host that is to die so.
    pub(super) fn variables(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::At(_) => Vec::new(),
            Self::In { point, passed: 0 } => vec![("FAILPOINTS", format!("{point}=return"))],
            Self::In { point, passed } => vec![("FAILPOINTS", format!("{point}={passed}*off->return"))],
        }
    }
}

/// Deaths in turn: one at any moment, one at a fail point, all points before any comes again.
pub(super) struct Deaths {
    rng: Rng,
    points: Vec<String>,
    left: Vec<String>,
    moment_next: bool,
    /// How often each was armed, and struck.
    tries: BTreeMap<String, (u32, u32)>,
}

impl Deaths {
    /// Deaths that `seed` tells.
    pub(super) fn new(seed: u64) -> Self {
        let points =
            EFFECTS.iter().flat_map(|effect| [format!("{effect}.before"), format!("{effect}.after")]);
        Self {
            rng: Rng::with_seed(seed),
            points: points.collect(),
            left: Vec::new(),
            moment_next: true,
            tries: BTreeMap::new(),
        }
    }

    /// The next.
    pub(super) fn next(&mut self) -> Death {
        self.moment_next = !self.moment_next;
        if self.left.is_empty() {
            self.left.clone_from(&self.points);
            self.rng.shuffle(&mut self.left);
        }
        match self.left.pop() {
            Some(point) if self.moment_next => {
                // Some come only once in a life.
                let passed = if self.rng.bool() { 0 } else { self.rng.u32(1..MOST_PASSED) };
                Death::In { point, passed }
            }
            point => {
                self.left.extend(point);
                Death::At(Duration::from_millis(self.rng.u64(0..LONGEST_LIFE_MS)))
            }
        }
    }

    /// Counts what came of one.
    pub(super) fn count(&mut self, death: &Death, struck: bool) {
        if let Death::In { point, .. } = death {
            let (armed, hit) = self.tries.entry(point.clone()).or_default();
            *armed += 1;
            *hit += u32::from(struck);
        }
    }

    /// Prints how often each point struck; those that never do.
    pub(super) fn report(&self) -> Vec<String> {
        let struck = self.tries.values().filter(|(_, hit)| *hit > 0).count();
        println!("  {struck} of {} fail points struck", self.points.len());
        for (point, (armed, hit)) in &self.tries {
            println!("    {point:28} {hit:3} of {armed:3}");
        }
        let never = self.tries.iter().filter(|(_, (armed, hit))| *armed >= TRIES && *hit == 0);
        never.map(|(point, (armed, _))| format!("{point} was armed {armed} times and never struck")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_comes_before_any_comes_again() {
        let mut deaths = Deaths::new(3);
        let all: Vec<Death> = (0..4 * EFFECTS.len()).map(|_| deaths.next()).collect();
        let mut points: Vec<String> = all
            .iter()
            .filter_map(|death| match death {
                Death::In { point, .. } => Some(point.clone()),
                Death::At(_) => None,
            })
            .collect();
        assert_eq!(points.len(), 2 * EFFECTS.len());
        points.sort();
        points.dedup();
        assert_eq!(points.len(), 2 * EFFECTS.len());
    }

    #[test]
    fn a_seed_tells_them_all() {
        let some = |seed| (0..20).map(|_| Deaths::new(seed).next()).collect::<Vec<_>>();
        assert_eq!(some(5), some(5));
    }

    #[test]
    fn a_point_is_passed_before_it_strikes() {
        let death = |passed| Death::In { point: "docker.start.after".to_owned(), passed };
        assert_eq!(death(0).variables(), [("FAILPOINTS", "docker.start.after=return".to_owned())]);
        assert_eq!(death(3).variables(), [("FAILPOINTS", "docker.start.after=3*off->return".to_owned())]);
    }

    #[test]
    fn a_point_that_never_strikes_is_told() {
        let mut deaths = Deaths::new(1);
        let stale = Death::In { point: "docker.gone.before".to_owned(), passed: 0 };
        (0..TRIES).for_each(|_| deaths.count(&stale, false));
        assert_eq!(deaths.report().len(), 1);
        deaths.count(&stale, true);
        assert!(deaths.report().is_empty());
    }
}
