//! Compiled code in a worker: mapped, not copied, so that workers share its pages.

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::ptr::NonNull;

use memmap2::{Mmap, MmapOptions};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use simulay_sandbox::InspectError;
use wasmtime::component::{Component, Linker};

use crate::guest::Guest;
use crate::link::{self, Compiled};

/// A plugin that can be called.
pub(super) struct Loaded {
    /// Goes first: it runs what lies in `_code`.
    plugin: Compiled,
    _code: Mmap,
}

impl Loaded {
    /// Maps the code in `file`, and links it.
    pub(super) fn new(linker: &Linker<Guest>, file: &OwnedFd) -> Result<Self, InspectError> {
        let code = map(file).map_err(|error| fault(&error))?;
        let component = component(linker, &code)?;
        Ok(Self { plugin: link::link(linker, &component)?, _code: code })
    }

    /// The plugin.
    pub(super) const fn plugin(&self) -> &Compiled {
        &self.plugin
    }
}

#[expect(unsafe_code, reason = "the file is sealed by the host: nobody can change or shorten it")]
fn map(file: &OwnedFd) -> io::Result<Mmap> {
    // SAFETY: as said above; and the mapping is private.
    unsafe { MmapOptions::new().map_copy_read_only(file) }
}

#[expect(
    unsafe_code,
    reason = "the host gives only what a compiler of ours made, and checked that it is unchanged"
)]
fn component(linker: &Linker<Guest>, code: &Mmap) -> Result<Component, InspectError> {
    // SAFETY: as said above; `Loaded` keeps the mapping longer than the component.
    let component = unsafe { Component::deserialize_raw(linker.engine(), NonNull::from(&**code)) };
    component.map_err(|error| fault(&error))
}

fn fault(error: &dyn std::fmt::Display) -> InspectError {
    InspectError::Host(format!("compiled code cannot be loaded: {error}"))
}

/// The file that comes over `socket`.
pub(super) fn receive(socket: &OwnedFd) -> io::Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    recvmsg(socket, &mut [IoSliceMut::new(&mut byte)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let mut files = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut files) => files.next(),
        _ => None,
    });
    files.next().ok_or_else(|| io::Error::other("the host sent no code"))
}
