//! Whom the kernel kills first when memory runs out: always the command, never init.

use std::fs::{self, File, OpenOptions};
use std::io::Write;

const PLACE: &str = "/proc/self/oom_score_adj";
const WORST: &str = "1000";

/// Init's own badness.
pub(crate) struct Badness {
    file: Option<File>,
    own: String,
}

impl Badness {
    /// To be called while `/proc/self` is open to us still.
    pub(crate) fn open() -> Self {
        let own = fs::read_to_string(PLACE).unwrap_or_default();
        Self { file: OpenOptions::new().write(true).open(PLACE).ok(), own }
    }

    /// Does `act` with the worst badness, so that a process it starts has that from its birth on.
    pub(crate) fn worst_while<T>(&self, act: impl FnOnce() -> T) -> T {
        self.set(WORST);
        let done = act();
        self.set(self.own.trim());
        done
    }

    fn set(&self, badness: &str) {
        // A kernel that refuses leaves all as it was, which works too, only less well.
        let _ = self.file.as_ref().map(|mut file| file.write_all(badness.as_bytes()));
    }
}
