//! The frames between the host and `simulay-init`, over a container's stdin and stdout.
//!
//! A frame is one message, encoded with [postcard] and closed by a CRC-32, the whole in COBS
//! (Cheshire & Baker, 1999) and ended by a zero byte. COBS leaves no other zero, so a reader that
//! comes late, or follows a writer that died in the middle of a frame, is in step again after the
//! next [`SYNC`]: a host that attaches anew begins with it and a [`Order::Hello`]. The bytes of a file go behind a frame
//! that tells how many they are; no piece of them has in itself what [`SYNC`] is made of.
//!
//! ```text
//! host                                  init
//! Hello{session}                 →
//!                                ←      Welcome{session, phase: Idle, protocol}
//! (Boot(command)                 →
//!                                ←      Booted, or NotBooted)
//! Begin(job)                     →
//! File{path,size} Data…          →      written below the working directory
//! Run                            →
//!                                ←      Serves{attempt}
//!                                ←      Started
//!                                ←      Stdout{offset,bytes} Stderr{…} …
//!                                ←      Exited(exit)
//!                                ←      Output{path,size} Data… (each file) LeftOut{…}…, or Rejected{…}
//!                                ←      Done
//! Ack                            →      has no job, takes no other, and exits with 0 soon
//! ```
//! In a container in which jobs follow each other, the host says `Fork` in the place of `Boot`, and `Reset` in the place
//! of `Ack`; what follows is as after the first `Hello`.
//!
//! After another `Hello`, a job at work or done is told again from its start: `Welcome` with its
//! phase, all of both streams from offset 0, and so on. So whatever the host missed comes again,
//! until `Ack` or until the hold time has passed.
//!
//! Neither side trusts the other: lengths are bounded here, and what a frame says is data.

mod codec;
mod content;
mod message;

pub use codec::{Decoder, FrameError, MAX_DATA, MAX_FRAME, decode_all, encode};
pub use content::{Content, Message, SYNC, pieces};
pub use message::{BootSpec, Exit, JobSpec, Order, Phase, Rejection, Report};

/// What this init and this host speak. A host of another protocol asks for the image to be registered anew.
pub const PROTOCOL: u32 = 4;
/// Files left out that are told one by one; of further ones the number is told.
pub const MAX_LEFT_OUT: usize = 1000;

/// Variables of a command that may come with its job, when it was started ahead of that, begin so.
pub const JOB_PREFIX: &str = "SIM_";
/// Variable of a command that is started ahead of its job: the named pipe from which it reads variables, as
/// `NAME=VALUE` and a zero byte each, before it goes on.
pub const BOOT_VARIABLE: &str = "SIMULAY_BOOT";
/// Variable of a command that is to have a child for each job: its standard input is the socket by which it is asked.
pub const FORK_VARIABLE: &str = "SIMULAY_FORK";
/// Variable of `simulay-init` itself: seconds without a word of any host after which one that has no job ends.
pub const PATIENCE_VARIABLE: &str = "SIMULAY_PATIENCE";
/// Exit code of `simulay-init` when no host acknowledged before the hold time had passed. It exits
/// with 0 after an `Ack`, or when it is stopped or left alone without a job.
pub const UNCLAIMED: u8 = 3;
/// Exit code of `simulay-init` when it cannot do its work.
pub const FAILED: u8 = 4;
