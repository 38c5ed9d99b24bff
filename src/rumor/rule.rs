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
    /// Tellings that count, or, with feedback, the useless ones in a row.
    pub counted: u8,
    /// Whether somebody has said since the last telling that it was useless.
    pub answered: bool,
}

impl Rule {
    /// A rumor was told once more: whether that was the last time. `toss` gives a number below the one it is handed.
    pub fn told(self, told: &mut Told, toss: impl FnOnce(u32) -> u32) -> bool {
        if self.feedback {
            if !core::mem::take(&mut told.answered) {
                // Nobody has complained of the telling before this one.
                told.counted = 0;
            }
            return false;
        }
        self.counts(told, toss)
    }

    /// Somebody who was told had it already: whether it need not be told any more.
    pub fn was_useless(self, told: &mut Told, toss: impl FnOnce(u32) -> u32) -> bool {
        told.answered = true;
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
        assert_eq!([(); 3].map(|()| blind.told(&mut told, never)), [false, false, true]);
        assert!(!blind.was_useless(&mut told, |_| 0), "the blind do not listen");

        let counter = Rule { feedback: true, coin: false, k: 2 };
        let mut told = Told::default();
        assert!(!counter.told(&mut told, never) && !counter.was_useless(&mut told, never));
        assert!(!counter.told(&mut told, never), "useless once");
        assert!(!counter.told(&mut told, never), "the last was useful: the count begins anew");
        assert!(!counter.was_useless(&mut told, never) && !counter.told(&mut told, never));
        assert!(counter.was_useless(&mut told, never), "twice in a row");

        let coin = Rule { feedback: false, coin: true, k: 4 };
        assert!(coin.told(&mut Told::default(), |k| k - 4) && !coin.told(&mut Told::default(), |k| k - 1));
    }
}
