//! Keys that everybody may write: what this node contributes, and what all contributions together say.

use super::super::Node;
use super::writing::check_key;
use crate::error::Refusal;
use crate::event::Event;
use crate::membership::ME;
use crate::rumor::Class;
use crate::state::{Contribution, Elements, ElementsWriter, Head, MergeRule, Nature, Removals, Seen, Stamp, greater};
use crate::time::Instant;

/// How far the clock of the last writer may be ahead of this node's before this node refuses to write after it: a minute.
const CLOCK_AHEAD_MAX_MS: u64 = 60_000;
/// The bits of a hybrid clock that count writes within a millisecond.
const LOGICAL_BITS: u32 = 16;

/// What is done to a shared key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedOp<'a> {
    /// It has this value; with [`MergeRule::Max`] and [`MergeRule::Min`] at least, or at most.
    Set(&'a [u8]),
    /// It has none.
    Unset,
    /// So much is added to a counter.
    Add(i64),
    /// An element is in a set; at most 255 bytes.
    Insert(&'a [u8]),
    /// An element is in it no more.
    Remove(&'a [u8]),
}

/// A write of a shared key. It outlives its writer.
#[derive(Clone, Copy, Debug)]
pub struct SharedWrite<'a> {
    /// 1 to [`KEY_MAX`](crate::KEY_MAX) bytes, the first of them not 0.
    pub key: &'a [u8],
    /// What is done.
    pub op: SharedOp<'a>,
    /// What becomes of concurrent writes; `None` for what holds of the key already, or what its first write makes of it: a
    /// conflict, a counter, a set.
    pub rule: Option<MergeRule>,
    /// How much the change matters.
    pub class: Class,
    /// What the writer's wall clock shows, in milliseconds since 1970. Looked at for [`MergeRule::Latest`] only.
    pub wall_ms: u64,
}

/// What a shared key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedValue<'a> {
    /// Nothing: nobody has written it, or it was unset.
    Absent,
    /// A value.
    Bytes(&'a [u8]),
    /// A counter's sum; saturates.
    Number(i64),
    /// A set: [`Node::shared_elements`] has its elements.
    Set,
    /// Concurrent writes that nobody has written over: [`Node::shared_contributions`] has all that stand.
    Conflict,
}

/// What one writer has contributed to a shared key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedContribution<'a> {
    /// Which write it is.
    pub stamp: Stamp,
    /// What becomes of concurrent writes.
    pub rule: MergeRule,
    /// Whether it says that the key has no value.
    pub absent: bool,
    /// Whether another writer had seen it and has written over it, or it only takes back what its own has said before.
    pub dominated: bool,
    /// When it was written by a hybrid clock, in milliseconds of wall time; 0 where no rule asks for it.
    pub wall_ms: u64,
    /// What is said: a value, or a counter's part in 8 bytes.
    pub said: &'a [u8],
    slot: u32,
}

impl Node {
    pub(in super::super) fn on_write_shared(&mut self, now: Instant, write: &SharedWrite<'_>) -> Result<(), Refusal> {
        check_key(write.key)?;
        let rule = self.rule_for(write)?;
        let mut scratch = core::mem::take(&mut self.states.scratch);
        let written = self.contribute(now, write, rule, &mut scratch);
        let room = self.params.limits.state_value as usize;
        let result = written.and_then(|len| {
            let nature = Nature { class: write.class, durable: true, shared: true, removed: false };
            let value = scratch[..room].get(..len).ok_or(Refusal::ValueTooLong { got: len, max: room })?;
            self.write_own(now, write.key, value, nature, None)
        });
        self.states.scratch = scratch;
        result
    }

    /// The rule that a write goes by.
    fn rule_for(&self, write: &SharedWrite<'_>) -> Result<MergeRule, Refusal> {
        let mut rules = self.standing(write.key).filter(|standing| !standing.absent).map(|standing| standing.rule);
        // Where several were declared at once whoever writes next may choose.
        let held = rules.next().filter(|first| rules.all(|other| other == *first));
        let first = match write.op {
            SharedOp::Set(_) | SharedOp::Unset => MergeRule::Conflict,
            SharedOp::Add(_) => MergeRule::Counter,
            SharedOp::Insert(_) | SharedOp::Remove(_) => MergeRule::Set,
        };
        let rule = held.or(write.rule).unwrap_or(first);
        let fits = match write.op {
            SharedOp::Set(_) => !matches!(rule, MergeRule::Counter | MergeRule::Set),
            SharedOp::Unset => true,
            SharedOp::Add(_) => rule == MergeRule::Counter,
            SharedOp::Insert(_) | SharedOp::Remove(_) => rule == MergeRule::Set,
        };
        if fits && write.rule.is_none_or(|asked| asked == rule) { Ok(rule) } else { Err(Refusal::OtherRule { rule }) }
    }

