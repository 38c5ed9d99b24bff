//! What is drawn from a seed? Parameters, a topology, and a history of what is done when.

use core::time::Duration;
use std::collections::BTreeSet;

use super::act::{Act, Deed, SharedDeed};
use crate::config::{Config, Mode, Params, Profile};
use crate::error::{ConfigError, DropReason};
use crate::limits::Limits;
use crate::rng::Rng;
use crate::rumor::Class;
use crate::sim::{Death, Latency, Link};
use crate::state::MergeRule;
use crate::time::Span;

/// The nodes through which all others join: they never move, are never buried and keep their names. Where nobody knows
/// an address of the others, nobody can help.
pub(super) const SEEDS: u32 = 2;

/// The longest time for which a key is written, in seconds.
pub(super) const LEASE_MAX_S: u64 = 30;

/// Longer than who is down, and what is removed, is remembered in most plans.
const LONG_MS: u64 = 90_000;

/// How large a plan may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Nodes at the beginning, at most. At least 3, at most 48.
    pub nodes: u32,
    /// Things done to them, at most. At least 3, at most 200.
    pub acts: u32,
}

impl Default for Size {
    /// 12 nodes, 25 acts.
    fn default() -> Self {
        Self { nodes: 12, acts: 25 }
    }
}

/// Something done at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timed {
    /// When, from the beginning.
    pub at: Span,
    /// What.
    pub act: Act,
}

/// All that is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The seed of the plan and of its world.
    pub seed: u64,
    /// The profile that the configuration began as.
    pub profile: Profile,
    /// How all nodes are configured, but for `state_mode`.
    pub config: Config,
    /// Their capacities.
    pub limits: Limits,
    /// Nodes at the beginning.
    pub nodes: u32,
    /// Zones; the nodes belong to them in turn.
    pub zones: u32,
    /// Whether all start at once through each other, rather than one by itself and the others through it.
    pub cold: bool,
    /// The ways within a zone.
    pub within: Link,
    /// The latency between zones.
    pub between: Latency,
    /// What is done, earliest first.
    pub acts: Vec<Timed>,
    /// Who is not started again at the end, if it is down by then.
    pub buried: BTreeSet<u32>,
    /// The nodes tell and ask for state in these modes in turn: one at least.
    pub modes: Vec<Mode>,
}

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn draw(seed: u64, size: Size) -> Self {
        let (down, halted, twins) = (Vec::new(), Vec::new(), Vec::new());
        Draw {
            rng: Rng::from_seed(seed),
            moves: 0,
            joins: 0,
            writes: false,
            apart: false,
            down,
            halted,
            twins,
            wrote: None,
        }
        .plan(seed, size)
    }

    /// The parameters of a node.
    ///
    /// # Errors
    /// Values that contradict each other, of a plan made by hand.
    pub fn params(&self, number: u32) -> Result<Params, ConfigError> {
        Params::new(&Config { state_mode: self.mode_of(number), ..self.config.clone() }, &self.limits)
    }

    /// The mode of a node.
    #[must_use]
    pub fn mode_of(&self, number: u32) -> Mode {
        self.modes.get(number as usize % self.modes.len().max(1)).copied().unwrap_or(self.config.state_mode)
    }

    /// How many hosts there are at the end, at most.
    #[must_use]
    pub fn hosts(&self) -> u32 {
        let new = |timed: &&Timed| matches!(timed.act, Act::Join(_) | Act::Namesake(..));
        self.nodes + self.acts.iter().filter(new).count() as u32
    }

    /// How many addresses there are at the end beside one for each host, at most.
    #[must_use]
    pub fn further_addresses(&self) -> u32 {
        self.acts.iter().filter(|timed| matches!(timed.act, Act::Restart(_, Some(_)))).count() as u32
    }
}

struct Draw {
    rng: Rng,
    moves: u8,
    joins: u32,
    /// Whether every other act is a write.
    writes: bool,
    /// Whether every fourth one takes the cluster apart, or puts it together.
    apart: bool,
    /// Who has been told to die or leave, and not to come back; who to halt, and not to go on: whom the next such act
    /// is about.
    down: Vec<u32>,
    halted: Vec<u32>,
    /// Who bears the name of whom.
    twins: Vec<(u32, u32)>,
    /// Who wrote last, and has not gone since.
    wrote: Option<u32>,
}

