//! Which rate is tried next? Twice the last that held until one breaks, then the middle of the highest that held and the lowest that
//! broke, by ratio, until these are close.

/// So close, as a ratio, are the highest that held and the lowest that broke in the end.
const CLOSE: f64 = 1.05;
/// A rate that breaks is tried again once: a pause of the machine shall not pass for the end of what it bears.
const TRIES: u32 = 2;

/// A search for the highest rate that holds.
#[derive(Clone, Debug)]
pub struct Search {
    next: Option<u32>,
    held: Option<u32>,
    broke: Option<u32>,
    /// How often the next one has broken already.
    tries: u32,
    least: u32,
    most: u32,
}

impl Search {
    /// From this rate, not below `least` nor above `most`.
    pub fn new(first: u32, least: u32, most: u32) -> Self {
        Self { next: Some(first.clamp(least, most)), held: None, broke: None, tries: 0, least, most }
    }

    /// What to try; `None` once it is over.
    pub const fn next(&self) -> Option<u32> {
        self.next
    }

    /// The highest that has held.
    pub const fn max(&self) -> Option<u32> {
        self.held
    }

    /// How the last one went.
    pub fn record(&mut self, held: bool) {
        let Some(rate) = self.next else { return };
        if held {
            self.held = Some(rate);
        } else {
            self.tries += 1;
            if self.tries < TRIES {
                return;
            }
            self.broke = Some(rate);
        }
        self.tries = 0;
        self.next = self.choose().filter(|next| *next != rate);
    }

    fn choose(&self) -> Option<u32> {
        match (self.held, self.broke) {
            (Some(held), None) => Some(held.saturating_mul(2).min(self.most)),
            (None, Some(broke)) => Some((broke / 2).max(self.least)),
            (Some(held), Some(broke)) => {
                let (low, high) = (f64::from(held), f64::from(broke));
                let middle = (low * high).sqrt().round() as u32;
                (high / low > CLOSE && middle > held && middle < broke).then_some(middle)
            }
            (None, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that is tried where everything up to `bears` holds, and what is found.
    fn found(first: u32, bears: u32) -> (Vec<u32>, Option<u32>) {
        let (mut search, mut tried) = (Search::new(first, 10, 1_000_000), Vec::new());
        while let Some(rate) = search.next() {
            tried.push(rate);
            search.record(rate <= bears);
            assert!(tried.len() < 100, "{tried:?}");
        }
        (tried, search.max())
    }

    #[test]
    fn it_raises_until_something_breaks_twice_and_then_halves_what_is_between() {
        let (tried, max) = found(1_000, 5_000);
        assert_eq!(tried[..6], [1_000, 2_000, 4_000, 8_000, 8_000, 5_657]);
        assert!(max.is_some_and(|max| (4_762..=5_000).contains(&max)), "{max:?}: {tried:?}");
    }

    #[test]
    fn it_falls_when_the_first_breaks_and_knows_both_ends() {
        let cases = [
            // bears, found, because
            (400, Some(386..=400), "half and half again, then up"),
            (9, None, "nothing below the least is tried"),
            (10, Some(10..=10), "the least may be what holds"),
            (u32::MAX, Some(1_000_000..=1_000_000), "nothing above the most is tried"),
        ];
        for (bears, range, because) in cases {
            let (tried, max) = found(1_000, bears);
            assert_eq!(max.is_some(), range.is_some(), "{because}: {tried:?}");
            assert!(range.is_none_or(|range| max.is_some_and(|max| range.contains(&max))), "{because}: {max:?}");
        }
    }

    #[test]
    fn one_failure_at_a_rate_that_holds_is_forgiven() {
        let mut search = Search::new(100, 1, 400);
        search.record(false);
        assert_eq!(search.next(), Some(100), "the same again");
        search.record(true);
        assert_eq!((search.next(), search.max()), (Some(200), Some(100)));
        search.record(false);
        assert_eq!(search.next(), Some(200), "the earlier failure does not count here");
    }
}
