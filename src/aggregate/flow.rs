//! What do two nodes owe each other? A flow: how much of its own number each has handed to the other, and which of them knew last.
//!
//! Both keep the same flow with opposite signs, so whatever they hand over, the sum over all nodes stays what it is: a node's share is its
//! own number less everything it has handed out, worked out anew each time. A datagram says the whole flow and not what is added to it,
//! so one that is lost, doubled or late does no harm: the next says it again. When a neighbour is gone the flow to it is forgotten, and
//! with it everything that its number had done here. That is flow updating (Jesus, Baquero, Almeida 2009). Departs from it: two nodes
//! average what they have at one meeting, as in push-pull averaging (Jelasity, Montresor, Babaoglu, TOCS 2005), instead of all neighbours from
//! what they said last; and a flow has a version, so that who has missed the last answer knows it, and what it says it has is put right
//! before it is averaged.

/// An amount of both things that are averaged: the numbers, and how many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mass {
    /// Of the numbers' sum.
    pub sum: f64,
    /// Of their count.
    pub count: f64,
}

impl Mass {
    fn with(self, other: Self, of: impl Fn(f64, f64) -> f64) -> Self {
        Self { sum: of(self.sum, other.sum), count: of(self.count, other.count) }
    }

    /// More by another.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.with(other, |a, b| a + b)
    }

    /// Less by another.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        self.with(other, |a, b| a - b)
    }

    /// The same in the other direction.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self::default().minus(self)
    }

    /// In the middle between this and another.
    #[must_use]
    pub fn mean(self, other: Self) -> Self {
        self.with(other, |a, b| a / 2.0 + b / 2.0)
    }
}

/// What a node has handed to a neighbour.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Flow {
    /// How much.
    pub given: Mass,
    /// After how many changes by either.
    pub version: u64,
}

/// What a neighbour says of a flow, and of its own share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Word {
    /// As the neighbour has it: what it has given to this node.
    pub flow: Flow,
    /// What is left to it.
    pub share: Mass,
}

impl Flow {
    /// Takes over what a neighbour says where it is later than what is known here. Of two that changed it at once the one with the
    /// lower id is right, whom `theirs_first` names. Says what the neighbour's share is once it knows what this node does.
    pub fn settle(&mut self, word: &Word, theirs_first: bool) -> Mass {
        let later = word.flow.version > self.version || word.flow.version == self.version && theirs_first;
        if later {
            *self = Self { given: word.flow.given.reversed(), version: word.flow.version };
            word.share
        } else {
            word.share.plus(word.flow.given).plus(self.given)
        }
    }

    /// Hands over as much as makes both have the same, of what this node has and of what the neighbour has.
    pub fn level(&mut self, ours: Mass, theirs: Mass, heard: u64) {
        self.given = self.given.plus(ours.minus(ours.mean(theirs)));
        self.version = self.version.max(heard).saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quickcheck::quickcheck;

    /// Two nodes with a number each, in whole numbers that doubles add exactly.
    #[derive(Clone, Copy)]
    struct Two {
        own: [f64; 2],
        flow: [Flow; 2],
    }

    impl Two {
        fn share(&self, of: usize) -> Mass {
            Mass { sum: self.own[of], count: 1.0 }.minus(self.flow[of].given)
        }

        fn word(&self, of: usize) -> Word {
            Word { flow: self.flow[of], share: self.share(of) }
        }

        fn ask(&mut self, to: usize, word: &Word) {
            let theirs = self.flow[to].settle(word, to == 1);
            let ours = self.share(to);
            self.flow[to].level(ours, theirs, word.flow.version);
        }
    }

    #[test]
    fn one_meeting_makes_both_have_the_same() {
        let mut two = Two { own: [10.0, 2.0], flow: [Flow::default(); 2] };
        two.ask(1, &two.word(0));
        let answer = two.word(1);
        two.flow[0].settle(&answer, false);
        assert_eq!([two.share(0), two.share(1)], [Mass { sum: 6.0, count: 1.0 }; 2]);
        assert_eq!(two.flow[0].given, two.flow[1].given.reversed());
    }

    #[test]
    fn a_lost_answer_is_made_good_by_the_next_question() {
        let mut two = Two { own: [10.0, 2.0], flow: [Flow::default(); 2] };
        for _ in 0..3 {
            two.ask(1, &two.word(0));
            assert_eq!(two.share(1).sum, 6.0, "what is asked twice is not handed over twice");
        }
        let answer = two.word(1);
        two.flow[0].settle(&answer, false);
        assert_eq!(two.share(0).sum, 6.0);
    }

    quickcheck! {
        /// Whatever is lost, doubled, late or crossed, once a question and its answer arrive nothing has been lost or made.
        fn after_one_undisturbed_meeting_nothing_is_lost_and_nothing_made(a: i16, b: i16, course: Vec<u8>) -> bool {
            let mut two = Two { own: [f64::from(a), f64::from(b)], flow: [Flow::default(); 2] };
            let mut wire: Vec<(usize, bool, Word)> = Vec::new();
            for step in course {
                let who = usize::from(step & 1);
                if step & 2 == 0 {
                    wire.push((1 - who, true, two.word(who)));
                } else if let Some((to, asks, word)) = wire.get(usize::from(step >> 3) % wire.len().max(1)).copied() {
                    if asks {
                        two.ask(to, &word);
                        wire.push((1 - to, false, two.word(to)));
                    } else {
                        two.flow[to].settle(&word, to == 1);
                    }
                    if step & 4 == 0 {
                        wire.clear();
                    }
                }
            }
            two.ask(1, &two.word(0));
            let answer = two.word(1);
            two.flow[0].settle(&answer, false);
            let whole = two.share(0).plus(two.share(1));
            let level = two.share(0).minus(two.share(1));
            (whole.sum - f64::from(a) - f64::from(b)).abs() < 1e-6 && level.sum.abs() < 1e-6 && whole.count == 2.0
        }
    }
}