impl Draw {
    fn plan(mut self, seed: u64, size: Size) -> Plan {
        let nodes = 3 + self.below(size.nodes.clamp(3, 48) - 2);
        let profile = self.one_of(&[Profile::Local, Profile::Local, Profile::Lan, Profile::Lan, Profile::Wan]);
        let config = self.config(profile);
        let ceiling = Span::from(config.ack_ceiling);
        let within = self.within(ceiling);
        let limits = self.limits(nodes + size.acts);
        let (zones, cold) = (self.one_of(&[1, 1, 2, 3]), self.below(4) == 0);
        let count = 3 + self.below(size.acts.clamp(3, 200) - 2);
        self.writes = self.below(3) == 0;
        self.apart = self.below(4) == 0;
        let acts = self.acts(nodes, count);
        let mut buried: BTreeSet<u32> = (SEEDS..nodes + self.joins).filter(|_| self.rng.below(4) == 0).collect();
        // Twins go together.
        buried.extend(self.twins.iter().filter(|(new, _)| buried.contains(new)).map(|(_, of)| *of).collect::<Vec<_>>());
        let between = Latency::Uniform(ceiling / 20, ceiling / 8);
        let modes = self.modes();
        Plan { seed, profile, config, limits, nodes, zones, cold, within, between, acts, buried, modes }
    }

    /// All alike in half of the plans, which in most is as they are by default.
    fn modes(&mut self) -> Vec<Mode> {
        let kinds = self.one_of(&[1, 1, 2, 5]);
        let default = kinds == 1 && self.below(2) == 0;
        (0..kinds).map(|_| if default { Mode::PushPull } else { self.one_of(&Mode::ALL) }).collect()
    }

    fn below(&mut self, n: u32) -> u32 {
        self.rng.below(n)
    }

