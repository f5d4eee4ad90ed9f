//! The part of WASI that Rust's standard library imports, made deterministic. What is not linked
//! here does not exist for a plugin: no files, no sockets, no HTTP, no environment.

use wasmtime::Result;
use wasmtime::component::{HasSelf, Linker, Resource, ResourceTable};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{WasiCli, WasiCliCtxView};
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};
use wasmtime_wasi::p2::bindings::{cli, sync};
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

use crate::guest::Guest;
use crate::termination::Termination;

/// 2026-01-01T00:00:00Z: a plugin sees the same time in every run.
const WALL_SECONDS: u64 = 1_767_225_600;
/// Each look at the clock takes this long, so that a loop that waits for time to pass ends.
const NANOSECONDS_PER_LOOK: u64 = 1_000;
const MAX_RANDOM_BYTES: u64 = 64 << 10;

/// The packages whose interfaces are linked, with the interfaces.
pub(crate) const LINKED: [(&str, &[&str]); 4] = [
    (
        "wasi:cli",
        &[
            "environment",
            "exit",
            "stdin",
            "stdout",
            "stderr",
            "terminal-input",
            "terminal-output",
            "terminal-stdin",
            "terminal-stdout",
            "terminal-stderr",
        ],
    ),
    ("wasi:clocks", &["monotonic-clock", "wall-clock"]),
    ("wasi:io", &["error", "poll", "streams"]),
    ("wasi:random", &["insecure", "insecure-seed", "random"]),
];

/// Links everything in [`LINKED`].
pub(crate) fn add_to_linker(linker: &mut Linker<Guest>) -> Result<()> {
    add_io(linker)?;
    add_cli(linker)?;
    wall_clock::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    monotonic_clock::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    random::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    insecure::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    insecure_seed::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)
}

fn add_io(linker: &mut Linker<Guest>) -> Result<()> {
    use wasmtime_wasi_io::bindings::wasi::io::error;

    error::add_to_linker::<_, HasSelf<ResourceTable>>(linker, |guest| &mut guest.table)?;
    sync::io::poll::add_to_linker::<_, HasSelf<ResourceTable>>(linker, |guest| &mut guest.table)?;
    sync::io::streams::add_to_linker::<_, HasSelf<ResourceTable>>(linker, |guest| &mut guest.table)
}

fn add_cli(linker: &mut Linker<Guest>) -> Result<()> {
    cli::environment::add_to_linker::<_, WasiCli>(linker, view)?;
    cli::exit::add_to_linker::<_, WasiCli>(linker, view)?;
    cli::stdin::add_to_linker::<_, WasiCli>(linker, view)?;
    cli::stdout::add_to_linker::<_, WasiCli>(linker, view)?;
    cli::stderr::add_to_linker::<_, WasiCli>(linker, view)?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(linker, view)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(linker, view)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(linker, view)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(linker, view)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(linker, view)
}

fn view(guest: &mut Guest) -> WasiCliCtxView<'_> {
    WasiCliCtxView { ctx: guest.wasi.cli(), table: &mut guest.table }
}

// Clocks

impl wall_clock::Host for Guest {
    fn now(&mut self) -> Result<wall_clock::Datetime> {
        Ok(wall_clock::Datetime { seconds: WALL_SECONDS, nanoseconds: 0 })
    }

    fn resolution(&mut self) -> Result<wall_clock::Datetime> {
        Ok(wall_clock::Datetime { seconds: 1, nanoseconds: 0 })
    }
}

impl monotonic_clock::Host for Guest {
    fn now(&mut self) -> Result<u64> {
        self.now = self.now.saturating_add(NANOSECONDS_PER_LOOK);
        Ok(self.now)
    }

    fn resolution(&mut self) -> Result<u64> {
        Ok(NANOSECONDS_PER_LOOK)
    }

    fn subscribe_instant(&mut self, when: u64) -> Result<Resource<DynPollable>> {
        self.now = self.now.max(when);
        self.elapsed()
    }

    fn subscribe_duration(&mut self, duration: u64) -> Result<Resource<DynPollable>> {
        self.now = self.now.saturating_add(duration);
        self.elapsed()
    }
}

impl Guest {
    fn elapsed(&mut self) -> Result<Resource<DynPollable>> {
        let elapsed = self.table.push(Elapsed)?;
        subscribe(&mut self.table, elapsed)
    }
}

/// A time that has come: a plugin's sleep takes no time of the host's.
struct Elapsed;

#[async_trait]
impl Pollable for Elapsed {
    async fn ready(&mut self) {}
}

// Random numbers

impl Guest {
    /// SplitMix64: the next of a sequence that follows from the seed.
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn random_bytes(&mut self, length: u64) -> Result<Vec<u8>> {
        if length > MAX_RANDOM_BYTES {
            let what = format!("at most {MAX_RANDOM_BYTES} random bytes are given at once");
            return Err(Termination::Hostcall(what).into());
        }
        let words = length.div_ceil(8);
        let mut bytes: Vec<u8> = (0..words).flat_map(|_| self.next_random().to_le_bytes()).collect();
        bytes.truncate(usize::try_from(length)?);
        Ok(bytes)
    }
}

impl random::Host for Guest {
    fn get_random_bytes(&mut self, length: u64) -> Result<Vec<u8>> {
        self.random_bytes(length)
    }

    fn get_random_u64(&mut self) -> Result<u64> {
        Ok(self.next_random())
    }
}

impl insecure::Host for Guest {
    fn get_insecure_random_bytes(&mut self, length: u64) -> Result<Vec<u8>> {
        self.random_bytes(length)
    }

    fn get_insecure_random_u64(&mut self) -> Result<u64> {
        Ok(self.next_random())
    }
}

impl insecure_seed::Host for Guest {
    fn insecure_seed(&mut self) -> Result<(u64, u64)> {
        Ok((self.next_random(), self.next_random()))
    }
}
