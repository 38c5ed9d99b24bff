//! How well am I? Lifeguard's local health multiplier: who doubts itself waits longer before it doubts others.

/// A score from 0 (healthy) to a ceiling. Lifeguard (Dadgar, Phillips, Currey 2018) §III.A.
#[derive(Clone, Copy, Debug)]
pub struct Health {
    score: u32,
    max: u32,
}

impl Health {
    /// Healthy, with the given ceiling.
    #[must_use]
    pub const fn new(max: u32) -> Self {
        Self { score: 0, max }
    }

    /// The score.
    #[must_use]
    pub const fn score(&self) -> u32 {
        self.score
    }

    /// By what intervals and time-outs are multiplied.
    #[must_use]
    pub const fn factor(&self) -> u32 {
        self.score + 1
    }

    /// Something spoke against this node: nacks that did not come, its own lag, an accusation to refute.
    pub fn worse(&mut self, by: u32) {
        self.score = (self.score + by).min(self.max);
    }

    /// Something went as it should.
    pub fn better(&mut self) {
        self.score = self.score.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_stays_within_its_bounds() {
        let mut health = Health::new(3);
        health.better();
        assert_eq!(health.factor(), 1);
        health.worse(9);
        assert_eq!((health.score(), health.factor()), (3, 4));
        assert_eq!(Health::new(0).factor(), 1);
    }
}
