//! When has a rumor been told often enough? The rules of Demers et al. (1987, §1.4), for what is told in rounds.
//!
//! Whatever a rule leaves out, digests repair: the rule trades payloads sent against the time until the last member has it.

/// When a node stops telling a rumor in rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Whether only tellings count that were useless, because the one told had the rumor already and has said so. Else each
    /// telling counts (the paper's *blind*).
    pub feedback: bool,
    /// Whether each telling that counts ends it with a chance of one in `k`. Else the `k`th does (the paper's *counter*), and
    /// with feedback the `k`th in a row.
    pub coin: bool,
    /// How many, 1 to 63.
    pub k: u32,
}

/// What a node remembers of its tellings of one rumor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Tellings that count; with feedback the useless ones since a round that told somebody something new.
    counted: u8,
    /// The last round in which it was told, how often in it, and how many of those told have said that it was useless.
    round: u8,
    told: u8,
    useless: u8,
}

impl Rule {
    /// A rumor was told once more, in a round of this number: whether that was the last time. `toss` gives a number below the one it
    /// is handed.
    ///
    /// Nobody says that a telling was useful, and those of one round are made before any of them is answered: with feedback it
    /// is the next round that finds one without an answer, and begins the count anew. One that was lost counts as useful.
    pub fn told(self, told: &mut Told, round: u8, toss: impl FnOnce(u32) -> u32) -> bool {
        if !self.feedback {
            return self.counts(told, toss);
        }
        if told.round != round {
            let counted = if told.useless < told.told { 0 } else { told.counted };
            *told = Told { counted, round, told: 0, useless: 0 };
        }
        told.told = told.told.saturating_add(1);
        false
    }

    /// Somebody who was told had it already: whether it need not be told any more.
    pub fn was_useless(self, told: &mut Told, toss: impl FnOnce(u32) -> u32) -> bool {
        told.useless = told.useless.saturating_add(1);
        self.feedback && self.counts(told, toss)
    }

    fn counts(self, told: &mut Told, toss: impl FnOnce(u32) -> u32) -> bool {
        told.counted = told.counted.saturating_add(1);
        if self.coin { toss(self.k) == 0 } else { u32::from(told.counted) >= self.k }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_ends_when_the_paper_says() {
        let never = |_| 1;
        let blind = Rule { feedback: false, coin: false, k: 3 };
        let mut told = Told::default();
        assert_eq!([1, 2, 3].map(|round| blind.told(&mut told, round, never)), [false, false, true]);
        assert!(!blind.was_useless(&mut told, |_| 0), "the blind do not listen");

        let counter = Rule { feedback: true, coin: false, k: 2 };
        let mut told = Told::default();
        assert!(!counter.told(&mut told, 1, never) && !counter.was_useless(&mut told, never));
        assert!(!counter.told(&mut told, 2, never), "useless once");
        assert!(!counter.told(&mut told, 3, never), "the last was useful: the count begins anew");
        assert!(!counter.was_useless(&mut told, never) && !counter.told(&mut told, 4, never));
        assert!(counter.was_useless(&mut told, never), "twice in a row");

        let coin = Rule { feedback: false, coin: true, k: 4 };
        assert!(coin.told(&mut Told::default(), 1, |k| k - 4) && !coin.told(&mut Told::default(), 1, |k| k - 1));
    }

    #[test]
    fn useless_tellings_count_over_rounds_of_several_until_a_round_has_a_useful_one() {
        let never = |_| 1;
        let rule = Rule { feedback: true, coin: false, k: 5 };
        for (useless, ends) in [(3, true), (2, false)] {
            let mut told = Told::default();
            (0..3).for_each(|_| assert!(!rule.told(&mut told, 7, never)));
            (0..useless).for_each(|_| assert!(!rule.was_useless(&mut told, never)));
            (0..3).for_each(|_| assert!(!rule.told(&mut told, 8, never)));
            assert!(!rule.was_useless(&mut told, never));
            assert_eq!(rule.was_useless(&mut told, never), ends, "{useless} of 3 were useless, then 2");
        }
    }
}
