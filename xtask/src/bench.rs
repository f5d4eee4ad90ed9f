//! What Simulay costs, and how much it bears.

mod auth;
mod clients;
mod cluster;
mod compare;
mod crowd;
mod figures;
mod load;
mod program;
mod runs;
mod speed;
mod sweep;

use clap::Subcommand;

use crate::place::Place;

/// What is measured.
#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// What a run costs beside the work in its container; this without a word.
    Runs,
    /// The same for two builds of the command side by side.
    Compare(compare::Arguments),
    /// What it costs to tell who asks.
    Auth(auth::Arguments),
    /// What a run costs in a cluster, and how soon it goes on when a process of it dies.
    Cluster(cluster::Arguments),
    /// How a host bears a long queue, many who watch, and a long past.
    Load(load::Arguments),
    /// How a host bears a sweep of many points.
    Sweep(sweep::Arguments),
    /// What a run takes beside what others take for the same work.
    Speed(speed::Arguments),
}

/// Measures.
pub(crate) fn execute(place: &Place, bench: &Bench) -> anyhow::Result<()> {
    match bench {
        Bench::Runs => runs::execute(place),
        Bench::Compare(arguments) => compare::execute(place, arguments),
        Bench::Auth(arguments) => auth::execute(place, arguments),
        Bench::Cluster(arguments) => cluster::execute(place, arguments),
        Bench::Load(arguments) => load::execute(place, arguments),
        Bench::Sweep(arguments) => sweep::execute(place, arguments),
        Bench::Speed(arguments) => speed::execute(place, arguments),
    }
}