    /// Writes this node's next contribution into `buf` and says how long it is.
    fn contribute(
        &mut self,
        now: Instant,
        write: &SharedWrite<'_>,
        rule: MergeRule,
        buf: &mut [u8],
    ) -> Result<usize, Refusal> {
        let absent = write.op == SharedOp::Unset;
        let clock = if rule == MergeRule::Latest { self.clock(write)? } else { 0 };
        let head = Head { rule, absent, retracts: false, clock };
        let seen = self.seen_by(write.key, absent || rule.replaces());
        let log = self.own_log(now)?;
        let (life, version) = (self.states.store.log(log).life, self.states.store.log(log).complete + 1);
        let max = self.params.limits.state_value as usize;
        let too_long = |got: usize| Refusal::ValueTooLong { got, max };
        let say = |said: &[u8], rest: &mut [u8]| {
            rest.get_mut(..said.len())?.copy_from_slice(said);
            Some(said.len())
        };
        let len = match write.op {
            SharedOp::Unset => head.write(&seen, buf, |_| Some(0)),
            SharedOp::Set(value) => {
                let value = self.extreme(write.key, rule, value);
                head.write(&seen, buf, |rest| say(value, rest)).ok_or(too_long(value.len())).map(Some)?
            }
            SharedOp::Add(delta) => {
                let sum = self.own_sum(write.key).checked_add(delta).ok_or(Refusal::CounterOverflow)?;
                head.write(&seen, buf, |rest| say(&sum.to_le_bytes(), rest))
            }
            SharedOp::Insert(element) => {
                let tag = u32::try_from(version).map_err(|_| Refusal::NotRunning)?;
                head.write(&seen, buf, |rest| self.say_set(write.key, Some(((life, tag), element)), None, rest))
            }
            SharedOp::Remove(element) => {
                head.write(&seen, buf, |rest| self.say_set(write.key, None, Some(element), rest))
            }
        };
        len.ok_or(too_long(max + 1))
    }

    /// A hybrid clock that is above all that are held of the key (Kulkarni et al. 2014).
    fn clock(&self, write: &SharedWrite<'_>) -> Result<u64, Refusal> {
        let highest = self.contributions_to(write.key).map(|(_, held)| held.head.clock).max().unwrap_or(0);
        let ahead_ms = (highest >> LOGICAL_BITS).saturating_sub(write.wall_ms);
        if ahead_ms > CLOCK_AHEAD_MAX_MS {
            return Err(Refusal::ClockBehind { behind_ms: ahead_ms });
        }
        let wall = write.wall_ms.min(u64::MAX >> LOGICAL_BITS) << LOGICAL_BITS;
        Ok(wall.max(highest.saturating_add(1)))
    }

    /// What the next contribution takes the place of: this node's own of former lives, and where it replaces what it sees all
    /// others, and always what says that there is no value. Whatever one that goes has taken the place of, it takes it too: a copy of
    /// that may still come.
    fn seen_by(&self, key: &[u8], replaces: bool) -> Seen {
        let mut seen = Seen::default();
        let concerned = |(slot, held): &(u32, Contribution<'_>)| {
            replaces || held.head.absent || self.stamp_of(*slot).owner == self.me.id
        };
        // Those first that are held: there may be no room for all.
        self.contributions_to(key).filter(concerned).for_each(|(slot, _)| seen.add(self.stamp_of(slot)));
        for (_, held) in self.contributions_to(key).filter(concerned) {
            held.seen().filter(|stamp| self.may_come_back(key, stamp)).for_each(|stamp| seen.add(stamp));
        }
        seen
    }

    /// Whether a contribution that was written over is still held somewhere: its removal is remembered, or has not come here.
    fn may_come_back(&self, key: &[u8], stamp: &Stamp) -> bool {
        let remembered = self.states.store.contributions(key).any(|slot| {
            let held = self.stamp_of(slot);
            (held.owner, held.life) == (stamp.owner, stamp.life)
        });
        remembered || self.watermark(stamp.owner, stamp.life) < stamp.version
    }

