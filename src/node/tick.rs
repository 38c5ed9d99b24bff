//! What is due? Timers by key, and this node's own lag.

use core::num::NonZeroU16;

use super::{Node, Phase};
use crate::limits::Limits;
use crate::membership::ME;
use crate::time::{Instant, Span};
use crate::wire::State;

/// Which timer is which: one dense range of keys for the heap.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keys {
    probes: u32,
    relays: u32,
    suspicions: u32,
    forget: u32,
}

/// What a key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// Probe the next member.
    Probe,
    /// Tell news.
    Gossip,
    /// Count what has settled.
    Settle,
    /// Try one of the dead, the forgotten, the seeds.
    Revive,
    /// Knock, walk on, or take the name over.
    Join,
    /// Say farewell again, or stop.
    Leave,
    /// Compare with somebody, because many members came at once.
    CatchUp,
    /// Something about an origin of rumors is due.
    Rumors,
    /// Ask for the next page of origins again.
    RumorWalk,
    /// An entry of the state settles or is over.
    StateAges,
    /// Ask for the next stretch of the state again.
    StateWalk,
    /// Nothing more has come of a comparison of state.
    StateComparison,
    /// Tell all of this node's own state again, after a reset.
    StateRetell,
    /// Ask those again who do not hold what is waited for.
    Survey,
    /// Average with a neighbour.
    Averages,
    /// Pass on what a budget has held back.
    Push,
    /// The probe at a place has run out of time.
    InFlight(u32),
    /// The relay at a place has.
    Relay(u32),
    /// The suspicion in a record ends.
    Suspicion(NonZeroU16),
    /// Those who have been down for long are forgotten.
    Forget,
}

const FIXED: u32 = 16;

impl Keys {
    pub(super) fn new(limits: &Limits) -> Self {
        let probes = FIXED;
        let relays = probes + limits.probes;
        let suspicions = relays + limits.relays;
        Self { probes, relays, suspicions, forget: suspicions + limits.suspects }
    }

    pub(super) const fn count(&self) -> usize {
        self.forget as usize + 1
    }

    pub(super) const fn key(&self, timer: Timer) -> u32 {
        match timer {
            Timer::Probe => 0,
            Timer::Gossip => 1,
            Timer::Settle => 2,
            Timer::Revive => 3,
            Timer::Join => 4,
            Timer::Leave => 5,
            Timer::CatchUp => 6,
            Timer::Rumors => 7,
            Timer::RumorWalk => 8,
            Timer::StateAges => 9,
            Timer::StateWalk => 10,
            Timer::Survey => 11,
            Timer::StateRetell => 12,
            Timer::Averages => 13,
            Timer::StateComparison => 14,
            Timer::Push => 15,
            Timer::InFlight(place) => self.probes + place,
            Timer::Relay(place) => self.relays + place,
            // Records are numbered from 1 on.
            Timer::Suspicion(record) => self.suspicions + record.get() as u32 - 1,
            Timer::Forget => self.forget,
        }
    }

    const fn timer(&self, key: u32) -> Timer {
        match key {
            0 => Timer::Probe,
            1 => Timer::Gossip,
            2 => Timer::Settle,
            3 => Timer::Revive,
            4 => Timer::Join,
            5 => Timer::Leave,
            6 => Timer::CatchUp,
            7 => Timer::Rumors,
            8 => Timer::RumorWalk,
            9 => Timer::StateAges,
            10 => Timer::StateWalk,
            11 => Timer::Survey,
            12 => Timer::StateRetell,
            13 => Timer::Averages,
            14 => Timer::StateComparison,
            15 => Timer::Push,
            key if key < self.relays => Timer::InFlight(key - self.probes),
            key if key < self.suspicions => Timer::Relay(key - self.relays),
            key => match NonZeroU16::new((key - self.suspicions) as u16 + 1) {
                Some(record) if key < self.forget => Timer::Suspicion(record),
                Some(_) | None => Timer::Forget,
            },
        }
    }
}

