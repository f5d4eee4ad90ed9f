//! Points of a sweep, by number: a sweep has many, and some are remembered of each that has not ended.

/// Some points of a sweep.
#[derive(Debug, Default)]
pub(super) struct PointSet(Vec<bool>);

impl PointSet {
    pub(super) fn has(&self, point: u32) -> bool {
        self.0.get(point as usize).copied().unwrap_or_default()
    }

    pub(super) fn add(&mut self, point: u32) {
        let place = point as usize;
        if self.0.len() <= place {
            self.0.resize(place.saturating_add(1), false);
        }
        if let Some(is_there) = self.0.get_mut(place) {
            *is_there = true;
        }
    }
}
