//! The speed of Simulay beside that of its peers, as a table: ours, the peer's, the ratio. What is compared is measured
//! in turn on one machine, so that what else it does weighs on both.

mod artifact;
mod budget;
mod calls;
mod floor;
mod forked;
mod growth;
mod latency;
mod overhead;
mod peers;
mod python;
mod sides;
mod table;
mod throughput;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::program::Program;
use crate::build;
use crate::place::Place;
use crate::setup::{self, ImageId};

/// The plugin that makes the calls it is asked for.
const MANY_CALLS: &str = "many-calls";

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// What nobody gets below: Octave's boot, one fsync, Docker's start.
    Floor,
    /// A trivial Octave program over REST, in a container that waited.
    Warm,
    /// The same with no container waiting.
    Cold,
    /// The same again, when the result is there.
    Reuse,
    /// Programs a second, by how many clients ask.
    Throughput,
    /// One step of many calls.
    Sweep,
    /// The same where each call is a process in a container in which they follow each other.
    Forked,
    /// What the host takes beside a container that does nothing.
    Overhead,
    /// A large file on its way out of a container, and into one.
    Artifact,
    /// What figures become with more runs in the store, more calls, files and bytes.
    Growth,
    /// Where the time of one run goes, by the host's own traces.
    Budget,
}

/// How much of it.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    program: Program,
    /// The ID of an image for `octave`, instead of one that is built; plugins are not built either then.
    #[arg(long, value_name = "ID")]
    image: Option<String>,
    /// Only these parts.
    #[arg(long, value_delimiter = ',', value_name = "PART")]
    only: Vec<Part>,
    /// Few rounds and small sizes: to see that it works.
    #[arg(long)]
    short: bool,
    /// Measurements of one figure.
    #[arg(long)]
    rounds: Option<u32>,
}

/// How much is measured.
struct Extent {
    /// Measurements of one figure.
    rounds: u32,
    /// Programs that each of many clients asks for.
    each: usize,
    /// Calls of one step.
    calls: u32,
    /// Bytes of a large file.
    bytes: u64,
    /// Runs in the store.
    stored: &'static [usize],
}

const LONG: Extent =
    Extent { rounds: 60, each: 6, calls: 1000, bytes: 500_000_000, stored: &[10, 1000, 100_000] };
const SHORT: Extent = Extent { rounds: 8, each: 2, calls: 40, bytes: 50_000_000, stored: &[10, 100] };

/// Where it happens.
struct Scene<'a> {
    place: &'a Place,
    octave: ImageId,
    program: PathBuf,
    extent: Extent,
    only: &'a [Part],
}

impl Scene<'_> {
    fn shows(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

type Measurement = fn(&Scene<'_>) -> anyhow::Result<()>;

/// Measures a host built for release, which needs no other build of the command.
pub(super) fn execute(place: &Place, arguments: &Arguments) -> anyhow::Result<()> {
    let known = arguments.image.as_deref().map(ImageId::known);
    let octave = known.map_or_else(|| setup::with_image(place, || build::plugins(place)), Ok)?;
    let program = arguments.program.path(place)?;
    let extent = if arguments.short { SHORT } else { LONG };
    let extent = Extent { rounds: arguments.rounds.unwrap_or(extent.rounds), ..extent };
    let scene = Scene { place, octave, program, extent, only: &arguments.only };
    peers::ensure_image(&scene.octave)?;
    table::head();
    let parts: [(&[Part], Measurement); 9] = [
        (&[Part::Floor], floor::measure),
        (&[Part::Warm, Part::Cold, Part::Reuse], latency::measure),
        (&[Part::Overhead], overhead::measure),
        (&[Part::Throughput], throughput::measure),
        (&[Part::Artifact], artifact::measure),
        (&[Part::Sweep], calls::measure),
        (&[Part::Forked], forked::measure),
        (&[Part::Growth], growth::measure),
        (&[Part::Budget], budget::measure),
    ];
    let wanted = parts.iter().filter(|(parts, _)| parts.iter().any(|part| scene.shows(*part)));
    wanted.map(|(_, measure)| measure).try_for_each(|measure| measure(&scene))
}
