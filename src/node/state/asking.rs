//! Who begins: those who know, or those who do not? A node that pushes tells in its rounds; one that pulls asks in them, once it
//! differs from somebody, and whoever is asked answers with what is new there (Demers et al., PODC 1987 §1.3 and §1.4).
//!
//! To ask is to ping: the ack has room for news, and its header shows whether both are in step. Of the ping nothing else is wanted:
//! nobody is accused where no ack comes. In a cluster in step nobody asks.

use super::super::outbox::What;
use super::super::{Node, Phase};
use crate::config::{Mode, Sends};
use crate::time::Instant;

/// What a comparison with a peer leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ways {
    /// What is missing here is asked for.
    pub asks: bool,
    /// What is missing there is given unasked.
    pub gives: bool,
}

impl Ways {
    /// Each does what its mode says; what neither would do, whoever compares does: so there is a way for everything between
    /// any two.
    pub(super) const fn between(ours: Mode, theirs: Mode) -> Self {
        Self { asks: ours.pulls() || !theirs.pushes(), gives: ours.pushes() || !theirs.pulls() }
    }
}

impl Node {
    /// Whether this node tells by itself what is new in the state.
    pub(in super::super) fn tells_state_unasked(&self) -> bool {
        self.params.state_mode.pushes()
    }

    /// Whether a datagram tells what is new in the state, if there is anything.
    pub(in super::super) fn tells_state_in(&self, what: What) -> bool {
        (self.tells_state_unasked() || what.is_answer()) && !self.states.is_told()
    }

    /// Whether a round asks for what is new.
    pub(in super::super) fn asks_for_state(&self) -> bool {
        let endless = self.params.sends == Sends::Endless;
        self.phase == Phase::Joined && self.params.state_mode.pulls() && (endless || self.states.asks_left > 0)
    }

    /// Asks some members for what is new.
    pub(in super::super) fn ask_in_round(&mut self, peers: &[u32]) {
        self.states.asks_left = self.states.asks_left.saturating_sub(1);
        for slot in peers {
            self.counters.state_asks += 1;
            self.push_to(*slot, What::Ask);
        }
    }

    /// This node differs from somebody, and not for a moment only. One that pulls cannot count on being told: its rounds ask, as many
    /// of them as an entry is told in.
    pub(super) fn begin_asking(&mut self, now: Instant) {
        if self.params.state_mode == Mode::Pull {
            self.states.asks_left = self.state_sends();
            self.arm_round(now);
        }
    }

    /// In step with somebody.
    pub(super) const fn end_asking(&mut self) {
        self.states.asks_left = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_any_two_there_is_a_way_for_what_either_lacks() {
        for (ours, theirs) in Mode::ALL.into_iter().flat_map(|ours| Mode::ALL.map(|theirs| (ours, theirs))) {
            let (here, there) = (Ways::between(ours, theirs), Ways::between(theirs, ours));
            assert!(here.asks || there.gives, "{ours:?} lacks what {theirs:?} has");
            assert!(here.gives || there.asks, "{theirs:?} lacks what {ours:?} has");
        }
    }

    #[test]
    fn nobody_does_what_its_mode_leaves_out_but_where_the_other_leaves_it_out_too() {
        let cases = [
            // ours         theirs          asks   gives
            (Mode::Push, Mode::Push, (false, true)),
            (Mode::Push, Mode::Pull, (true, true)),
            (Mode::Push, Mode::PushPull, (false, true)),
            (Mode::Pull, Mode::Push, (true, true)),
            (Mode::Pull, Mode::Pull, (true, false)),
            (Mode::Pull, Mode::PushPull, (true, false)),
            (Mode::PushPull, Mode::Push, (true, true)),
            (Mode::PushPull, Mode::Pull, (true, true)),
            (Mode::PushPull, Mode::PushPull, (true, true)),
        ];
        for (ours, theirs, (asks, gives)) in cases {
            assert_eq!(Ways::between(ours, theirs), Ways { asks, gives }, "{ours:?} with {theirs:?}");
        }
    }
}
