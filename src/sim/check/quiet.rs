//! How long after the last fault must all be quiet? Derived from the parameters: the longest wait of each mechanism
//! that may be needed, one after the other. No guess, and no tight bound either: mechanisms overlap, and the worst
//! seldom happens.

use crate::config::Params;
use crate::membership::Spread;
use crate::time::Span;

/// The longest waits, of a cluster whose network loses nothing and whose processes all run, from the last fault on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// Everybody who wants in is in. A joiner that was not answered, or was refused, knocks again after up to 50 hello
    /// intervals and a quarter; twice, since its seed may be a joiner that has just knocked itself. Then the wait for
    /// silent seeds, the wait for a rival, and a walk whose every request is repeated once after the longest wait for
    /// an ack.
    pub join: Span,
    /// Everybody is found again. One address is tried each revive interval and a tenth, in turn one of the dead, one of
    /// the forgotten and one of the seeds; each of these lists holds every host and every address that it had before,
    /// at most. Before that a node that missed nobody may wait for eight intervals.
    pub find: Span,
    /// Everybody is probed. A node at the worst health waits for as many intervals more as its score, and each probe
    /// that is answered takes one off; then a shuffled round reaches everybody within two rounds.
    pub probe: Span,
    /// Every suspicion is over: the longest time that a single accuser is doubted, the grace for the accuser's own lag,
    /// and time for the last news to reach all.
    pub verdict: Span,
    /// Everybody agrees: a difference must last for a spreading time and be settled for one before it is compared, and
    /// the next comparison waits for another; whoever knows better may be the last of a round; and what was learned may
    /// be news to a third, once more.
    pub repair: Span,
    /// Nothing is missing that was not reported: what nobody has is given up after the retention, what was heard of only
    /// meanwhile after another; and roots differ until the last has done so, for as long as somebody counts an origin that is gone,
    /// and for the longest wait between two walks.
    pub rumors: Span,
    /// All hold the same state: what is compared in vain is compared again after up to 32 spreading times, and what is found then may
    /// take as long to be told to the last.
    pub state: Span,
}

impl Quiet {
    /// For so many hosts, which had so many further addresses before.
    #[must_use]
    pub fn of(p: &Params, hosts: u32, further_addresses: u32) -> Self {
        let spread = Spread {
            fanout: p.fanout as u32,
            loss_permille: p.expected_loss_permille,
            one_miss_in: p.one_miss_in,
            interval: p.gossip_interval,
        };
        let settle = spread.time_to_all(hosts);
        let round = p.probe_interval * (2 * hosts.max(1) - 1);
        let knock = (p.hello_interval * 50).permille(1_250);
        let attempt = p.revive_interval.permille(1_100);
        let healing: u32 = (1..=p.health_max + 1).sum();
        let suspicion = (p.pause_to_forgive + settle * 2) * (p.suspicion_factor * 3);
        Self {
            join: knock * 2 + p.cold_start_wait + p.conflict_wait + p.ack_ceiling * 4,
            find: p.revive_interval * 8 + attempt * (3 * (hosts + further_addresses)),
            probe: p.probe_interval * healing + round,
            verdict: suspicion + p.pause_to_forgive + p.ack_ceiling + settle,
            repair: (settle * 3 + round) * 2,
            rumors: p.rumor_retention * 3 + settle * 66,
            state: settle * 66,
        }
    }

    /// All of them, one after the other.
    #[must_use]
    pub fn total(&self) -> Span {
        self.join + self.find + self.probe + self.verdict + self.repair + self.rumors + self.state
    }
}
