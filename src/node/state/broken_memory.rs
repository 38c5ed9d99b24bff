//! What if a bit of an entry changes in memory? Two nodes without a network between them, and one bit at a time (R20).

use core::net::SocketAddr;

use super::super::{Identity, Input, Node};
use super::Write;
use crate::config::{Config, Params};
use crate::id::{BootId, Name, NodeId};
use crate::limits::Limits;
use crate::rumor::Class;
use crate::state::{FLIPS, Stage};
use crate::time::{Instant, Span};
use crate::wire::{Header, MIN_MAX_DATAGRAM, STATE_BUCKETS, Section, Sections, Writer};

const KEY: &[u8] = b"load";
const VALUE: &[u8] = b"0.75";
/// Bits of an entry and of its key and value.
const BITS: usize = FLIPS + (KEY.len() + VALUE.len()) * 8;

/// Of these, whether it outlives its owner.
const DURABLE: usize = 64 + 8 + 2;

/// Two members that hold each other's keys, and who wrote the one that breaks.
struct Pair {
    nodes: [Node; 2],
    now: Instant,
}

fn addr(node: usize) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1], 4_100 + node as u16))
}

impl Pair {
    /// In step, each with three keys of its own.
    fn in_step() -> Self {
        let limits = Limits { members: 4, state_keys: 16, events: 64, ..Limits::for_members(4) };
        let params = Params::new(&Config::default(), &limits).expect("consistent");
        let node = |nth: usize| {
            let name = Name::new(["anna", "berta"][nth]).expect("a name");
            let (boot, addr) = (BootId::from_u64(7 + nth as u64), addr(nth));
            let identity = Identity { name, cluster: "pair", addr, boot, zone: "", tags: &[] };
            Node::new(params.clone(), &identity, nth as u64, Instant::ZERO).expect("an identity")
        };
        let mut pair = Self { nodes: [node(0), node(1)], now: Instant::ZERO };
        pair.nodes[0].handle_input(pair.now, Input::Join(&[])).expect("a first join");
        pair.nodes[1].handle_input(pair.now, Input::Join(&[addr(0)])).expect("a first join");
        pair.run(Span::secs(3));
        for node in 0..2 {
            for key in [b"addr", KEY, b"zone"] {
                let write = Write { key, value: Some(VALUE), class: Class::Normal, durable: true, ttl: None };
                pair.nodes[node].handle_input(pair.now, Input::Write(write)).expect("room");
            }
        }
        pair.run(Span::secs(20));
        assert!(pair.agrees());
        pair
    }

    fn id(&self, node: usize) -> NodeId {
        self.nodes[node].me.id
    }

    /// Whether both hold all six keys, and know that they hold the same.
    fn agrees(&self) -> bool {
        let holds = |node: &Node| {
            let owners = [self.id(0), self.id(1)];
            let value = |owner, key| node.state(self.now, owner, key).map(|view| view.value);
            owners.iter().all(|owner| [&b"addr"[..], KEY, b"zone"].iter().all(|key| value(*owner, key) == Some(VALUE)))
        };
        let roots = self.nodes.each_ref().map(|node| (node.state_root(), node.state_root_anew()));
        self.nodes.iter().all(holds) && roots[0] == roots[1] && roots[0].0 == roots[0].1
    }

    fn corrupt(&self, node: usize) -> u64 {
        self.nodes[node].counters.state_corrupt
    }

    fn deliver(&mut self) {
        let mut buf = [0; MIN_MAX_DATAGRAM];
        while let Some((from, sent)) =
            (0..2).find_map(|from| Some((from, self.nodes[from].poll_transmit(self.now, &mut buf)?)))
        {
            let input = Input::Datagram { from: addr(from), bytes: &buf[..sent.len] };
            self.nodes[1 - from].handle_input(self.now, input).expect("a datagram is never refused");
        }
        self.nodes.iter_mut().for_each(|node| while node.poll_event().is_some() {});
    }

    fn step(&mut self) {
        let due = self.nodes.iter().filter_map(Node::poll_timeout).min().expect("members probe");
        self.now = self.now.max(due);
        self.nodes.iter_mut().for_each(|node| node.handle_input(self.now, Input::Tick).expect("a tick"));
        self.deliver();
    }

    fn run(&mut self, span: Span) {
        let until = self.now + span;
        self.deliver();
        while self.now < until {
            self.step();
        }
    }

    /// Until both agree again; `false` where that takes too long.
    fn heals(&mut self) -> bool {
        let until = self.now + Span::secs(120);
        while self.now < until {
            self.step();
            if self.agrees() {
                return true;
            }
        }
        false
    }

