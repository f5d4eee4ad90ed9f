//! What it costs to tell who asks: a small request to a host of one person and to a host of many, in turn. And whether the
//! time of an answer tells what is another's: asked for by his, and by nobody's.

mod probes;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Instant;

use anyhow::ensure;
use clap::Args;

use super::program::Program;
use super::runs::median;
use crate::place::Place;
use crate::rest::Host;
use crate::server::Server;
use crate::setup::{self, ImageId};

/// A request that costs little else.
const REQUEST: &str = "/v1/runs?limit=1";
/// The token of the host of many: 32 bytes of zero.
const TOKEN: &str = "sim_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// The most it may cost, milliseconds.
const MOST: f64 = 0.2;

/// What is measured.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    program: Program,
    /// Requests to each host.
    #[arg(long, default_value_t = 5000)]
    requests: u32,
}

/// Measures both in turn, so that what else the machine does weighs on both.
pub(super) fn execute(place: &Place, arguments: &Arguments) -> anyhow::Result<()> {
    let octave = setup::everything(place)?;
    let program = arguments.program.path(place)?;
    let data = [tempfile::tempdir()?, tempfile::tempdir()?];
    let [one, many] = &data;
    let file = many.path().join("token");
    fs::write(&file, TOKEN)?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
    let file = file.display().to_string();
    let of_many = [
        ("SIMULAY__AUTH__MODE", "accounts"),
        ("SIMULAY__AUTH__FIRST_TOKEN_FILE", &*file),
        // Held against a rate, and never beyond it.
        ("SIMULAY__LIMITS__REQUESTS_PER_SECOND_PER_ACCOUNT", "1000000"),
        ("SIMULAY__LIMITS__REQUEST_BURST_PER_ACCOUNT", "1000000"),
        ("SIMULAY__LIMITS__FAILURES_PER_MINUTE", "0"),
    ];
    let start = |name: &str, data, variables: &[_], octave: &ImageId| {
        Server::start_program(&program, &place.made(name)?, data, octave, variables)
    };
    let (one, folder) = (start("bench-one.log", one.path(), &[], &octave)?, many.path());
    let many = start("bench-many.log", folder, &of_many, &octave)?;
    let hosts = [Host::new(one.url()), Host::new(many.url()).with_token(TOKEN)?];
    report(measure(&hosts, arguments.requests)?)?;
    probes::execute(&program, folder, many.url(), arguments.requests)?;
    one.stop()?;
    many.stop()
}

/// Milliseconds of each request, by host.
fn measure(hosts: &[Host; 2], requests: u32) -> anyhow::Result<[Vec<f64>; 2]> {
    let mut times = [Vec::new(), Vec::new()];
    // The first tenth warms both up and does not count.
    let warm = requests / 10;
    for number in 0..warm + requests {
        for (host, times) in hosts.iter().zip(&mut times) {
            let begun = Instant::now();
            host.get(REQUEST)?;
            if number >= warm {
                times.push(begun.elapsed().as_secs_f64() * 1e3);
            }
        }
    }
    Ok(times)
}

fn report([mut one, mut many]: [Vec<f64>; 2]) -> anyhow::Result<()> {
    let (one, many) = (median(&mut one)?, median(&mut many)?);
    println!("GET {REQUEST}, median: {one:.3} ms of one person, {many:.3} ms of many ({:.2}x)", many / one);
    println!("to tell who asks costs {:.3} ms, of at most {MOST}", many - one);
    ensure!(many - one <= MOST, "to tell who asks costs too much");
    Ok(())
}
