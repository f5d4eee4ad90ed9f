//! One life of the host: it has work until it dies.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::super::ledger::Ledger;
use super::super::work::Work;
use super::death::Death;
use crate::place::Place;
use crate::rest::Host;
use crate::server::Server;
use crate::setup::ImageId;

/// Runs kept at work, so that every kill hits something.
const UNFINISHED: usize = 20;
/// One of so many looks kills a worker of the sandbox as well.
const WORKER_KILLS: u32 = 60;

/// Where it happens.
pub(super) struct Scene<'a> {
    pub(super) place: &'a Place,
    pub(super) program: &'a Path,
    pub(super) log: &'a Path,
    pub(super) data: &'a Path,
    pub(super) octave: &'a ImageId,
    pub(super) all: Vec<Work>,
}

/// What goes on from life to life.
pub(super) struct Course {
    pub(super) rng: Rng,
    pub(super) ledger: Ledger,
    pub(super) workers_killed: u32,
}

impl Scene<'_> {
    pub(super) fn start(&self, death: Option<&Death>) -> anyhow::Result<Server> {
        let variables = death.map(Death::variables).unwrap_or_default();
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Server::start_program(self.program, self.log, self.data, self.octave, &variables)
    }

    /// A life that ends by `death`; whether its fail point struck.
    pub(super) fn live(&self, death: &Death, course: &mut Course) -> anyhow::Result<bool> {
        let mut server = match (self.start(Some(death)), death) {
            (Ok(server), _) => server,
            // It died before it could say where it is. What truly keeps it from starting, the next life meets too.
            (Err(_), Death::In { .. }) => return Ok(true),
            (Err(error), Death::At(_)) => return Err(error),
        };
        self.give_work(&mut server, death, course);
        let struck = server.has_ended();
        server.kill()?;
        Ok(struck && matches!(death, Death::In { .. }))
    }

    /// Asks for runs as long as the host lives.
    fn give_work(&self, server: &mut Server, death: &Death, course: &mut Course) {
        let host = Host::new(server.url());
        let end = Instant::now() + death.latest();
        while Instant::now() < end && !server.has_ended() {
            if unfinished(&host).is_some_and(|runs| runs < UNFINISHED) {
                course.ledger.ask(&host, &self.all, &mut course.rng);
            }
            // It makes the host ask Docker; what it answers is all the same here.
            let _ = host.get("/readyz");
            if course.rng.u32(0..WORKER_KILLS) == 0 && kill_worker(server.pid(), &mut course.rng) {
                course.workers_killed += 1;
            }
            let pause = Duration::from_millis(course.rng.u64(1..60));
            thread::sleep(pause.min(end.saturating_duration_since(Instant::now())));
        }
    }
}

fn unfinished(host: &Host) -> Option<usize> {
    let list = host.get("/v1/runs?state=running&limit=50").ok()?;
    list.get("runs").and_then(Value::as_array).map(Vec::len)
}

/// Ends a process that the host started, if it has any.
fn kill_worker(host: u32, rng: &mut Rng) -> bool {
    let Ok(tasks) = fs::read_dir(format!("/proc/{host}/task")) else { return false };
    let children = tasks.flatten().filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let workers: Vec<i32> =
        children.flat_map(|pids| pids.split_whitespace().flat_map(str::parse).collect::<Vec<_>>()).collect();
    rng.choice(&workers).is_some_and(|worker| kill(Pid::from_raw(*worker), Signal::SIGKILL).is_ok())
}