    /// Whether the scrub finds that a sum is wrong, once, and both agree then and stay so.
    fn mends_sums(&mut self, bit: usize) {
        let until = self.now + Span::secs(2 * STATE_BUCKETS as u64);
        while self.nodes[0].counters.state_sums_mended == 0 {
            self.step();
            assert!(self.now < until, "bit {bit}");
        }
        assert!(self.heals(), "bit {bit}");
        self.run(Span::secs(2 * STATE_BUCKETS as u64));
        let mended = self.nodes.each_ref().map(|node| node.counters.state_sums_mended);
        assert!(self.agrees() && mended == [1, 0], "bit {bit}: {mended:?}");
        assert_eq!((self.corrupt(0), self.corrupt(1)), (0, 0), "bit {bit}");
    }

    /// Changes a bit of what a node holds of somebody's key.
    fn flip(&mut self, node: usize, owner: usize, bit: usize) {
        let owner = self.id(owner);
        let store = &mut self.nodes[node].states.store;
        let slot = store.find(owner, KEY).expect("held");
        store.flip(slot, bit);
    }

    /// All that a node tells of somebody when it is asked for everything.
    fn told(&mut self, node: usize, owner: usize) -> Vec<(u64, bool)> {
        let (now, owner) = (self.now, self.id(owner));
        let node = &mut self.nodes[node];
        let header = Header {
            cluster: 0,
            sender: node.me.id,
            boot_tag: 0,
            intro: None,
            receiver: None,
            counter: 0,
            membership: 0,
            rumors: 0,
            state: 0,
        };
        let mut buf = [0; MIN_MAX_DATAGRAM];
        let mut writer = Writer::new(&mut buf, MIN_MAX_DATAGRAM, &header).expect("room");
        let log = node.states.store.find_log(owner, 1).expect("a log");
        node.write_state_page(now, &mut writer, log, 0);
        let len = writer.len();
        let sections = Sections::check(&buf[36..len]).expect("well-formed");
        let mut told = Vec::new();
        for section in sections {
            let Section::StatePage(page) = section else { panic!("a page") };
            told.extend(page.entries().map(|entry| (entry.draft.version, page.is_whole())));
        }
        told
    }
}

#[test]
fn no_flipped_bit_of_an_entry_in_memory_is_told_and_what_it_was_is_fetched_again() {
    for owner in 0..2 {
        for bit in 0..BITS {
            let mut pair = Pair::in_step();
            pair.flip(0, owner, bit);
            let told = pair.told(0, owner);
            // What stands in front of it may be told, where it can be seen that it stands there.
            assert!(told.is_empty() || told == [(1, true)], "owner {owner}, bit {bit}: {told:?}");
            assert_eq!(pair.corrupt(0), 1, "owner {owner}, bit {bit}");
            // What stands behind it is not told before it is back: it would seem superseded.
            let again = pair.told(0, owner);
            assert!(owner == 0 || again.is_empty(), "owner {owner}, bit {bit}: {again:?}");
            assert!(pair.heals(), "owner {owner}, bit {bit}");
            assert_eq!((pair.corrupt(0), pair.corrupt(1)), (1, 0), "owner {owner}, bit {bit}");
        }
    }
}

#[test]
fn a_slow_scrub_finds_every_flipped_bit_that_nobody_asks_for() {
    for owner in 0..2 {
        for bit in 0..BITS {
            let mut pair = Pair::in_step();
            pair.flip(0, owner, bit);
            while pair.corrupt(0) == 0 {
                pair.step();
            }
            assert!(pair.heals(), "owner {owner}, bit {bit}");
            assert_eq!((pair.corrupt(0), pair.corrupt(1)), (1, 0), "owner {owner}, bit {bit}");
        }
    }
}

#[test]
fn a_slow_scrub_mends_every_flipped_bit_of_the_sums() {
    // One bit of each byte of each kind of sum, its place from byte to byte another.
    for bit in (0..4 * 64).step_by(9) {
        let mut pair = Pair::in_step();
        let owner = pair.id(1);
        let store = &mut pair.nodes[0].states.store;
        let log = store.find_log(owner, 1).expect("a log");
        store.flip_sum(log, bit);
        // Only the root shows at once: the others once they are compared, or taken out of it.
        assert_eq!(pair.agrees(), bit >= 64);
        pair.mends_sums(bit);
    }
}

#[test]
fn what_a_flipped_ghost_leaves_in_the_sums_is_mended_too() {
    // Its check, and whether it outlives its owner: what it is counted by.
    for bit in (0..64).step_by(7).chain([DURABLE]) {
        let mut pair = Pair::in_step();
        let owner = pair.id(1);
        let ghost = pair.nodes[0].states.store.find(owner, KEY).expect("held");
        let write = Write { key: KEY, value: Some(VALUE), class: Class::Urgent, durable: true, ttl: None };
        pair.nodes[1].handle_input(pair.now, Input::Write(write)).expect("room");
        pair.deliver();
        let store = &mut pair.nodes[0].states.store;
        assert_eq!(store.get(ghost).stage(), Stage::Ghost);
        store.flip(ghost, bit);
        pair.run(Span::secs(5));
        pair.mends_sums(bit);
    }
}