    /// What this node's contribution to a highest or lowest value is from now on.
    fn extreme<'a>(&'a self, key: &'a [u8], rule: MergeRule, value: &'a [u8]) -> &'a [u8] {
        let own = self.standing(key).filter(|standing| standing.stamp.owner == self.me.id && !standing.absent);
        own.map(|standing| standing.said).fold(value, |best, said| match rule {
            MergeRule::Max if greater(said, best) => said,
            MergeRule::Min if greater(best, said) => said,
            MergeRule::Max | MergeRule::Min | MergeRule::Conflict | MergeRule::Latest => best,
            MergeRule::Counter | MergeRule::Set => best,
        })
    }

    fn own_sum(&self, key: &[u8]) -> i64 {
        let own = self.contributions_to(key).filter(|(slot, _)| self.stamp_of(*slot).owner == self.me.id);
        let standing = own.filter(|(slot, _)| !self.is_dominated(key, *slot));
        standing.fold(0, |sum: i64, (_, held)| sum.saturating_add(held.sum()))
    }

    /// Writes what this node contributes to a set once an element is put in, or taken out.
    fn say_set(
        &self,
        key: &[u8],
        put: Option<((u32, u32), &[u8])>,
        taken: Option<&[u8]>,
        buf: &mut [u8],
    ) -> Option<usize> {
        let me = self.me.id;
        let mut writer = ElementsWriter::new(buf)?;
        let stays =
            |element: &[u8]| put.is_none_or(|(_, new)| new != element) && taken.is_none_or(|gone| gone != element);
        for own in self.standing(key).filter(|standing| standing.stamp.owner == me) {
            for (life, tag, element) in Elements::of(own.said) {
                if stays(element) && !self.is_taken_out(key, (me, life, tag)) {
                    writer.element((life, tag), element)?;
                }
            }
        }
        if let Some((dot, element)) = put {
            writer.element(dot, element)?;
        }
        // What was taken out is told until its owner tells it no more.
        for own in self.standing(key).filter(|standing| standing.stamp.owner == me) {
            for (owner, life, tag) in Removals::of(own.said) {
                let held = self.contributions_to(key).filter(|(slot, _)| self.stamp_of(*slot).owner == owner);
                let says = |(_, held): (u32, Contribution<'_>)| {
                    Elements::of(held.said).any(|(its_life, its_tag, _)| (its_life, its_tag) == (life, tag))
                };
                let mut held = held.peekable();
                if held.peek().is_none() || held.any(says) {
                    writer.removal((owner, life, tag))?;
                }
            }
        }
        let Some(taken) = taken else { return Some(writer.written()) };
        for other in self.standing(key).filter(|standing| standing.stamp.owner != me) {
            for (life, tag, element) in Elements::of(other.said) {
                let dot = (other.stamp.owner, life, tag);
                if element == taken && !self.is_taken_out(key, dot) {
                    writer.removal(dot)?;
                }
            }
        }
        Some(writer.written())
    }

    fn is_taken_out(&self, key: &[u8], dot: (crate::NodeId, u32, u32)) -> bool {
        self.standing(key).any(|standing| Removals::of(standing.said).any(|removal| removal == dot))
    }

    /// All that is held of a shared key.
    fn contributions_to<'a>(&'a self, key: &'a [u8]) -> impl Iterator<Item = (u32, Contribution<'a>)> + 'a {
        let store = &self.states.store;
        let held = store.contributions(key).filter(|slot| !store.get(*slot).is_removed());
        held.filter_map(|slot| Some((slot, Contribution::read(store.text(slot).1)?)))
    }

    fn is_dominated(&self, key: &[u8], slot: u32) -> bool {
        let stamp = self.stamp_of(slot);
        self.contributions_to(key).any(|(other, held)| other != slot && held.covers(&stamp))
    }

    /// What nobody has written over.
    fn standing<'a>(&'a self, key: &'a [u8]) -> impl Iterator<Item = SharedContribution<'a>> + 'a {
        self.shared_contributions(key).filter(|held| !held.dominated)
    }

    /// What everybody has contributed to a shared key, in no order; what was written over until its writer has taken it back.
    pub fn shared_contributions<'a>(&'a self, key: &'a [u8]) -> impl Iterator<Item = SharedContribution<'a>> + 'a {
        self.contributions_to(key).map(move |(slot, held)| SharedContribution {
            stamp: self.stamp_of(slot),
            rule: held.head.rule,
            absent: held.head.absent,
            dominated: held.head.retracts || self.is_dominated(key, slot),
            wall_ms: held.head.clock >> LOGICAL_BITS,
            said: held.said,
            slot,
        })
    }

    /// What a shared key is, and by which rule; `None` where nothing is held of it.
    #[must_use]
    pub fn shared<'a>(&'a self, key: &'a [u8]) -> Option<(MergeRule, SharedValue<'a>)> {
        let any = self.standing(key).next()?;
        let mut rules = self.standing(key).filter(|held| !held.absent).map(|held| held.rule);
        let rule = rules.next().unwrap_or(any.rule);
        if rules.any(|other| other != rule) {
            return Some((MergeRule::Conflict, SharedValue::Conflict));
        }
        let mut said = self.standing(key).filter(|held| !held.absent);
        let value = match (rule, said.next()) {
            (MergeRule::Conflict, first) => {
                let absent = self.standing(key).any(|held| held.absent);
                match first {
                    None => SharedValue::Absent,
                    // The same twice is no conflict.
                    Some(one) if !absent && said.all(|other| other.said == one.said) => SharedValue::Bytes(one.said),
                    Some(_) => SharedValue::Conflict,
                }
            }
            (_, None) => SharedValue::Absent,
            (MergeRule::Latest, Some(_)) => {
                let clock = |held: &SharedContribution<'_>| (self.clock_of(held), held.stamp);
                let last = self.standing(key).max_by_key(clock)?;
                if last.absent { SharedValue::Absent } else { SharedValue::Bytes(last.said) }
            }
            (MergeRule::Max, Some(one)) => SharedValue::Bytes(
                said.map(|other| other.said).fold(one.said, |a, b| if greater(b, a) { b } else { a }),
            ),
            (MergeRule::Min, Some(one)) => SharedValue::Bytes(
                said.map(|other| other.said).fold(one.said, |a, b| if greater(a, b) { b } else { a }),
            ),
            (MergeRule::Counter, Some(_)) => SharedValue::Number(self.sum_of(key)),
            (MergeRule::Set, Some(_)) => SharedValue::Set,
        };
        Some((rule, value))
    }

    fn clock_of(&self, held: &SharedContribution<'_>) -> u64 {
        Contribution::read(self.states.store.text(held.slot).1).map_or(0, |held| held.head.clock)
    }

    /// Independent of the order: summed in more bits than any number of parts can fill.
    fn sum_of(&self, key: &[u8]) -> i64 {
        let parts = self.contributions_to(key).filter(|(slot, _)| !self.is_dominated(key, *slot));
        let sum: i128 = parts.map(|(_, held)| i128::from(held.sum())).sum();
        i64::try_from(sum).unwrap_or(if sum > 0 { i64::MAX } else { i64::MIN })
    }

    /// The elements of a set, in no order, those more than once that several have put in.
    pub fn shared_elements<'a>(&'a self, key: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.standing(key).flat_map(move |held| {
            let elements = Elements::of(held.said);
            let there =
                move |(life, tag, _): &(u32, u32, &[u8])| !self.is_taken_out(key, (held.stamp.owner, *life, *tag));
            elements.filter(there).map(|(.., element)| element)
        })
    }

    /// A contribution has come: are there now several that nobody has written over?
    pub(super) fn tell_of_conflict(&mut self, slot: u32) {
        let key = self.states.store.text(slot).0;
        if matches!(self.shared(key), Some((_, SharedValue::Conflict))) {
            self.counters.state_conflicts += 1;
            let conflict = self.state_ref(slot, false);
            self.emit(Event::Conflict(conflict));
        }
    }

    /// Takes back a contribution of this node's own that says nothing any more: another has written over it, or it says that the
    /// key has no value and nothing is left that it takes the place of.
    pub(super) fn take_back(&mut self, now: Instant, slot: u32) {
        let store = &self.states.store;
        let (entry, stamp) = (*store.get(slot), self.stamp_of(slot));
        if !entry.is_shared() || entry.is_removed() || stamp.owner != self.me.id || !self.is_in() {
            return;
        }
        let (key, value) = store.text(slot);
        let Some(held) = Contribution::read(value) else { return };
        let retention = self.params.tombstone_retention;
        let covers_any = self.contributions_to(key).any(|(other, _)| held.covers(&self.stamp_of(other)));
        let idle = held.head.absent && !covers_any && entry.born.age(now) >= retention;
        let settled = entry.born.age(now) >= self.among.settle;
        let dominated = settled && self.is_dominated(key, slot);
        if !dominated && !idle {
            return;
        }
        let (class, rule, len) = (entry.nature().class, held.head.rule, key.len());
        let own = self.contributions_to(key).filter(|(slot, _)| self.stamp_of(*slot).owner == self.me.id).count();
        let mut scratch = core::mem::take(&mut self.states.scratch);
        scratch[..len].copy_from_slice(self.states.store.text(slot).0);
        let (key, rest) = scratch.split_at_mut(len);
        let nature = Nature { class, durable: true, shared: true, removed: true };
        if stamp.life == self.table.get(ME).incarnation.life() {
            let taken = self.write_own(now, key, &[], nature, None);
            // Where there is no room it stays, and is looked at again.
            self.counters.state_refused += u64::from(taken.is_err());
        } else if own == 1 {
            // What a former life has written only a contribution of this one can take the place of.
            let mut seen = Seen::default();
            seen.add(stamp);
            let head = Head { rule, absent: true, retracts: true, clock: 0 };
            if let Some(len) = head.write(&seen, rest, |_| Some(0)) {
                let taken = self.write_own(now, key, &rest[..len], Nature { removed: false, ..nature }, None);
                self.counters.state_refused += u64::from(taken.is_err());
            }
        }
        self.states.scratch = scratch;
    }
}
