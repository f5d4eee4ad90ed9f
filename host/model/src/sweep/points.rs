//! The points of a design: each a function of its number, so that no list of them is kept anywhere.

use serde_json::Value;

use super::{Design, Method, sampling};

/// The points of a design.
pub struct Points<'a> {
    design: &'a Design,
    /// What is the same for all.
    fixed: Value,
    /// Of a Latin hypercube: the shares of its ranges, by parameter and point.
    shares: Vec<Vec<f64>>,
    count: u32,
}

impl<'a> Points<'a> {
    /// The points that came in blocks of these sizes.
    ///
    /// # Errors
    /// When what is fixed is no JSON.
    pub fn new(design: &'a Design, blocks: &[u32]) -> Result<Self, serde_json::Error> {
        let dimensions = design.parameters.len();
        let shares = match design.method {
            Method::LatinHypercube => sampling::latin_hypercube(design.seed, blocks, dimensions),
            _ => Vec::new(),
        };
        let count = blocks.iter().fold(0_u32, |count, block| count.saturating_add(*block));
        Ok(Self { design, fixed: design.fixed.value()?, shares, count })
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The values of a point, in the order of the parameters; none for one that stays as it is.
    #[must_use]
    pub fn values(&self, point: u32) -> Vec<Option<Value>> {
        let Design { method, parameters, seed, .. } = self.design;
        let shares = match method {
            Method::Grid => return self.of_grid(point),
            Method::Table(rows) => return rows.get(point as usize).cloned().unwrap_or_default(),
            Method::LatinHypercube => self
                .shares
                .iter()
                .map(|shares| shares.get(point as usize).copied().unwrap_or_default())
                .collect(),
            Method::Sobol => sampling::sobol(*seed, point, parameters.len()),
            Method::Random => sampling::random(*seed, point, parameters.len()),
        };
        parameters.iter().zip(shares).map(|(varied, share)| varied.variation.at(share)).collect()
    }

    /// The last parameter varies fastest.
    fn of_grid(&self, point: u32) -> Vec<Option<Value>> {
        let mut rest = u64::from(point);
        let from_last = self.design.parameters.iter().rev().map(|varied| {
            let count = varied.variation.count().unwrap_or(1).max(1);
            let index = rest % count;
            rest /= count;
            varied.variation.nth(index)
        });
        let mut values: Vec<_> = from_last.collect();
        values.reverse();
        values
    }

    /// The parameters of a point, whole.
    #[must_use]
    pub fn params(&self, point: u32) -> Value {
        let mut params = self.fixed.clone();
        for (varied, value) in self.design.parameters.iter().zip(self.values(point)) {
            if let Some(value) = value {
                // The design was refused if there was no such place.
                let _ = varied.pointer.set(&mut params, value);
            }
        }
        params
    }
}
