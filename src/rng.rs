//! The dice: one seeded stream per node, the same on every machine and for ever.
//!
//! PCG XSL-RR 128/64 (O'Neill 2014) as `rand_pcg` documents it: the stream of a seed is part of that crate's contract,
//! so a seed replays after upgrades. Not for secrets.

use rand_core::{Rng as _, SeedableRng};
use rand_pcg::Pcg64;

/// A node's dice.
#[derive(Clone, Debug)]
pub struct Rng(Pcg64);

impl Rng {
    /// Dice that fall the same way for the same seed.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        Self(Pcg64::seed_from_u64(seed))
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// A number below `n`; 0 for `n = 0`. The bias (multiply and shift, without rejection) is below `n / 2^64`.
    pub fn below(&mut self, n: u32) -> u32 {
        ((u128::from(self.next_u64()) * u128::from(n)) >> 64) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_stays_below_and_reaches_everything() {
        let mut rng = Rng::from_seed(1);
        let mut seen = [false; 7];
        for _ in 0..500 {
            seen[rng.below(7) as usize] = true;
        }
        assert_eq!(seen, [true; 7]);
        assert_eq!(rng.below(0), 0);
    }

    #[test]
    fn a_seed_replays_for_ever() {
        let mut rng = Rng::from_seed(42);
        assert_eq!([rng.next_u64(), rng.next_u64()], [RECORDED[0], RECORDED[1]]);
    }

    const RECORDED: [u64; 2] = [4_178_418_447_715_145_737, 4_410_739_922_618_931_473];
}
