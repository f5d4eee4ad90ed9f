//! Code that lies in a file both mapped and shared: wasmtime lets it run only when we say how.

use std::ffi::c_void;

use rustix::mm::{MprotectFlags, mprotect};
use wasmtime::{CustomCodeMemory, Result};

/// Pages of code: to be read or run, or to be written, never both.
pub(crate) struct Pages;

impl CustomCodeMemory for Pages {
    fn required_alignment(&self) -> usize {
        rustix::param::page_size()
    }

    fn publish_executable(&self, start: *const u8, length: usize) -> Result<()> {
        protect(start, length, MprotectFlags::READ | MprotectFlags::EXEC)
    }

    fn unpublish_executable(&self, start: *const u8, length: usize) -> Result<()> {
        protect(start, length, MprotectFlags::READ | MprotectFlags::WRITE)
    }
}

#[expect(unsafe_code, reason = "changing what memory is for is what this module is for")]
fn protect(start: *const u8, length: usize, flags: MprotectFlags) -> Result<()> {
    // SAFETY: wasmtime gives the text of a module it owns, which nothing else uses.
    Ok(unsafe { mprotect(start.cast_mut().cast::<c_void>(), length, flags) }?)
}
