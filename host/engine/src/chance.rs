//! Chance as a dependency, as `Clock` is for time.

use simulay_model::RunId;

/// Everything the engine leaves to chance.
pub trait Chance: Send + Sync {
    /// Any number, each as likely as any other.
    fn draw(&self) -> u64;

    /// The identity of a new run, later than all before it.
    fn run_id(&self) -> RunId;
}

/// Real chance.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemChance;

impl Chance for SystemChance {
    fn draw(&self) -> u64 {
        fastrand::u64(..)
    }

    fn run_id(&self) -> RunId {
        RunId::generate()
    }
}
