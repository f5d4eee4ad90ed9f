//! The calls of the suite, played by a script.

use super::calls;
use crate::scripted::{Act, Scripted};

/// Lets `containers` do what the commands of the calls do.
pub fn play(containers: &Scripted) {
    let whole = calls::TAKEN.concat();
    let copies = Act::exits(0).stdout(whole.clone()).stderr(calls::COMPLAINT).output(calls::COPY, whole);
    containers.on(calls::COPIES, copies);
    containers.on(calls::FAILS, Act::exits(calls::CODE));
    for name in ["adopted", "let-go", "cancelled", "newer-lease", "newer-attachment", "older-lease"] {
        for line in ["first\n", "second\n", "third\n"] {
            containers.on(name, Act::exits(0).stdout(line).held());
        }
    }
}
