//! Waits until the services are there, and says what is missing.

use std::time::{Duration, Instant};

use anyhow::bail;

use super::node::Node;
use super::stack::stack;
use crate::process::{poll, read};
use crate::step::say;

const READY: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_secs(5);

/// A service, how many of it run, and how many should.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Service {
    name: String,
    running: u32,
    wanted: u32,
}

/// Waits until every service is there as often as it should be.
pub(super) fn wait(manager: &Node) -> anyhow::Result<()> {
    let begun = Instant::now();
    let mut told = Told { missing: String::new(), at: begun };
    let ready = poll(READY, || {
        let missing = missing(&services(manager).ok()?);
        told.tell(missing);
        told.missing.is_empty().then_some(())
    });
    if ready.is_some() {
        return Ok(());
    }
    bail!("{} is missing after {} s:\n{}", told.missing, begun.elapsed().as_secs(), faults(manager)?)
}

/// What was said last.
struct Told {
    missing: String,
    at: Instant,
}

impl Told {
    /// Says what is missing when that changed, and not all the time.
    fn tell(&mut self, missing: String) {
        let soon = self.at.elapsed() < PAUSE && !self.missing.is_empty();
        if missing == self.missing || (soon && !missing.is_empty()) {
            return;
        }
        say(&if missing.is_empty() {
            "every service is there".to_owned()
        } else {
            format!("waiting for {missing}")
        });
        (self.missing, self.at) = (missing, Instant::now());
    }
}

fn services(manager: &Node) -> anyhow::Result<Vec<Service>> {
    let listed = read(stack(manager, "services").args(["--format", "{{.Name}} {{.Replicas}}"]))?;
    Ok(listed.lines().filter_map(service).collect())
}

/// From e.g. `simulay_api 1/2`.
fn service(line: &str) -> Option<Service> {
    let mut words = line.split_whitespace();
    let (name, counts) = (words.next()?, words.next()?);
    let (running, wanted) = counts.split_once('/')?;
    Some(Service { name: name.to_owned(), running: running.parse().ok()?, wanted: wanted.parse().ok()? })
}

fn missing(services: &[Service]) -> String {
    let short = services.iter().filter(|service| service.wanted == 0 || service.running < service.wanted);
    let told = short.map(|service| format!("{} ({} of {})", service.name, service.running, service.wanted));
    if services.is_empty() { "the services".to_owned() } else { told.collect::<Vec<_>>().join(", ") }
}

/// Why tasks ended.
fn faults(manager: &Node) -> anyhow::Result<String> {
    let mut tasks = stack(manager, "ps");
    tasks.args(["--no-trunc", "--format", "{{.Name}} on {{.Node}}: {{.CurrentState}} {{.Error}}"]);
    read(&mut tasks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told() {
        let services: Vec<_> =
            ["simulay_api 1/2", "simulay_nginx 3/3", "simulay_runner 2/2 (max 1 per node)"]
                .into_iter()
                .filter_map(service)
                .collect();
        assert_eq!(services.len(), 3);
        assert_eq!(missing(&services), "simulay_api (1 of 2)");
        assert_eq!(missing(&[]), "the services");
    }
}
