//! Can mail of a former life touch a later one (R3)? In 100,000 random orders it does not.
//!
//! Two nodes stay; a third one leaves or dies and comes back, life after life. Dice choose every single step: which of the
//! datagrams under way arrives next, whether one is lost, whether a timer fires first, and which of those that were copied
//! in this life or an earlier one arrives once more. Around the nodes is nothing but their four calls and two lists of
//! datagrams, so that a life costs some thirty inputs; the virtual network of `tests/rules` would take ten times as long.

use std::net::SocketAddr;

use bruit::wire::{MIN_MAX_DATAGRAM, State};
use bruit::{
    BootId, Config, Counters, DropReason, Identity, Input, Instant, Limits, Name, Node, NodeId, Params, Phase, Profile,
    Rng, Span,
};

/// Each run has a seed of its own. Built for debugging a life takes ten times as long: a quarter of the runs then.
const RUNS: u64 = if cfg!(debug_assertions) { 50 } else { 200 };
/// Lives of the third node in a run. Each is one interleaving of its mail with that of the lives before it.
const LIVES: u64 = 500;
/// Copies that wait to arrive again, of this life and of earlier ones; a new one takes the place of any.
const COPIES: usize = 24;
/// Far more steps than it takes until all see all.
const STEPS_MAX: u32 = 4_000;

const NAMES: [&str; 3] = ["stays", "stays too", "returns"];
/// The place of the one that returns.
const RETURNS: usize = 2;

/// Bought anew for each life, so no more than is used.
const LIMITS: Limits = Limits {
    members: 4,
    profile_bytes: 64,
    text_bytes: 64,
    suspects: 4,
    probes: 2,
    relays: 2,
    outbox: 64,
    events: 16,
    seeds: 2,
    book: 2,
    origins: 3,
    rumor_window: 64,
    rumors: 64,
    rumor_bytes: 2_400,
    rumor_payload: 64,
    topics: 2,
    state_owners: 5,
    state_keys: 16,
    state_bytes: 2_400,
    state_value: 64,
    watches: 1,
    averages: 1,
};

#[derive(Clone, Debug)]
struct Letter {
    from: usize,
    to: usize,
    bytes: Vec<u8>,
}

/// What has been exercised.
#[derive(Debug, Default)]
struct Tally {
    lives: u64,
    leaves: u64,
    lost: u64,
    refused: u64,
    again: u64,
    of_other_lives: u64,
}

struct Trio {
    seed: u64,
    now: Instant,
    dice: Rng,
    params: Params,
    nodes: [Option<Box<Node>>; 3],
    under_way: Vec<Letter>,
    copies: Vec<Letter>,
    /// The last life that was told to leave.
    left: u32,
    /// The last life that each of the two who stay has held.
    held: [u32; RETURNS],
    tally: Tally,
}

fn addr(place: usize) -> SocketAddr {
    ([10, 0, 0, 1 + place as u8], 4_100).into()
}

fn place(addr: SocketAddr) -> usize {
    (0..NAMES.len()).find(|place| self::addr(*place) == addr).expect("nobody else was ever named")
}

fn of_other_lives(counters: &Counters) -> u64 {
    counters.dropped(DropReason::SenderOtherLife) + counters.dropped(DropReason::OtherLife)
}

impl Trio {
    /// The two who stay know each other.
    fn new(seed: u64) -> Self {
        let params = Params::new(&Config::new(Profile::Local), &LIMITS).expect("a profile is consistent");
        let mut trio = Self {
            seed,
            now: Instant::ZERO,
            dice: Rng::from_seed(seed),
            params,
            nodes: [const { None }; 3],
            under_way: Vec::new(),
            copies: Vec::new(),
            left: 0,
            held: [0; RETURNS],
            tally: Tally::default(),
        };
        trio.start(0, &[]);
        trio.start(1, &[addr(0)]);
        trio.until_together();
        trio
    }

    fn start(&mut self, at: usize, seeds: &[SocketAddr]) {
        let identity = Identity {
            name: Name::new(NAMES[at]).expect("a name"),
            cluster: "late mail",
            addr: addr(at),
            boot: BootId::from_u64(self.dice.next_u64()),
            zone: "",
            tags: &[],
        };
        let node = Node::new(self.params.clone(), &identity, self.dice.next_u64(), self.now).expect("an identity");
        self.nodes[at] = Some(Box::new(node));
        self.give(at, Input::Join(seeds));
    }

    /// One input, then the transmits, then the events: the contract of the four calls.
    fn give(&mut self, at: usize, input: Input<'_>) {
        let Some(node) = &mut self.nodes[at] else { return };
        node.handle_input(self.now, input).expect("nothing here can be refused");
        let mut buf = [0; MIN_MAX_DATAGRAM];
        while let Some(transmit) = node.poll_transmit(self.now, &mut buf) {
            let letter = Letter { from: at, to: place(transmit.to), bytes: buf[..transmit.len].to_vec() };
            if self.dice.below(4) == 0 {
                self.copies.push(letter.clone());
            }
            self.under_way.push(letter);
        }
        while node.poll_event().is_some() {}
        while self.copies.len() > COPIES {
            self.copies.swap_remove(self.dice.below(COPIES as u32) as usize);
        }
        self.check(at);
    }

