//! Is there a history after which a cluster does not come together? Random ones: crashes, departures, restarts on the same
//! and on other addresses, pauses, cuts and partitions, under loss; then all is healed, and all must see all.
//!
//! `BRUIT_HISTORIES=5000 cargo test --release --test rules histories` tries that many instead of a hundred.

use std::time::Duration;

use bruit::sim::{Death, HostId, Latency, Link, World};
use bruit::{Event, Profile, Span};

use crate::support::{cluster, conflicts, events, params, together, tuned};

/// After the last change: the slowest of 10,000 histories took 19 s.
const TOGETHER_WITHIN: Span = Span::secs(60);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    Up,
    Paused,
    Down,
}

struct History {
    world: World,
    hosts: Vec<HostId>,
    lives: Vec<Life>,
    moves: u8,
}

impl History {
    fn new(seed: u64, profile: Profile) -> Self {
        let mut world = World::new(seed);
        let n = 3 + world.rng().below(14) as usize;
        let loss_permille = [0, 0, 20, 100][world.rng().below(4) as usize];
        let latency = Latency::Uniform(Span::micros(50), Span::millis(2));
        world.network.set_all(Link { latency, loss_permille, duplicate_permille: 10, ..Link::default() });
        let retention = Duration::from_secs([5, 30, 600][world.rng().below(3) as usize]);
        let hosts = cluster(&mut world, n, &tuned(profile, 32, |c| c.down_retention = retention));
        Self { world, lives: vec![Life::Up; n], hosts, moves: 0 }
    }

    fn below(&mut self, n: usize) -> usize {
        self.world.rng().below(n as u32) as usize
    }

    /// Lets one thing happen that can happen to the node drawn, and some time pass.
    fn step(&mut self) {
        let n = self.hosts.len();
        let (i, other) = (self.below(n), self.below(n));
        let host = self.hosts[i];
        match (self.below(12), self.lives[i]) {
            (0 | 1, Life::Up | Life::Paused) => {
                let death = [Death::Silent, Death::Refusing][self.below(2)];
                self.world.crash(host, death);
                self.lives[i] = Life::Down;
            }
            (2, Life::Up) => {
                self.world.leave(host).unwrap_or_else(|_| self.world.crash(host, Death::Refusing));
                self.lives[i] = Life::Down;
            }
            (3..=5, Life::Down) => self.restart(i),
            (6, Life::Up) => {
                self.world.pause(host);
                self.lives[i] = Life::Paused;
            }
            (7 | 8, Life::Paused) => {
                self.world.resume(host);
                self.lives[i] = Life::Up;
            }
            (9, _) => self.world.network.cut(host, self.hosts[other]),
            (10, _) => {
                let (left, right) = self.hosts.split_at(other);
                self.world.network.partition(&[left, right]);
            }
            (11, _) => self.world.network.heal(),
            (_, Life::Up | Life::Paused | Life::Down) => {}
        }
        let pause = [5, 50, 500, 3_000, 20_000][self.below(5)];
        self.world.run_for(Span::millis(pause));
    }

    /// The first host never moves and is everybody's seed: where nobody knows an address of the others, nobody can help.
    fn restart(&mut self, i: usize) {
        let moves = i != 0 && self.below(3) == 0;
        self.moves += u8::from(moves);
        let addr = moves.then(|| ([10, 5, 5, self.moves], 4_100).into());
        let seeds: Vec<_> = match i {
            0 => self.hosts[1..].iter().map(|h| self.world.addr(*h)).collect(),
            _ => {
                let some = self.below(self.hosts.len());
                let seeds = [self.hosts[0], self.hosts[some]];
                seeds.iter().filter(|h| **h != self.hosts[i]).map(|h| self.world.addr(*h)).collect()
            }
        };
        self.world.restart(self.hosts[i], addr, &seeds).expect("a good spec");
        self.lives[i] = Life::Up;
    }

    fn heal(&mut self) {
        self.world.network.heal();
        self.world.network.set_all(Link::default());
        for i in 0..self.hosts.len() {
            match self.lives[i] {
                Life::Up => {}
                Life::Paused => self.world.resume(self.hosts[i]),
                Life::Down => self.restart(i),
            }
        }
    }
}

/// Plays a history, heals, and says how many deaths and restarts it had.
fn play(seed: u64, profile: Profile) -> (usize, usize) {
    let mut history = History::new(seed, profile);
    for _ in 0..5 + history.below(25) {
        history.step();
    }
    history.heal();
    let History { mut world, hosts, .. } = history;
    together(&mut world, hosts.len(), TOGETHER_WITHIN);
    assert_eq!(conflicts(&world), 0, "every name was used by one process at a time");
    let agree = |w: &World| {
        let mut prints = w.running().map(|(_, node)| node.membership_fingerprint());
        let first = prints.next();
        prints.all(|print| Some(print) == first)
    };
    assert!(world.run_until(Span::secs(30), agree).is_some(), "fingerprints differ");
    world.run_for(Span::secs(10));
    assert!(world.all_see(hosts.len()), "they do not stay together");
    let deaths = events(&world, |e| matches!(e, Event::Failed(_)));
    (deaths, events(&world, |e| matches!(e, Event::Joined { .. })) - hosts.len())
}

#[test]
fn whatever_has_happened_all_see_all_once_it_is_healed() {
    let histories = std::env::var("BRUIT_HISTORIES").ok().and_then(|n| n.parse().ok()).unwrap_or(100);
    let (mut deaths, mut restarts) = (0, 0);
    for seed in 0..histories {
        for profile in [Profile::Lan, Profile::Local] {
            let (died, came_back) = play(seed, profile);
            deaths += died;
            restarts += came_back;
        }
    }
    let least = histories as usize;
    assert!(deaths > 4 * least && restarts > 2 * least, "{deaths} deaths, {restarts} restarts: too tame");
}

#[test]
fn a_waiting_node_joins_the_cluster_that_its_seeds_join_and_founds_none() {
    for seed in 0..40 {
        let mut world = World::new(seed);
        let params = params(Profile::Lan, 16);
        let hosts = cluster(&mut world, 3, &params);
        // It lists two that are not there yet, and waits until it asks but rarely.
        let later: [std::net::SocketAddr; 2] = [([10, 6, 0, 1], 4_100).into(), ([10, 6, 0, 2], 4_100).into()];
        world.start(&bruit::sim::Spec::new("waiting", params.clone()), &later).expect("a good spec");
        let wait = Span::millis(30_000 + u64::from(world.rng().below(5_000)));
        world.run_for(wait);
        // These list it, and a member.
        let seeds = [world.addr(hosts[1]), ([10, 0, 0, 4], 4_100).into()];
        for (name, addr) in ["x", "y"].into_iter().zip(later) {
            let spec = bruit::sim::Spec { addr: Some(addr), ..bruit::sim::Spec::new(name, params.clone()) };
            world.start(&spec, &seeds).expect("a good spec");
        }
        together(&mut world, 6, Span::secs(10));
        let founded = events(&world, |e| matches!(e, Event::Joined { members: 1 }));
        assert_eq!(founded, 1, "only the first founds");
    }
}
