//! Samples by bins of equal width.

/// Bins, by their centres, and the probability density in each.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Histogram {
    pub(crate) centres: Vec<f64>,
    pub(crate) densities: Vec<f64>,
}

impl Histogram {
    /// Of sorted samples, from the lowest to the highest.
    pub(crate) fn of(sorted: &[f64], bins: u32) -> Self {
        let (low, high) = match sorted {
            [low, .., high] if low < high => (*low, *high),
            _ => return Self { centres: Vec::new(), densities: Vec::new() },
        };
        let width = (high - low) / f64::from(bins);
        let mut counts = vec![0_u32; bins as usize];
        let last = f64::from(bins - 1);
        for sample in sorted {
            // The highest sample ends the last bin.
            let bin = ((sample - low) / width).min(last) as usize;
            if let Some(count) = counts.get_mut(bin) {
                *count += 1;
            }
        }
        let scale = 1.0 / (sorted.len() as f64 * width);
        Self {
            centres: (0..bins).map(|bin| low + (f64::from(bin) + 0.5) * width).collect(),
            densities: counts.into_iter().map(|count| f64::from(count) * scale).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_in_a_bin_and_the_area_is_1() {
        let histogram = Histogram::of(&[0.0, 0.5, 3.9, 4.0], 4);
        assert_eq!(histogram.centres, [0.5, 1.5, 2.5, 3.5]);
        assert_eq!(histogram.densities, [0.5, 0.0, 0.0, 0.5]);
    }

    #[test]
    fn equal_samples_have_no_histogram() {
        assert!(Histogram::of(&[1.0, 1.0], 4).centres.is_empty());
        assert!(Histogram::of(&[], 4).centres.is_empty());
    }
}
