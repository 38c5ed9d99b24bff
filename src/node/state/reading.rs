//! What the embedder sees of state.

use super::super::Node;
use crate::event::Event;
use crate::id::NodeId;
use crate::membership::ME;
use crate::rumor::Class;
use crate::state::{Key, Stage};
use crate::time::{Instant, Span};

/// A key whose value has changed; [`Node::state_at`] has the value for as long as it is the latest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateRef {
    /// Whose key.
    pub owner: NodeId,
    /// In which of its lives it was written.
    pub life: u32,
    /// As the how manieth write of that life.
    pub version: u64,
    /// The key itself: where it has no value any more nothing else says which it was.
    pub key: Key,
    /// Whether it has no value any more: it was removed, or its time is over.
    pub removed: bool,
    /// Whether it is a contribution to a shared key.
    pub shared: bool,
    /// Where it is held.
    pub(crate) slot: u32,
}

/// One key of one owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateView<'a> {
    /// Whose.
    pub owner: NodeId,
    /// In which of its lives it was written.
    pub life: u32,
    /// As the how manieth write of that life.
    pub version: u64,
    /// The key.
    pub key: &'a [u8],
    /// Its value.
    pub value: &'a [u8],
    /// How much its change mattered.
    pub class: Class,
    /// Whether it outlives its owner.
    pub durable: bool,
    /// Whether it is a contribution to a shared key.
    pub shared: bool,
    /// How long ago it was written, by the clocks of all who have held it on its way; of what has been settled for long only that
    /// it is at least so old.
    pub age: Span,
    /// For how long it holds from its writing on; `None` for as long as nobody changes it.
    pub ttl: Option<Span>,
}

impl Node {
    /// The sum over all that is held and has settled: equal at two nodes that hold the same.
    #[must_use]
    pub const fn state_root(&self) -> u64 {
        self.states.root()
    }

    /// [`Node::state_root`], computed anew from all that is held: for checkers.
    #[cfg(any(test, feature = "sim"))]
    #[must_use]
    pub fn state_root_anew(&self) -> u64 {
        self.states.store.root_anew()
    }

    /// What an owner's key is, where its owner is up or it outlives it.
    #[must_use]
    pub fn state(&self, now: Instant, owner: NodeId, key: &[u8]) -> Option<StateView<'_>> {
        let slot = self.states.store.find(owner, key)?;
        self.view_of(now, slot)
    }

    /// What this node has written, by key.
    #[must_use]
    pub fn own_state(&self, now: Instant, key: &[u8]) -> Option<StateView<'_>> {
        self.state(now, self.me.id, key)
    }

    /// What an event was about, where it is still so.
    #[must_use]
    pub fn state_at(&self, now: Instant, changed: &StateRef) -> Option<StateView<'_>> {
        let view = self.view_of(now, changed.slot)?;
        let same = (view.owner, view.life, view.version) == (changed.owner, changed.life, changed.version);
        same.then_some(view)
    }

    /// The next key from a place on, and its place: to go through all of them begin at 0 and go on one behind each. What is
    /// written meanwhile may be seen or not.
    #[must_use]
    pub fn next_state_from(&self, now: Instant, mut place: u32) -> Option<(u32, StateView<'_>)> {
        loop {
            place = self.states.store.held_from(place)?;
            if let Some(view) = self.view_of(now, place) {
                return Some((place, view));
            }
            place += 1;
        }
    }

    /// The last write of this node in its present life: what a survey asks about to find out who holds it.
    #[must_use]
    pub fn last_write(&self) -> (NodeId, u32, u64) {
        let life = self.table.get(ME).incarnation.life();
        (self.me.id, life, self.watermark(self.me.id, life))
    }

    /// Up to which version this node holds all writes of a life of an owner, or knows them superseded.
    #[must_use]
    pub fn watermark(&self, owner: NodeId, life: u32) -> u64 {
        self.states.store.find_log(owner, life).map_or(0, |log| self.states.store.log(log).complete)
    }

    /// How many keys are held, whose owners' lives, and how many bytes of keys and values.
    #[must_use]
    pub const fn state_used(&self) -> (u32, u32, usize) {
        let store = &self.states.store;
        (store.len(), store.log_count(), store.bytes_used())
    }

    fn view_of(&self, now: Instant, slot: u32) -> Option<StateView<'_>> {
        let store = &self.states.store;
        let entry = store.peek(slot)?;
        let log = store.log(entry.log());
        let own_use = |slot| store.text(slot).0.starts_with(&[0]);
        let held = matches!(entry.stage(), Stage::Settling | Stage::Settled) && !own_use(slot);
        let mine = log.owner == self.me.id && log.life == self.table.get(ME).incarnation.life();
        let counts = log.valid || mine || !entry.is_ephemeral();
        if !held || entry.is_removed() || !counts {
            return None;
        }
        let draft = store.draft(slot);
        Some(StateView {
            owner: log.owner,
            life: log.life,
            version: draft.version,
            key: draft.key,
            value: draft.value,
            class: draft.nature.class,
            durable: draft.nature.durable,
            shared: draft.nature.shared,
            age: entry.born.age(now),
            ttl: (draft.ttl_ms > 0).then(|| Span::millis(u64::from(draft.ttl_ms))),
        })
    }

    /// Tells the embedder of a change, if it watches the key.
    pub(super) fn emit_changed(&mut self, slot: u32, removed: bool) {
        let store = &self.states.store;
        if self.states.watches.len() == 0 || !self.states.watches.has(store.text(slot).0) {
            return;
        }
        let changed = self.state_ref(slot, removed);
        self.emit(Event::Changed(changed));
    }

    pub(super) fn state_ref(&self, slot: u32, removed: bool) -> StateRef {
        let entry = self.states.store.get(slot);
        let log = self.states.store.log(entry.log());
        let (owner, life, version) = (log.owner, log.life, entry.version());
        // What is held is no longer than a key can be.
        let key = Key::new(self.states.store.text(slot).0).expect("it was checked when it came");
        StateRef { owner, life, version, key, removed, shared: entry.is_shared(), slot }
    }
}
