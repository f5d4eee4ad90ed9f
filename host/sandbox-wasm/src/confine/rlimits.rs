//! What a worker may use up at most: the second line behind the limits of each call.

use std::io;

use rustix::process::{Resource, Rlimit, nice, setrlimit};
use simulay_sandbox::SandboxSettings;

use super::Role;

const MIB: u64 = 1 << 20;
/// A memory image is a file to the kernel.
const FILE_BYTES: u64 = 1 << 30;
/// Code and memory images of loaded plugins, each a file or two.
const FILES: u64 = 512;
/// What a worker needs beside the memory of one instance: answers, messages, tables of loaded plugins.
const OVERHEAD: u64 = 512 * MIB;
/// A compiler makes way for everybody else.
const COMPILER_NICE: i32 = 10;

/// Sets the bounds of a worker. Address space bounds a compiler; an instance reserves much more of it
/// than it uses, so that a caller is bounded by the data it writes.
pub(super) fn set(role: Role, settings: &SandboxSettings) -> io::Result<()> {
    bound(Resource::Core, 0)?;
    bound(Resource::Memlock, 0)?;
    bound(Resource::Fsize, FILE_BYTES)?;
    bound(Resource::Nofile, FILES)?;
    match role {
        Role::Compile => {
            nice(COMPILER_NICE)?;
            bound(Resource::As, settings.compile_bytes)?;
            // At the first the process gets a signal that says so; at the second it is killed.
            let time = settings.compile_time.as_secs().max(1);
            Ok(setrlimit(Resource::Cpu, Rlimit { current: Some(time), maximum: Some(time + 1) })?)
        }
        Role::Call => bound(Resource::Data, settings.memory_bytes as u64 + OVERHEAD),
    }
}

fn bound(resource: Resource, most: u64) -> io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?)
}
