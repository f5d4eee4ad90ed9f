//! PID 1 of a simulation container: takes a job, runs its command, hands back what it left.
//!
//! Threads, each with one thing to wait for: orders from the host, SIGTERM, the command's two streams
//! and its end, the host's patience for reports. This one decides.

mod badness;
mod boot;
mod cgroup;
mod command;
mod hands;
mod held;
mod inputs;
mod job;
mod orders;
mod outputs;
mod parent;
mod path;
mod process;
mod processes;
mod record;
mod reset;
mod scratch;
mod sleeper;
mod spawn;
mod streams;
mod teller;
mod user;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;

use badness::Badness;
use dlmalloc::GlobalDlmalloc;
use record::Record;
use simulay_init::frames::FAILED;

/// That of musl maps memory and unmaps it with every few pieces of a file or a frame, at which every processor of the
/// machine is stopped.
#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;

/// Orders that wait while a file is written; more wait in the pipe.
const QUEUE: usize = 4;

fn main() -> ExitCode {
    // A thread that is gone would leave the host waiting.
    std::panic::set_hook(Box::new(|_| std::process::exit(FAILED.into())));
    let badness = Badness::open();
    // Closes /proc/1 to the command: it shall not write to our stdout.
    let _ = nix::sys::prctl::set_dumpable(false);
    let _ = nix::sys::prctl::set_child_subreaper(true);
    if user::leave_groups().is_err() {
        return FAILED.into();
    }
    let Ok(signals) = orders::block_stop() else { return FAILED.into() };
    let record = Arc::new(Record::new());
    let (sender, events) = sync_channel(QUEUE);

    let (listener, watcher, told) = (sender.clone(), sender.clone(), Arc::clone(&record));
    thread::spawn(move || orders::listen(std::io::stdin().lock(), &listener));
    thread::spawn(move || orders::watch(&signals, &watcher));
    thread::spawn(move || teller::tell(&told, std::io::stdout().lock()));
    job::serve(&events, &sender, &record, &badness).into()
}
