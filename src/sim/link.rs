//! How does one datagram fare on its way? Latency, loss, duplication and reordering of one direction between two hosts.

use super::lognormal;
use crate::rng::Rng;
use crate::time::Span;

/// How long a datagram takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Latency {
    /// Always the same.
    Constant(Span),
    /// Evenly between the two, the second excluded; datagrams overtake each other.
    Uniform(Span, Span),
    /// Log-normal: the median, and the standard deviation of the logarithm in thousandths. 500 gives a p99 of 3.2 medians,
    /// the usual shape of round trips over busy routers; datagrams overtake each other.
    LogNormal {
        /// Half of all datagrams take less.
        median: Span,
        /// The standard deviation of the natural logarithm, in thousandths.
        sigma_permille: u32,
    },
}

impl Latency {
    pub(super) fn draw(self, rng: &mut Rng) -> Span {
        match self {
            Self::Constant(span) => span,
            Self::Uniform(least, most) => {
                let range = most.saturating_sub(least).as_micros();
                least + Span::micros(u64::from(rng.below(u32::try_from(range).unwrap_or(u32::MAX))))
            }
            Self::LogNormal { median, sigma_permille } => lognormal::draw(median, sigma_permille, rng),
        }
    }
}

/// One direction between two hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// How long a datagram takes.
    pub latency: Latency,
    /// How many of a thousand datagrams are lost.
    pub loss_permille: u32,
    /// How many of a thousand datagrams arrive twice, each copy with a latency of its own.
    pub duplicate_permille: u32,
    /// How many of a thousand datagrams take [`Link::reorder_by`] longer, so that later ones overtake them.
    pub reorder_permille: u32,
    /// How much longer those take.
    pub reorder_by: Span,
}

impl Default for Link {
    /// 250 µs, nothing lost, nothing twice, nothing late: one switch in one room.
    fn default() -> Self {
        Self {
            latency: Latency::Constant(Span::micros(250)),
            loss_permille: 0,
            duplicate_permille: 0,
            reorder_permille: 0,
            reorder_by: Span::ZERO,
        }
    }
}

/// What becomes of one datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passage {
    Lost,
    Once(Span),
    Twice(Span, Span),
}

impl Link {
    pub(super) fn pass(&self, rng: &mut Rng) -> Passage {
        // What cannot happen costs no dice: large quiet worlds draw for nothing else.
        if self.loss_permille > 0 && rng.below(1_000) < self.loss_permille {
            return Passage::Lost;
        }
        let mut latency = self.latency.draw(rng);
        if self.reorder_permille > 0 && rng.below(1_000) < self.reorder_permille {
            latency = latency + self.reorder_by;
        }
        if self.duplicate_permille > 0 && rng.below(1_000) < self.duplicate_permille {
            return Passage::Twice(latency, self.latency.draw(rng));
        }
        Passage::Once(latency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_comes_as_often_as_it_is_set() {
        let link = Link {
            latency: Latency::Uniform(Span::millis(1), Span::millis(3)),
            loss_permille: 200,
            duplicate_permille: 100,
            reorder_permille: 50,
            reorder_by: Span::millis(10),
        };
        let mut rng = Rng::from_seed(5);
        let (mut lost, mut twice, mut late) = (0, 0, 0);
        for _ in 0..10_000 {
            match link.pass(&mut rng) {
                Passage::Lost => lost += 1,
                Passage::Twice(..) => twice += 1,
                Passage::Once(span) if span >= Span::millis(10) => late += 1,
                Passage::Once(span) => assert!((1_000..3_000).contains(&span.as_micros())),
            }
        }
        assert!((1_800..2_200).contains(&lost), "{lost} of 10000 lost at 200 permille");
        assert!((650..950).contains(&twice), "{twice} of 8000 doubled at 100 permille");
        assert!((280..440).contains(&late), "{late} of 7200 late at 50 permille");
    }
}
