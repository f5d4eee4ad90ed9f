//! Sweeps: many runs of one version of a pipeline, whose parameters are laid out by a design.

mod design;
mod life;
mod pointer;
mod points;
mod sampling;
mod stop;
mod table;
#[cfg(test)]
mod tests;
mod variation;

pub use design::{Design, Draft, Layout, Method};
pub use life::{
    PointCounts, Sweep, SweepChange, SweepProgress, SweepRefusal, SweepSpec, SweepState, SweepSummary,
};
pub use pointer::{ParamPointer, ParamPointerError};
pub use points::Points;
pub use stop::{Bound, StopRule};
pub use variation::{Range, Scale, Variation, Varied};
