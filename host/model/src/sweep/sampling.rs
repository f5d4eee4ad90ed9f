//! Shares of ranges, in 0..1, that are the same whenever and wherever they are drawn: a point of a sweep is a
//! function of its number. That is why shuffling is written out here: a library may shuffle differently tomorrow.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

/// The most points of a Sobol sequence.
pub(super) const SOBOL_POINTS: u32 = 1 << 16;

/// A random point: each number is drawn for itself.
pub(super) fn random(seed: u64, point: u32, dimensions: usize) -> Vec<f64> {
    let mut draws = Draws::new(seed, u64::from(point));
    (0..dimensions).map(|_| draws.share()).collect()
}

/// A point of the Sobol sequence with the direction numbers of Joe and Kuo (2008), scrambled by the seed as Owen
/// (1995) proposes and Burley (2020) computes; the first 2^k points are a net for each k. Numbers have 24 bits.
pub(super) fn sobol(seed: u64, point: u32, dimensions: usize) -> Vec<f64> {
    #[expect(clippy::cast_possible_truncation, reason = "both halves count")]
    let seed = (seed ^ (seed >> 32)) as u32;
    // Above, the sequence would panic; no sweep has as many, see `Draft`.
    let point = point.min(SOBOL_POINTS - 1);
    (0..).take(dimensions).map(|dimension| sobol_burley::sample(point, dimension, seed).into()).collect()
}

/// The points of a Latin hypercube (McKay, Beckman and Conover, 1979), one dimension after the other: each of as many
/// equal parts of a range as there are points has one.
///
/// It grows by blocks, and no point changes. A block that doubles what is there takes the parts, half as wide, that
/// are free (Sallaberry, Helton and Hora, 2008): the whole is a Latin hypercube again. Any other block is a Latin
/// hypercube for itself.
pub(super) fn latin_hypercube(seed: u64, blocks: &[u32], dimensions: usize) -> Vec<Vec<f64>> {
    (0..dimensions as u64).map(|dimension| latin_dimension(seed, blocks, dimension)).collect()
}

fn latin_dimension(seed: u64, blocks: &[u32], dimension: u64) -> Vec<f64> {
    let mut shares: Vec<f64> = Vec::new();
    let mut is_whole = true;
    for (number, size) in (0_u64..).zip(blocks) {
        let mut draws = Draws::new(seed, (dimension << 32) | number);
        let doubles = number > 0 && is_whole && shares.len() == *size as usize;
        is_whole = number == 0 || doubles;
        let parts = if doubles { size.saturating_mul(2) } else { *size };
        let mut free = free_parts(parts, if doubles { &shares } else { &[] });
        draws.shuffle(&mut free);
        shares.extend(free.into_iter().map(|part| (f64::from(part) + draws.inside()) / f64::from(parts)));
    }
    shares
}

/// Of so many equal parts those without a share.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shares are in 0..1")]
fn free_parts(parts: u32, shares: &[f64]) -> Vec<u32> {
    let mut taken = vec![false; parts as usize];
    for share in shares {
        if let Some(part) = taken.get_mut((share * f64::from(parts)) as usize) {
            *part = true;
        }
    }
    (0..).zip(taken).filter(|(_, taken)| !taken).map(|(part, _)| part).collect()
}

/// Numbers by a seed and a stream of it.
struct Draws(ChaCha8Rng);

impl Draws {
    fn new(seed: u64, stream: u64) -> Self {
        let mut key = [0; 32];
        key.iter_mut().zip(seed.to_le_bytes()).for_each(|(byte, of_seed)| *byte = of_seed);
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(stream);
        Self(generator)
    }

    /// From 0 up to and without 1, with 53 bits.
    fn share(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A place in a part that is neither of its ends nor its middle, so that it lies in the same half however it is
    /// rounded.
    fn inside(&mut self) -> f64 {
        (f64::from(self.0.next_u32()) + 0.5) / (1_u64 << 32) as f64
    }

    /// By Fisher and Yates.
    fn shuffle(&mut self, items: &mut [u32]) {
        for last in (1..items.len()).rev() {
            #[expect(clippy::cast_possible_truncation, reason = "it is at most `last`")]
            let other = ((u128::from(self.0.next_u64()) * (last as u128 + 1)) >> 64) as usize;
            items.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// True when each of as many parts as there are shares has one.
    fn is_latin(shares: &[f64]) -> bool {
        free_parts(u32::try_from(shares.len()).unwrap(), shares).is_empty()
    }

    #[test]
    fn a_latin_hypercube_has_a_point_in_each_part_of_each_range() {
        for size in [1, 2, 7, 1000] {
            for shares in latin_hypercube(7, &[size], 3) {
                assert!(shares.len() == size as usize && is_latin(&shares));
            }
        }
    }

    #[test]
    fn it_grows_without_a_change_and_is_whole_again_when_doubled() {
        for size in [1, 3, 10, 777] {
            let [small, grown, doubled] = [&[size][..], &[size, 5], &[size, size, 2 * size]]
                .map(|blocks| latin_hypercube(1, blocks, 2));
            for dimension in 0..2 {
                assert!(grown[dimension].starts_with(&small[dimension]));
                assert!(is_latin(&grown[dimension][size as usize..]));
                assert!(doubled[dimension].starts_with(&small[dimension]));
                assert!(is_latin(&doubled[dimension][..2 * size as usize]), "{size}");
                assert!(is_latin(&doubled[dimension]));
            }
        }
    }

    #[test]
    fn the_first_points_of_sobol_are_a_net() {
        for dimension in 0..8 {
            let shares: Vec<f64> = (0..256).map(|point| sobol(42, point, 8)[dimension]).collect();
            assert!(is_latin(&shares));
        }
        assert_eq!(sobol(1, u32::MAX, 1).len(), 1);
    }

    /// Whoever changes these changes the points of every sweep that was ever made.
    #[test]
    fn points_are_the_same_for_ever() {
        let text = |shares: Vec<f64>| format!("{shares:.6?}");
        let found = [
            text(random(1, 0, 3)),
            text(random(1, 9999, 2)),
            text(sobol(1, 0, 3)),
            text(latin_hypercube(1, &[3, 3], 1).concat()),
        ];
        let known = [
            "[0.381489, 0.294927, 0.798254]",
            "[0.129350, 0.654557]",
            "[0.429806, 0.749335, 0.020508]",
            "[0.799016, 0.266085, 0.635565, 0.937892, 0.439690, 0.110561]",
        ];
        assert_eq!(found, known);
    }
}
