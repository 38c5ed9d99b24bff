//! What happens when a node has something to do? One round, step by step.
//!
//! ```text
//!  errors -> datagrams, a batch at a time -> commands -> publications -> tick, when due -> send -> members -> figures
//!  each into the node, then its answers into the outgoing batch and its events into the queues
//! ```
//! What waits in the socket is read before the clock may convict anybody: an ack that has arrived counts, however late this
//! loop is. But only so many batches and publications a round, so that no flood keeps the timers waiting (R25). The publications of
//! a round are handed in one after the other before anything is sent: they leave together.

use crossbeam_channel::TrySendError;

use super::ancillary::Failure;
use super::batch::Received;
use super::buffers::Buffers;
use super::endpoint::{Endpoint, copy_members};
use super::error::CommandError;
use super::rumors::Marker;
use super::shared::{Command, Request};
use super::state::Change;
use crate::event::Event;
use crate::node::Input;
use crate::time::{Instant, Span};

/// Batches that one round reads at most.
const BATCHES_PER_ROUND: usize = 8;
/// Entries of the error queue that one round reads at most.
const ERRORS_PER_ROUND: usize = 64;
/// Publications that one round takes at most.
const PUBLICATIONS_PER_ROUND: usize = 64;
/// Calls about state that one round answers at most.
const STATE_CALLS_PER_ROUND: usize = 8;
/// A timer that fires later than this was kept from running; what arrived meanwhile is read first, announced or not. The
/// granularity of the sleep is 1 ms.
const LATE: Span = Span::millis(3);

/// What is known to wait without asking the selector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Waiting {
    pub datagrams: bool,
    pub errors: bool,
    /// Publications, or what is to be read again, for which the last round had no time.
    pub work: bool,
}

impl Endpoint {
    /// Hands the node everything that waits, then the time.
    pub(super) fn round(&mut self, woken: Instant, buffers: &mut Buffers) {
        self.io.rounds += 1;
        self.encode_measured = false;
        // Work that is left does not keep datagrams waiting.
        self.waiting.datagrams |= core::mem::take(&mut self.waiting.work);
        self.waiting.datagrams |= self.node.poll_timeout().is_some_and(|at| woken.since(at) > LATE);
        if self.waiting.errors {
            self.read_errors(woken, buffers);
        }
        let now = if self.waiting.datagrams { self.read_datagrams(woken, buffers) } else { woken };
        self.take_commands(now, buffers);
        self.take_state_calls(now, buffers);
        let now = self.take_publications(now, buffers);
        self.read_again(now);
        if self.node.poll_timeout().is_some_and(|at| at <= now) {
            let ticked = self.node.handle_input(now, Input::Tick);
            debug_assert!(ticked.is_ok(), "time is never refused");
            self.answer(now, buffers);
        }
    }

    /// Reads what waits in the socket, up to a bound. Returns the time of the last batch.
    fn read_datagrams(&mut self, mut now: Instant, buffers: &mut Buffers) -> Instant {
        for batch in 0..BATCHES_PER_ROUND {
            if batch > 0 {
                now = self.shared.now();
            }
            let received = buffers.inbound.receive(self.port.fd(), &mut self.calls, &mut self.io);
            for i in 0..buffers.inbound.len() {
                if let Some((from, bytes)) = buffers.inbound.get(i, self.max_datagram, &mut self.io) {
                    let taken = self.node.handle_input(now, Input::Datagram { from, bytes });
                    debug_assert!(taken.is_ok(), "a datagram is dropped and counted, never refused");
                    self.answer(now, buffers);
                }
            }
            match received {
                Received::More => {}
                Received::Drained => {
                    self.waiting.datagrams = false;
                    break;
                }
                Received::Error => self.waiting.errors = true,
            }
        }
        now
    }

    /// Reads the error queue, up to a bound.
    fn read_errors(&mut self, now: Instant, buffers: &mut Buffers) {
        for _ in 0..ERRORS_PER_ROUND {
            match buffers.errors.next(self.port.fd(), &mut self.io) {
                Some(Failure::NobodyListens(to)) => {
                    let taken = self.node.handle_input(now, Input::Unreachable { to });
                    debug_assert!(taken.is_ok(), "evidence is weighed, never refused");
                    self.answer(now, buffers);
                }
                Some(Failure::Other) => {}
                None => {
                    self.waiting.errors = false;
                    return;
                }
            }
        }
    }

