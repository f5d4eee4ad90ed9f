//! A worker process: confines itself, then does what its host asks, until the host goes away.

mod loaded;
mod serve;

use std::io;
use std::os::fd::AsFd as _;
use std::process::{ExitCode, exit};
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};

use crate::COMPILER_STACK;
use crate::confine::{close_inherited, confine};
use crate::wire::{Channel, LONGEST_QUESTION, Setup};

/// Is a worker: standard input is the socket to the host, standard output the socket that code comes
/// over, standard error takes last words. To be called before anything else, with one thread.
#[must_use]
pub fn work() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn start() -> io::Result<()> {
    let mut restrictions = vec![close_inherited()];
    let mut channel = Channel::new(io::stdin().as_fd().try_clone_to_owned()?)?;
    let code = io::stdout().as_fd().try_clone_to_owned()?;
    let Setup { role, settings } = channel.receive(LONGEST_QUESTION)?;
    restrictions.extend(confine(role, &settings));
    thread::Builder::new().name("simulay-watch".to_owned()).spawn(end_with_the_host)?;
    let serve = move || {
        // What a plugin prints goes through one; without, wasmtime starts its own, with calls that are
        // not allowed here.
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let _entered = runtime.enter();
        serve::serve(channel, &code, settings, restrictions)
    };
    let work = thread::Builder::new().name("simulay-work".to_owned()).stack_size(COMPILER_STACK);
    work.spawn(serve)?.join().map_err(|_| io::Error::other("a fault of the worker"))?
}

/// However busy: without a host, nobody wants the work.
fn end_with_the_host() {
    let stdin = io::stdin();
    let mut host = [PollFd::new(&stdin, PollFlags::empty())];
    while !host.iter().any(|host| host.revents().contains(PollFlags::HUP)) {
        if poll(&mut host, None).is_err_and(|error| error != rustix::io::Errno::INTR) {
            break;
        }
    }
    exit(1);
}
