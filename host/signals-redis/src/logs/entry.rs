//! What an entry of a log's stream says.

use std::collections::HashMap;

use bytes::Bytes;
use redis::{Cmd, Pipeline};
use simulay_signals::LogPiece;

/// Entries of a log; older ones are forgotten, and who has not read those waits for the end.
const MOST: usize = 4096;
/// Seconds for which a log is kept after its last piece: longer than a container is silent, usually.
const KEPT: u64 = 3600;
/// Seconds for which a log is kept after its end, for who is about to read it.
const KEPT_AFTER_END: u64 = 60;
const OFFSET: &str = "o";
const BYTES: &str = "b";
const END: &str = "e";

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    Piece(LogPiece),
    End,
}

/// An entry as Redis tells it: its id and its fields.
pub(super) type Told = (String, HashMap<String, Bytes>);

impl Entry {
    /// Adds the entry to the log `key`.
    pub(super) fn write(&self, pipeline: &mut Pipeline, key: &str) {
        let mut add = redis::cmd("XADD");
        add.arg(key).arg("MAXLEN").arg("~").arg(MOST).arg("*");
        let kept = match self {
            Self::Piece(LogPiece { offset, bytes }) => {
                add.arg(OFFSET).arg(*offset).arg(BYTES).arg(&bytes[..]);
                KEPT
            }
            Self::End => {
                add.arg(END).arg(1);
                KEPT_AFTER_END
            }
        };
        pipeline.add_command(add).ignore();
        pipeline.cmd("EXPIRE").arg(key).arg(kept).ignore();
    }

    /// Asks for some entries of the log `key` after the one with the id `last`.
    pub(super) fn read(key: &str, last: &str, at_most: usize) -> Cmd {
        let mut range = redis::cmd("XRANGE");
        range.arg(key).arg(format!("({last}")).arg("+").arg("COUNT").arg(at_most);
        range
    }

    /// What was told; nothing when that is no entry of ours.
    pub(super) fn of(fields: &HashMap<String, Bytes>) -> Option<Self> {
        if fields.contains_key(END) {
            return Some(Self::End);
        }
        let offset = std::str::from_utf8(fields.get(OFFSET)?).ok()?.parse().ok()?;
        Some(Self::Piece(LogPiece { offset, bytes: fields.get(BYTES)?.clone() }))
    }
}