    /// Carries out what the handles have asked for.
    fn take_commands(&mut self, now: Instant, buffers: &mut Buffers) {
        // As many as the queue holds: whoever comes later wakes the loop again.
        for _ in 0..self.commands.capacity().unwrap_or(1) {
            let Ok(Command { request, reply }) = self.commands.try_recv() else { return };
            self.io.commands += 1;
            let done = self.carry_out(now, &request);
            self.answer(now, buffers);
            // The queue has one place and one message ever; nobody listens any more when the caller has given up.
            let _ = reply.try_send(done);
        }
    }

    /// Answers what handles ask about state, and writes what they write.
    fn take_state_calls(&mut self, now: Instant, buffers: &mut Buffers) {
        for _ in 0..STATE_CALLS_PER_ROUND {
            if !self.state.answer_one(now, &mut self.node) {
                return;
            }
            self.io.commands += 1;
            self.answer(now, buffers);
        }
        self.waiting.work |= self.state.is_called();
    }

    fn carry_out(&mut self, now: Instant, request: &Request) -> Result<(), CommandError> {
        let input = match request {
            Request::Join(seeds) => Input::Join(seeds),
            Request::Leave => Input::Leave,
            Request::Remove(id) => Input::Remove(*id),
            Request::Subscribe(topic, order) => Input::Subscribe { topic: *topic, order: *order },
            Request::Unsubscribe(topic) => Input::Unsubscribe { topic: *topic },
            Request::Reread(from) => {
                return if self.rereading.begin(*from) { Ok(()) } else { Err(CommandError::QueueFull) };
            }
        };
        self.node.handle_input(now, input).map_err(CommandError::Refused)
    }

    /// Takes what is to be published, up to a bound, and only then what that has brought forth. Returns the time.
    fn take_publications(&mut self, now: Instant, buffers: &mut Buffers) -> Instant {
        if self.publications.is_empty() {
            return now;
        }
        // A rumor's age counts from here: from now on, and not from when the loop woke up.
        let now = now.max(self.shared.now());
        self.publications.begin();
        for _ in 0..PUBLICATIONS_PER_ROUND {
            let Some((publication, reply)) = self.publications.next() else { break };
            let done = self.node.handle_input(now, Input::Publish(publication));
            self.io.rumors_taken += 1;
            self.io.rumors_refused += u64::from(done.is_err());
            if let Some(reply) = reply {
                let id = done.map(|()| self.node.published().expect("it has just been published"));
                // As for commands.
                let _ = reply.try_send(id);
            }
        }
        self.waiting.work |= !self.publications.is_empty();
        self.answer(now, buffers);
        now
    }

    /// Delivers again what the reader has asked for, up to a bound.
    fn read_again(&mut self, now: Instant) {
        if self.rereading.is_under_way() {
            self.io.rumors_unread += self.rereading.go_on(now, &self.node, &mut self.deliveries);
            self.waiting.work |= self.rereading.is_under_way() && self.deliveries.may_reread();
        }
    }

    /// Takes what an input has brought forth: datagrams into the outgoing batch, events into the queue.
    pub(super) fn answer(&mut self, now: Instant, buffers: &mut Buffers) {
        // One sample a round, of its first input: two clock reads for each datagram would cost more than a redundant claim.
        let began = (!self.encode_measured).then(|| self.shared.now());
        self.encode_measured = true;
        let written = self.write_datagrams(now, buffers);
        if let Some(began) = began.filter(|_| written > 0) {
            self.histograms.encode.record(self.shared.now().since(began) / written);
        }
        let Some(first) = self.node.poll_event() else { return };
        // Before the news is out: who reads of a member finds it in the snapshot.
        copy_members(&mut self.node, &mut self.members, &self.shared.snapshot);
        self.sort(first);
        while let Some(event) = self.node.poll_event() {
            self.sort(event);
        }
    }

