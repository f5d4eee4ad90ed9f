//! Many clients who take their time: what those who follow a large log cost the host, and whether it still
//! answers when slow readers and slow uploaders have all its connections.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::{Value, json};

use super::Arguments;
use crate::holding::Holding;
use crate::place::Place;
use crate::process::{poll, run};
use crate::rest::Host;
use crate::server::Server;
use crate::setup::ImageId;

const LOG: usize = 16 << 20;
const LOOKS: usize = 300;
/// What those who follow a log may cost together: an eighth of a MiB each, of which the log itself is no part.
const MOST_MIB: u64 = 64;
/// How long the host may take to say that it lives.
const MOST_MS: f64 = 500.0;
const PATIENCE: Duration = Duration::from_secs(120);
/// For buffers to fill.
const WHILE: Duration = Duration::from_secs(5);

/// Measures it and prints the figures; fails when one is not as it must be.
pub(super) fn measure(place: &Place, octave: &ImageId, arguments: &Arguments) -> anyhow::Result<()> {
    let (followers, slow) = (arguments.followers, arguments.slow);
    raise_files()?;
    let data = tempfile::tempdir()?;
    let settings = format!("[container]\nmax_stream_bytes = {}\n[log]\nfilter = \"warn\"\n", 2 * LOG);
    fs::write(data.path().join("simulay.toml"), settings)?;
    let (usual, log) = (place.simulay(), place.made("crowd.log")?);
    let program = arguments.program.as_ref().unwrap_or(&usual);
    let server = Server::start_program(program, &log, data.path(), octave, &[])?;
    let upload = ["plugin", "upload", "--server", server.url()];
    run(Command::new(program).args(upload).arg(place.plugin("octave-script")))?;
    let crowd = Crowd::new(&server)?;
    let followed = crowd.follow(followers);
    let borne = followed.and_then(|()| crowd.bear(slow));
    Host::new(server.url()).cancel(&crowd.run)?;
    server.stop()?;
    borne
}

/// A host with a run that has printed much and is at work.
struct Crowd<'a> {
    server: &'a Server,
    address: String,
    run: String,
}

impl<'a> Crowd<'a> {
    fn new(server: &'a Server) -> anyhow::Result<Self> {
        let host = Host::new(server.url());
        let script = format!(
            "line = [repmat('x', 1, 1023) \"\\n\"]; for k = 1:{}, fputs(stdout, line); end; \
             fflush(stdout); pause(600);",
            LOG / 1024
        );
        let run = host.create("octave-script", &json!({ "params": { "script": script } }))?;
        let address = server.url().strip_prefix("http://").context("the host has no address")?.to_owned();
        let crowd = Self { server, address, run };
        poll(PATIENCE, || crowd.has_printed().ok().filter(|printed| *printed))
            .context("the run does not print what it was asked to")?;
        Ok(crowd)
    }

    fn log(&self) -> String {
        format!("GET /v1/runs/{}/calls/0/0/logs/stdout", self.run)
    }

    /// True once the whole log comes at once.
    fn has_printed(&self) -> anyhow::Result<bool> {
        let mut stream = self.send(&self.log(), "")?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        let (mut read, mut buffer) = (0, vec![0; 1 << 20]);
        while let Ok(more @ 1..) = stream.read(&mut buffer) {
            read += more;
        }
        Ok(read >= LOG)
    }

    /// A connection on which a request was sent, with the beginning of a body.
    fn send(&self, request: &str, rest: &str) -> anyhow::Result<TcpStream> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.write_all(format!("{request} HTTP/1.1\r\nHost: localhost\r\n{rest}\r\n").as_bytes())?;
        Ok(stream)
    }

    fn follow(&self, followers: usize) -> anyhow::Result<()> {
        let before = Holding::of(self.server.pid())?;
        let log = self.log();
        let streams = (0..followers).map(|_| self.send(&log, "")).collect::<Result<Vec<_>, _>>()?;
        let begun = Instant::now();
        let mut most = before.bytes;
        while begun.elapsed() < WHILE {
            most = most.max(Holding::of(self.server.pid())?.bytes);
            thread::sleep(Duration::from_millis(50));
        }
        let answered = streams.iter().filter(|stream| has_begun(stream)).count();
        let more = most.saturating_sub(before.bytes) >> 20;
        println!(
            "{answered} of {followers} follow a log of {} MiB and do not read on: \
             the host has {} MiB, {more} MiB more than before",
            LOG >> 20,
            most >> 20
        );
        if answered < followers || more > MOST_MIB {
            bail!("{followers} who follow a log must all be answered, and cost at most {MOST_MIB} MiB");
        }
        Ok(())
    }

    /// Takes every connection, and looks whether the host still answers.
    fn bear(&self, slow: usize) -> anyhow::Result<()> {
        let (log, upload) = (self.log(), "POST /v1/inputs");
        let mut streams = Vec::new();
        for _ in 0..slow {
            streams.push(self.send(&log, "")?);
            streams.push(self.send(upload, "Content-Length: 1000000\r\n")?);
        }
        let mut looks = Vec::new();
        for number in 0..LOOKS {
            // Each sends a byte now and then, so that it is no idle connection.
            if let Some(stream) = streams.get_mut(number * 7 % (2 * slow).max(1)) {
                // It may have been cut: that is the host's right.
                let _ = stream.write_all(b"x");
            }
            let begun = Instant::now();
            let health = Host::new(self.server.url()).get("/healthz")?;
            looks.push(begun.elapsed().as_secs_f64() * 1e3);
            if health.get("status").and_then(Value::as_str) != Some("ok") {
                bail!("the host is not healthy: {health}");
            }
        }
        looks.sort_by(f64::total_cmp);
        let at = |part: usize| looks.get(looks.len() * part / 1000).copied().unwrap_or(f64::MAX);
        println!(
            "{slow} slow readers and {slow} slow uploaders: GET /healthz on new connections, \
             {LOOKS} looks, p50 {:.1} ms, p99 {:.1} ms",
            at(500),
            at(990)
        );
        Holding::of(self.server.pid())?.print("with all of them");
        if at(990) > MOST_MS { bail!("/healthz must be answered within {MOST_MS} ms") } else { Ok(()) }
    }
}

/// True when something came.
fn has_begun(stream: &TcpStream) -> bool {
    let mut first = [0; 12];
    let timely = stream.set_read_timeout(Some(Duration::from_secs(1)));
    timely.is_ok() && matches!(stream.peek(&mut first), Ok(1..)) && first.starts_with(b"HTTP/1.1 200")
}

/// Each client is an open file of this program.
fn raise_files() -> anyhow::Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(setrlimit(Resource::RLIMIT_NOFILE, most, most)?)
}