    fn one_of<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.rng.below(of.len() as u32) as usize].clone()
    }

    fn config(&mut self, profile: Profile) -> Config {
        let mut config = Config::new(profile);
        let pause = config.pause_to_forgive;
        // One of them is longer than any history: what only a member that is forgotten sets right is not set right.
        let day = Duration::from_secs(86_400);
        config.down_retention = self.one_of(&[pause * 5, Duration::from_secs(30), config.down_retention, day]);
        config.fanout = self.one_of(&[2, 3, 4]);
        config.helpers = self.one_of(&[1, 3, 4]);
        config.confirmations = self.one_of(&[0, 3]);
        config.kernel_evidence = self.below(4) > 0;
        config.rumor_retention =
            self.one_of(&[Duration::from_secs(5), Duration::from_secs(20), config.rumor_retention]);
        config.tombstone_retention =
            self.one_of(&[Duration::from_secs(10), Duration::from_secs(60), config.tombstone_retention]);
        if self.below(3) == 0 {
            config.datagrams_per_second = 100;
            config.bytes_per_second = 100_000;
            config.eager_per_second = self.one_of(&[0, 40]);
            config.strangers_per_second = 40;
            config.repair_per_second = 40;
        }
        config
    }

    /// Room for everybody; small in everything else now and then.
    fn limits(&mut self, hosts: u32) -> Limits {
        Limits {
            probes: self.one_of(&[2, 16]),
            relays: self.one_of(&[1, 64]),
            book: self.one_of(&[1, 4, 64]),
            rumors: self.one_of(&[64, 4_096]),
            rumor_window: self.one_of(&[64, 4_096]),
            rumor_bytes: self.one_of(&[1 << 13, 1 << 20]),
            state_keys: if self.below(8) == 0 { 24 } else { 4_096 },
            ..Limits::for_members(hosts.max(64))
        }
    }

    /// Within what an ack may take: a network that is slower than the parameters say is no fault of the protocol's.
    fn within(&mut self, ceiling: Span) -> Link {
        let latency = self.one_of(&[
            Latency::Constant(Span::micros(250)),
            Latency::Uniform(Span::micros(50), Span::millis(2)),
            Latency::Uniform(Span::micros(100), ceiling / 20),
            Latency::LogNormal { median: ceiling / 200, sigma_permille: 500 },
        ]);
        Link {
            latency,
            loss_permille: self.one_of(&[0, 0, 20, 100]),
            duplicate_permille: self.one_of(&[0, 10, 100]),
            reorder_permille: self.one_of(&[0, 50]),
            reorder_by: ceiling / 10,
        }
    }

    fn acts(&mut self, nodes: u32, count: u32) -> Vec<Timed> {
        let mut at = Span::millis(u64::from(self.below(5_000)));
        let mut acts = Vec::new();
        for _ in 0..count {
            let act = self.act(nodes);
            acts.push(Timed { at, act });
            acts.extend(self.beside(nodes, act).into_iter().map(|act| Timed { at, act }));
            // Long enough now and then for who is away to be forgotten, and what was removed meanwhile.
            let long = act.hides() && self.below(4) == 0;
            let gap = if long { LONG_MS } else { self.one_of(&[0, 5, 50, 500, 3_000, 20_000]) };
            at = at + Span::millis(gap);
        }
        acts
    }

    /// What is done at the same time.
    fn beside(&mut self, nodes: u32, act: Act) -> Vec<Act> {
        match act {
            Act::WriteShared(_, class, rule, key, _) if self.below(2) == 0 => {
                let (other, deed) = (self.host(nodes), self.shared_deed(rule));
                vec![Act::WriteShared(other, class, rule, key, deed)]
            }
            // Both begin a life: the same one, where neither meets who has heard of the other.
            Act::Namesake(new, of) if self.apart => {
                self.twins.push((new, of));
                vec![Act::Crash(of, Death::Refusing), Act::Restart(of, None)]
            }
            Act::Write(host, class, deed, first, count) => {
                let twin = self.twin(host).map(|twin| Act::Write(twin, class, deed.other(), first, count));
                twin.into_iter().collect()
            }
            Act::Crash(host, death) => self.twin(host).map(|twin| Act::Crash(twin, death)).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    fn twin(&self, host: u32) -> Option<u32> {
        let twin = |(new, of): &(u32, u32)| [(*new, *of), (*of, *new)].into_iter().find(|(one, _)| *one == host);
        self.twins.iter().find_map(twin).map(|(_, other)| other)
    }

    /// A host that may be there by now; of twins one now and then.
    fn writer(&mut self, nodes: u32) -> u32 {
        match self.twins.len() as u32 {
            0 => self.host(nodes),
            count if self.below(2) == 0 => self.twins[self.rng.below(count) as usize].0,
            _ => self.host(nodes),
        }
    }

    /// A host that may be there by now.
    fn host(&mut self, nodes: u32) -> u32 {
        let hosts = nodes + self.joins;
        self.below(hosts)
    }

    fn new_host(&mut self, nodes: u32) -> u32 {
        self.joins += 1;
        nodes + self.joins - 1
    }

    /// One of those, or any host where there are none.
    fn among(&mut self, of: fn(&mut Self) -> &mut Vec<u32>, nodes: u32) -> u32 {
        let count = of(self).len() as u32;
        let nth = self.below(count) as usize;
        if count == 0 { self.host(nodes) } else { of(self).swap_remove(nth) }
    }

    /// Who goes: often who wrote last.
    fn goes(&mut self, nodes: u32) -> u32 {
        let host = match self.wrote.take() {
            Some(host) if self.below(2) == 0 => host,
            Some(_) | None => self.host(nodes),
        };
        self.down.push(host);
        host
    }

    fn halts(&mut self, nodes: u32) -> u32 {
        let host = self.host(nodes);
        self.halted.push(host);
        host
    }

    fn act(&mut self, nodes: u32) -> Act {
        if self.apart && self.below(4) == 0 {
            return self.apart(nodes);
        }
        if self.writes && self.below(2) == 0 {
            return if self.below(2) == 0 { self.write(nodes) } else { self.write_shared(nodes) };
        }
        match self.below(48) {
            0..4 => Act::Crash(self.goes(nodes), self.one_of(&[Death::Silent, Death::Refusing])),
            4..8 => {
                let host = self.among(|draw| &mut draw.down, nodes);
                Act::Restart(host, self.moved(host))
            }
            8 | 9 => Act::Pause(self.halts(nodes)),
            10 | 11 => Act::Starve(self.halts(nodes), Span::millis(self.one_of(&[50, 300, 2_000]))),
            12 | 13 => Act::Resume(self.among(|draw| &mut draw.halted, nodes)),
            14 | 15 => Act::Cut(self.host(nodes), self.host(nodes)),
            16 => Act::Partition(self.rng.next_u64()),
            17 | 18 => Act::Heal,
            19 => Act::Loss(self.one_of(&[0, 50, 300, 900])),
            20 => Act::Mtu(self.one_of(&[None, Some(600), Some(1_228)])),
            21 => Act::Cable(self.host(nodes), self.one_of(&[None, Some(500), Some(20_000)])),
            22 | 23 => Act::Leave(self.goes(nodes)),
            24 | 25 | 46.. => Act::Remove(self.host(nodes), self.absent(nodes)),
            26 => Act::Join(self.new_host(nodes)),
            27 | 28 => self.namesake(nodes),
            29 => Act::WallClock(self.host(nodes), self.one_of(&[-315_360_000, -3_600, 3_600, 315_360_000])),
            38..42 => self.write(nodes),
            42..46 => self.write_shared(nodes),
            32..38 => Act::Publish(self.host(nodes), self.one_of(Class::ALL), self.one_of(&[1, 1, 3, 20, 100])),
            30 | 31 => Act::Junk(self.host(nodes), self.one_of(DropReason::ALL)),
        }
    }

    /// Parts of a cluster go their own ways, in which names may be borne twice.
    fn apart(&mut self, nodes: u32) -> Act {
        match self.below(6) {
            0 | 1 => Act::Partition(self.rng.next_u64()),
            2 => Act::Heal,
            3 => self.namesake(nodes),
            4 => Act::Pause(self.halts(nodes)),
            _ => Act::Resume(self.among(|draw| &mut draw.halted, nodes)),
        }
    }

    /// Few keys, so that they are written again and again.
    fn write(&mut self, nodes: u32) -> Act {
        let number = self.rng.next_u64() as u16;
        let lease = Span::secs(self.one_of(&[1, 10, LEASE_MAX_S]));
        let deed = self.one_of(&[
            Deed::Ephemeral(number),
            Deed::Ephemeral(number),
            Deed::Durable(number),
            Deed::Durable(number),
            Deed::Lease(number, lease),
            Deed::Remove,
        ]);
        let (first, count) = (self.below(6) as u8, self.one_of(&[1, 1, 3, 20]));
        let host = self.writer(nodes);
        self.wrote = Some(host);
        Act::Write(host, self.one_of(Class::ALL), deed, first, count)
    }

    fn write_shared(&mut self, nodes: u32) -> Act {
        let rule = self.one_of(MergeRule::ALL);
        let deed = self.shared_deed(rule);
        Act::WriteShared(self.host(nodes), self.one_of(Class::ALL), rule, self.below(2) as u8, deed)
    }

    fn shared_deed(&mut self, rule: MergeRule) -> SharedDeed {
        let unset = self.below(5) == 0;
        match rule {
            _ if unset => SharedDeed::Unset,
            MergeRule::Conflict | MergeRule::Latest | MergeRule::Max | MergeRule::Min => {
                SharedDeed::Set(self.rng.next_u64() as u16)
            }
            MergeRule::Counter => SharedDeed::Add(self.rng.next_u64() as i16),
            MergeRule::Set if self.below(3) == 0 => SharedDeed::Remove(self.below(4) as u8),
            MergeRule::Set => SharedDeed::Insert(self.below(4) as u8),
        }
    }

    /// Somebody who may be held dead.
    fn absent(&mut self, nodes: u32) -> u32 {
        let last = self.down.last().copied();
        last.unwrap_or_else(|| self.host(nodes))
    }

    fn namesake(&mut self, nodes: u32) -> Act {
        let of = SEEDS + self.below(nodes - SEEDS);
        Act::Namesake(self.new_host(nodes), of)
    }

    fn moved(&mut self, host: u32) -> Option<u8> {
        let moves = host >= SEEDS && self.below(3) == 0 && self.moves < u8::MAX;
        self.moves += u8::from(moves);
        moves.then_some(self.moves)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plan_has_good_parameters_and_all_kinds_of_acts_are_drawn() {
        let mut kinds = BTreeSet::new();
        for seed in 0..300 {
            let plan = Plan::draw(seed, Size::default());
            assert!(plan.params(0).is_ok(), "seed {seed}: {:?}", plan.params(0).err());
            assert!((3..=12).contains(&plan.nodes) && (3..=75).contains(&plan.acts.len()));
            assert!(plan.acts.is_sorted_by_key(|timed| timed.at), "seed {seed}");
            assert_eq!(plan, Plan::draw(seed, Size::default()));
            kinds.extend(plan.acts.iter().map(|timed| timed.act.name()));
        }
        assert_eq!(kinds, BTreeSet::from(Act::NAMES));
    }
}
