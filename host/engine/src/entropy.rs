//! Entropy as a dependency, as `Clock` is for time.

use simulay_model::RunId;

/// Everything the engine leaves to chance.
pub trait Entropy: Send + Sync {
    /// Any number, each as likely as any other.
    fn draw(&self) -> u64;

    /// The identity of a new run, later than all before it.
    fn run_id(&self) -> RunId;
}

/// Real entropy.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn draw(&self) -> u64 {
        fastrand::u64(..)
    }

    fn run_id(&self) -> RunId {
        RunId::generate()
    }
}
