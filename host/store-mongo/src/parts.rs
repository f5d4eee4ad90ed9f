//! Sums in parts: many who add at the same time are seldom in each other's way, and whoever reads adds the parts up.

use uuid::Uuid;

/// Parts of a sum.
const PARTS: u8 = 16;

/// The part that something is added to, by chance.
pub(crate) fn some_part() -> i32 {
    let [dice, ..] = *Uuid::new_v4().as_bytes();
    i32::from(dice % PARTS)
}
