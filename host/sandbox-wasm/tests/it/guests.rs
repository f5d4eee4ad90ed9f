//! Guests that several tests need.

use simulay_hostile::guest::{Guest, SPIN};

pub(crate) const LOG: &str =
    "(import \"simulay:plugin/log@0.2.0\" \"write\" (func $log (param i32 i32 i32)))";
pub(crate) const READ: &str =
    "(import \"simulay:plugin/artifacts@0.2.0\" \"read\" (func $read (param i32 i32 i64 i64 i32)))";

/// A guest that reads `length` bytes from offset 2 of the artifact its parameters name, and
/// answers the number the result begins with.
pub(crate) fn reader(length: u64) -> Guest {
    Guest {
        imports: READ.into(),
        pre_process: format!(
            "(call $read (i32.add (local.get 0) (i32.const 1)) (i32.const 64)
                (i64.const 2) (i64.const {length}) (i32.const 256))
             (i64.store (i32.const 512) (i64.const 0)) (i64.store (i32.const 520) (i64.const 0))
             (if (i32.load8_u (i32.const 256))
                (then
                    (i32.store8 (i32.const 300) (i32.add (i32.const 48) (i32.load8_u (i32.const 264))))
                    (i32.store (i32.const 524) (i32.const 300)) (i32.store (i32.const 528) (i32.const 1)))
                (else
                    (i32.store (i32.const 524) (i32.load (i32.const 264)))
                    (i32.store (i32.const 528) (i32.load (i32.const 268)))))
             i32.const 512"
        ),
        ..Guest::default()
    }
}

/// A guest that answers a failure of the simulation, whose message are its parameters.
pub(crate) fn failing() -> Guest {
    Guest {
        pre_process: "
            (i32.store (i32.const 512) (i32.const 1)) (i32.store (i32.const 516) (i32.const 1))
            (i32.store (i32.const 520) (local.get 0)) (i32.store (i32.const 524) (local.get 1))
            i32.const 512"
            .into(),
        ..Guest::default()
    }
}

/// A guest that never answers.
pub(crate) fn endless() -> Guest {
    Guest { pre_process: SPIN.into(), ..Guest::default() }
}

/// A guest that takes memory until there is no more.
pub(crate) fn greedy() -> Guest {
    let grow = "(loop (drop (memory.grow (i32.const 16))) br 0) unreachable";
    Guest { pre_process: grow.into(), ..Guest::default() }
}
