//! Seeds of the containers' random generators.

/// Words of a seed; `MT19937` takes up to 625.
const WORDS: usize = 8;

/// The increment of SplitMix64.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// The seed of a container: SplitMix64 (Steele, Lea & Flood, OOPSLA 2014), started from the seed of the
/// run and the number of the container.
pub(crate) fn seed(run: u64, part: u32) -> Vec<u32> {
    let mut state = mix(mix(run) ^ u64::from(part));
    let next = || {
        state = state.wrapping_add(GAMMA);
        // The upper half is as random as the whole.
        (mix(state) >> 32) as u32
    };
    std::iter::repeat_with(next).take(WORDS).collect()
}

fn mix(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_mixing_is_that_of_splitmix64() {
        // First two outputs of the reference implementation for the state 1234567.
        let state = 1_234_567_u64;
        assert_eq!(mix(state.wrapping_add(GAMMA)), 6_457_827_717_110_365_317);
        assert_eq!(mix(state.wrapping_add(GAMMA.wrapping_mul(2))), 3_203_168_211_198_807_973);
    }

    #[test]
    fn every_run_and_part_has_a_seed_of_its_own_that_stays() {
        let seeds: HashSet<_> = (0..50).flat_map(|run| (1..=16).map(move |part| seed(run, part))).collect();
        assert_eq!(seeds.len(), 800);
        assert_eq!(seed(7, 3), seed(7, 3));
    }
}