    /// Whoever stays never goes back to an earlier life, and holds no life to have left that was not told to.
    fn check(&mut self, at: usize) {
        let Some(held) = self.held.get_mut(at) else { return };
        let Some(node) = &self.nodes[at] else { return };
        if let Some(member) = node.member(NodeId::from_name(NAMES[RETURNS])) {
            let (seed, state, life) = (self.seed, member.state, member.incarnation.life());
            assert!(life >= *held, "seed {seed}: {} is back at life {life}, after {held}", NAMES[at]);
            assert!(state != State::Left || life <= self.left, "seed {seed}: {} believes that {life} left", NAMES[at]);
            *held = life;
        }
    }

    /// Something arrives, arrives again or is lost, or a timer fires: the dice choose.
    fn step(&mut self) {
        self.now += Span::micros(u64::from(self.dice.below(300)));
        match self.dice.below(32) {
            0..4 if !self.copies.is_empty() => {
                let which = self.dice.below(self.copies.len() as u32) as usize;
                let letter = self.copies[which].clone();
                self.tally.again += 1;
                self.deliver(&letter);
            }
            4 => self.tick(),
            _ if self.under_way.is_empty() => self.tick(),
            which => {
                let any = self.dice.below(self.under_way.len() as u32) as usize;
                let letter = self.under_way.swap_remove(any);
                if which == 5 {
                    self.tally.lost += 1;
                } else {
                    self.deliver(&letter);
                }
            }
        }
    }

    fn deliver(&mut self, letter: &Letter) {
        if self.nodes[letter.to].is_some() {
            self.give(letter.to, Input::Datagram { from: addr(letter.from), bytes: &letter.bytes });
        } else if self.dice.below(2) == 0 {
            self.tally.refused += 1;
            self.give(letter.from, Input::Unreachable { to: addr(letter.to) });
        }
    }

    /// The earliest timer of all fires.
    fn tick(&mut self) {
        let timers = self.nodes.iter().enumerate().filter_map(|(at, node)| Some((node.as_ref()?.poll_timeout()?, at)));
        if let Some((due, at)) = timers.min() {
            self.now = self.now.max(due);
            self.give(at, Input::Tick);
        }
    }

    fn some_steps(&mut self, below: u32) {
        (0..self.dice.below(below)).for_each(|_| self.step());
    }

    /// Whether all who run are members and hold each other to be up, in the very starts that run.
    fn together(&self) -> bool {
        let running = || self.nodes.iter().flatten();
        let sees = |one: &Node, other: &Node| {
            let me = other.me();
            one.member(me.id).is_some_and(|m| m.boot == me.boot && m.state.is_up())
        };
        running().all(|one| one.phase() == Phase::Joined && running().all(|other| sees(one, other)))
    }

    fn until_together(&mut self) {
        let steps = (0..STEPS_MAX).take_while(|_| {
            let apart = !self.together();
            if apart {
                self.step();
            }
            apart
        });
        assert!(steps.count() < STEPS_MAX as usize, "seed {}: a living node is kept out", self.seed);
    }

    /// One life: it starts, all see it, it goes. What it and the others have sent by then may still be under way.
    fn live(&mut self) {
        self.start(RETURNS, &[addr(0), addr(1)]);
        self.until_together();
        self.some_steps(8);
        if self.dice.below(3) > 0 {
            self.left = self.nodes[RETURNS].as_ref().map_or(0, |node| node.me().incarnation.life());
            self.tally.leaves += 1;
            self.give(RETURNS, Input::Leave);
            self.some_steps(12);
        }
        let gone = self.nodes[RETURNS].take();
        self.tally.of_other_lives += gone.map_or(0, |node| of_other_lives(node.counters()));
        self.tally.lives += 1;
        self.some_steps(8);
    }
}

#[test]
fn r3_no_order_of_late_and_doubled_mail_keeps_a_later_life_out() {
    let mut all = Tally::default();
    for seed in 0..RUNS {
        let mut trio = Trio::new(seed);
        (0..LIVES).for_each(|_| trio.live());
        let stayed: u64 = trio.nodes.iter().flatten().map(|node| of_other_lives(node.counters())).sum();
        let run = trio.tally;
        all.lives += run.lives;
        all.leaves += run.leaves;
        all.lost += run.lost;
        all.refused += run.refused;
        all.again += run.again;
        all.of_other_lives += run.of_other_lives + stayed;
    }
    let lives = RUNS * LIVES;
    assert!(all.lives == lives && all.leaves > lives / 2 && all.refused > lives / 4 && all.lost > lives / 4, "{all:?}");
    assert!(all.again > 2 * lives && all.of_other_lives > 2 * lives, "{all:?}");
}