    /// Has the node write its datagrams straight into the outgoing batch. How many since the batch was last flushed.
    fn write_datagrams(&mut self, now: Instant, buffers: &mut Buffers) -> u32 {
        let mut written = 0;
        loop {
            let Some(buf) = buffers.outbound.next(self.max_datagram) else {
                self.flush(buffers);
                written = 0;
                continue;
            };
            let Some(transmit) = self.node.poll_transmit(now, buf) else { return written };
            buffers.outbound.push((transmit.to, self.port.family), transmit.len, &mut self.io);
            written += 1;
        }
    }

    fn flush(&mut self, buffers: &mut Buffers) {
        self.waiting.errors |= buffers.outbound.flush(self.port.fd(), &mut self.calls, &mut self.io);
    }

    /// Rumors go into a queue of their own.
    fn sort(&mut self, event: Event) {
        let lost = match event {
            Event::Rumor(rumor) => self.deliveries.rumor(rumor, self.node.rumor(&rumor)),
            Event::RumorsLost { origin, boot, from, to } => {
                self.deliveries.marker(Marker::Lost { origin, boot, from, to })
            }
            Event::Changed(changed) => {
                self.io.changes_unread += self.state.tell(Change::Changed(changed));
                return;
            }
            Event::Conflict(conflict) => {
                self.io.changes_unread += self.state.tell(Change::Conflict(conflict));
                return;
            }
            Event::Resync { lost } => {
                // Nobody knows of what kind they were.
                self.deliver(event);
                self.io.changes_unread += self.state.tell(Change::Resync { lost });
                self.deliveries.marker(Marker::Resync { lost })
            }
            Event::Joined { .. }
            | Event::JoinRefused { .. }
            | Event::Up(_)
            | Event::Suspected(_)
            | Event::Refuted(_)
            | Event::Failed(_)
            | Event::Left(_)
            | Event::Forgotten(_)
            | Event::SelfRefuted { .. }
            | Event::SelfRemoved { .. }
            | Event::NameConflict { .. }
            | Event::TableFilling { .. }
            | Event::TableFull { .. }
            | Event::LeaveDone { .. }
            | Event::Diverged { .. } => return self.deliver(event),
        };
        self.io.rumors_unread += lost;
    }

    /// Puts an event into the queue; when it is full, counts it, and says so before the next one that finds room.
    fn deliver(&mut self, event: Event) {
        let lost = if let Event::Resync { lost } = event { lost } else { 1 };
        if !self.tell_of_lost() || self.events.try_send(event).is_err_and(|error| is_full(&error)) {
            self.events_lost += lost;
            self.io.events_lost += lost;
        }
    }

    /// Sends the marker for events that were lost, if any were. Whether there is nothing left to tell.
    fn tell_of_lost(&mut self) -> bool {
        if self.events_lost > 0 && self.events.try_send(Event::Resync { lost: self.events_lost }).is_ok() {
            self.events_lost = 0;
        }
        self.events_lost == 0
    }

    /// Sends what is left and shows what has changed. Returns the time.
    pub(super) fn finish_round(&mut self, began: Instant, buffers: &mut Buffers) -> Instant {
        self.flush(buffers);
        self.tell_of_lost();
        self.deliveries.tell_of_lost();
        self.state.tell_of_lost();
        copy_members(&mut self.node, &mut self.members, &self.shared.snapshot);
        let now = self.shared.now();
        self.histograms.round.record(now.since(began));
        self.shared.vitals.store(now, &self.node, self.calls);
        if self.shared.board.is_asked() {
            self.publish(now);
        }
        now
    }

    /// Shows all figures to those who asked.
    pub(super) fn publish(&mut self, now: Instant) {
        self.io.publications += 1;
        self.shared.board.publish(now, &self.node, &self.io, &self.histograms);
    }
}

