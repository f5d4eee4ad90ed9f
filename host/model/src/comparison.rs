//! Runs side by side: what differs, by how much, and their curves at the same abscissas.

mod fields;
mod join;
mod number;
mod rows;
mod units;

pub use fields::{Fields, fields};
pub use join::{Deviation, JoinedCurve, JoinedPlot, JoinedSeries, PlotJoin};
pub use rows::{Field, Group, Row, rows};
pub use units::unit_at;

/// Bytes of the longest name that is compared.
const MOST_NAME: usize = 1_000;