impl Node {
    pub(super) fn arm(&mut self, timer: Timer, at: Instant) {
        self.timers.set(self.keys.key(timer), at);
    }

    pub(super) fn arm_earlier(&mut self, timer: Timer, at: Instant) {
        self.timers.set_earlier(self.keys.key(timer), at);
    }

    pub(super) fn is_armed(&self, timer: Timer) -> bool {
        self.timers.get(self.keys.key(timer)).is_some()
    }

    pub(super) fn disarm(&mut self, timer: Timer) {
        self.timers.cancel(self.keys.key(timer));
    }

    pub(super) fn on_tick(&mut self, now: Instant) {
        let Some((due, _)) = self.timers.first().filter(|(due, _)| *due <= now) else { return };
        let lag = now.since(due);
        self.histograms.lateness.record(lag);
        if self.params.lag_grace && lag > self.params.lag_tolerance {
            self.on_lag(now, lag);
        }
        // Every timer that fires is set to a later time or not at all, but for the one by which members are forgotten, once for
        // each time at which some went; the bound is for the proof.
        for _ in 0..2 * (self.keys.count() + self.params.limits.members as usize) {
            let Some((due, key)) = self.timers.pop_due(now) else { break };
            self.on_timer(now, due, self.keys.timer(key));
        }
    }

    fn on_timer(&mut self, now: Instant, due: Instant, timer: Timer) {
        match timer {
            Timer::Probe => self.on_probe_timer(now, due),
            Timer::Gossip => self.on_gossip_timer(now),
            Timer::Settle => self.on_settle_timer(now),
            Timer::Revive => self.on_revive_timer(now),
            Timer::Join => self.on_join_timer(now),
            Timer::Leave => self.on_leave_timer(now),
            Timer::CatchUp => self.on_catch_up_timer(now),
            Timer::Rumors => self.on_rumors_timer(now),
            Timer::RumorWalk => self.on_rumor_walk_timer(now),
            Timer::StateAges => self.on_state_ages_timer(now),
            Timer::StateWalk => self.on_state_walk_timer(now),
            Timer::Survey => self.on_survey_timer(now),
            Timer::Averages => self.on_averages_timer(now),
            Timer::StateRetell => self.on_state_retell_timer(now),
            Timer::StateComparison => self.on_state_comparison_timer(now),
            // The budgets have filled up: the next datagram is asked for after every input.
            Timer::Push => {}
            Timer::InFlight(place) => self.on_flight_timer(now, place),
            Timer::Relay(place) => self.on_relay_timer(now, place),
            Timer::Suspicion(record) => self.on_suspicion_timer(now, record),
            Timer::Forget => self.on_forget_timer(now, due),
        }
    }

    /// This node's timers fired late: it, and not the others, may be what is slow. It puts its verdicts off by as much,
    /// thinks less of its own health, and after a long pause asks what the others think of it.
    fn on_lag(&mut self, now: Instant, lag: Span) {
        let forgiven = self.params.pause_to_forgive;
        let grace = lag.min(forgiven + self.params.ack_ceiling);
        self.grace_until = self.grace_until.max(now + grace);
        self.counters.lag_extensions += 1;
        self.health.worse(1);
        if lag >= forgiven && self.phase == Phase::Joined {
            // Longer than others forgive: some suspect it by now or hold it dead, and not all whom it asks know of that.
            let above = self.table.get(ME).incarnation.above();
            above.into_iter().for_each(|above| self.raise(now, above, State::Dead));
        }
        if lag >= forgiven / 2 && self.phase == Phase::Joined {
            let mut asked = [0; 3];
            let found = self.roster.sample(&mut self.rng, &mut asked, |_| true);
            asked[..found].iter().for_each(|slot| self.probe(now, *slot));
        }
    }

    /// Whether a verdict must wait for this node's own lag; it then does.
    pub(super) fn put_off_by_lag(&mut self, now: Instant, timer: Timer) -> bool {
        let late = now < self.grace_until;
        if late {
            self.arm(timer, self.grace_until);
        }
        late
    }
}