/// Whether the queue was full; one that nobody can read any more loses nothing.
fn is_full(error: &TrySendError<Event>) -> bool {
    match error {
        TrySendError::Full(_) => true,
        TrySendError::Disconnected(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use core::net::SocketAddr;
    use core::time::Duration;

    use super::*;
    use crate::config::{Config, Params, Profile};
    use crate::id::{BootId, Name};
    use crate::limits::Limits;
    use crate::net::{Handle, Loop, Options};
    use crate::node::Identity;
    use crate::rumor::{Class, Order, Topic};
    use crate::wire::Kind;

    /// Pings of a probe whose target is the only other member: after the last of them comes the accusation.
    const PINGS: u64 = 5;
    /// Longer than any ack may take, and not so long that the node doubts itself and puts its verdicts off.
    const HELD_UP: Span = Span::millis(150);

    fn looped(name: &str, seeds: &[SocketAddr]) -> (Loop, Handle) {
        let bind = ([127, 0, 0, 1], 0).into();
        let boot = BootId::from_u64(name.len() as u64);
        let name = Name::new(name).expect("a name");
        let identity = Identity { name, cluster: "round", addr: bind, boot, zone: "", tags: &[] };
        let config = Config { lag_tolerance: Duration::from_millis(200), ..Config::new(Profile::Local) };
        let params = Params::new(&config, &Limits::for_members(4)).expect("consistent");
        Loop::new(params, &identity, seeds, &Options { bind, ..Options::default() }).expect("a free port")
    }

    /// The only node of a loop.
    fn of(looped: &mut Loop) -> &mut Endpoint {
        looped.endpoints[0].as_mut().expect("it runs")
    }

    /// One round at a time of the test's choosing. On loopback what was sent has arrived.
    fn round(looped: &mut Loop, at: Instant) {
        of(looped).waiting.datagrams = true;
        looped.due.push(0);
        looped.turn(at);
    }

    fn next(looped: &Loop) -> Instant {
        looped.endpoints[0].as_ref().and_then(|endpoint| endpoint.node.poll_timeout()).expect("a member has timers")
    }

    fn pings(looped: &mut Loop) -> u64 {
        of(looped).node.counters().sent(Kind::Ping)
    }

    /// Two that have joined each other, their handles, and the time.
    fn two() -> ([(Loop, Handle); 2], Instant) {
        let (mut a, seen) = looped("a", &[]);
        let (mut b, other) = looped("bb", &[seen.local_addr()]);
        let mut now = a.begin().max(b.begin());
        while of(&mut a).node.members().count() < 2 || of(&mut b).node.members().count() < 2 {
            now = now.max(next(&a).min(next(&b)));
            round(&mut a, now);
            round(&mut b, now);
        }
        ([(a, seen), (b, other)], now)
    }

    #[test]
    fn publications_of_a_round_travel_together_and_a_flood_of_them_leaves_work_for_the_next() {
        let ([(mut a, publisher), (mut b, reader)], now) = two();
        let commanded = Request::Subscribe(None, Order::Arrival);
        assert_eq!(of(&mut b).carry_out(now, &commanded), Ok(()));
        let (all, first) = (PUBLICATIONS_PER_ROUND + 10, PUBLICATIONS_PER_ROUND);
        for _ in 0..all {
            assert_eq!(publisher.try_publish(Topic::from_u64(1), Class::Urgent, b"x"), Ok(()));
        }
        let before = of(&mut a).io.sent;
        round(&mut a, now);
        assert_eq!((of(&mut a).io.rumors_taken, of(&mut a).waiting.work), (first as u64, true));
        let datagrams = of(&mut a).io.sent - before;
        assert!((1..=5).contains(&datagrams), "{first} rumors in {datagrams} datagrams");
        round(&mut a, now);
        assert_eq!(of(&mut a).io.rumors_taken, all as u64);
        round(&mut b, now);
        assert_eq!(core::iter::from_fn(|| reader.try_rumor()).count(), all);
    }

    #[test]
    fn an_ack_that_has_arrived_is_read_before_the_time_out_of_a_loop_that_was_held_up() {
        let ([(mut a, seen), (mut b, _other)], mut now) = two();
        let mut before = pings(&mut a);
        while pings(&mut a) < before + PINGS {
            now = next(&a);
            round(&mut a, now);
            if pings(&mut a) == before {
                // No probe yet: the other one may have its turn.
                round(&mut b, now);
                before = pings(&mut a);
            }
        }
        round(&mut b, now);
        while seen.try_event().is_some() {}
        let (answered, due) = (of(&mut a).node.counters().probes_answered, next(&a));
        let woken = a.sleep(due + HELD_UP).expect("time is up: nothing is waited for");
        a.turn(woken);
        assert_eq!(seen.try_event(), None, "nobody is suspected");
        let counters = of(&mut a).node.counters();
        assert_eq!((counters.accusations, counters.probes_answered), (0, answered + 1));
    }
}
