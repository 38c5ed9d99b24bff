//! The four calls: an input in; a datagram, an event, a deadline out.
//!
//! This file is the node and its calls. What happens inside is one file for each thing that a node does:
//! `receive` (is the datagram for us, and whole?), `apply` (what does a claim change?), `probing`, `verdict`, `joining`,
//! `walking`, `paging`, `introducing`, `conflict`, `leaving`, `healing`, `repair`, the folder `rumors`, and on the way out
//! `outbox`, `transmit`, `fill`.

mod aggregate;
mod apply;
mod conflict;
mod events;
mod fill;
mod healing;
mod introducing;
mod joining;
mod leaving;
mod outbox;
mod paging;
mod probing;
mod receive;
mod relaying;
mod repair;
mod rumors;
mod state;
mod tick;
mod transmit;
mod verdict;
mod view;
mod walking;
#[cfg(feature = "sim")]
mod warming;

use core::net::SocketAddr;
use std::sync::Arc;

pub use aggregate::Estimate;
pub use state::{Coverage, SharedContribution, SharedOp, SharedValue, SharedWrite, StateRef, StateView, Write};
#[cfg(feature = "plan")]
pub(crate) use verdict::{DOUBT_FACTOR, DOUBT_FROM};
pub use view::MemberView;

use crate::bounded::{Deadlines, Ring, SlotSet, TokenBucket, bought};
use crate::config::Params;
use crate::error::{ConfigError, Refusal};
use crate::event::Event;
use crate::id::{BootId, ClusterKey, Incarnation, Name, NodeId};
use crate::measure::{Counters, NodeHistograms};
use crate::membership::{
    Book, CookieJar, Doors, Fingerprint, Gossip, Health, ME, Probes, Relays, Roster, Spread, Suspicions, Table, Walk,
};
use crate::rng::Rng;
use crate::rumor::{Class, Order, Topic};
use crate::time::{Instant, Span};
use crate::wire::{Claim, Profile, State, VERSION};
use apply::Among;
use outbox::Outgoing;

/// How often a node tells a profile in full, at least; else as often as it has peers in a round. Forwarding once to so many
/// reaches nearly all.
const PROFILE_SENDS_MIN: u32 = 3;

/// What can happen to a node.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// A datagram has arrived.
    Datagram {
        /// The address it came from.
        from: SocketAddr,
        /// Its payload, exactly as received.
        bytes: &'a [u8],
    },
    /// The kernel was told that nobody listens at an address that this node has sent to (ICMP port unreachable).
    Unreachable {
        /// The address.
        to: SocketAddr,
    },
    /// The time that [`Node::poll_timeout`] named has come, or simply: look at the clock. Datagrams that have arrived
    /// by then are handed in first: they may be the answers that a time-out waits for.
    Tick,
    /// Join through these addresses as well; the first `Join` starts the node. None at all: found a cluster.
    Join(&'a [SocketAddr]),
    /// Tell the others that this node goes, then stop.
    Leave,
    /// Take a dead member off the list: it is spread as having left.
    Remove(NodeId),
    /// Tell everybody. Several may be published before the transmits are drained: they travel together.
    /// [`Node::published`] has the id of the last.
    Publish(Publication<'a>),
    /// Deliver the rumors of a topic, of all topics where none is named, as [`Event::Rumor`].
    Subscribe {
        /// Which.
        topic: Option<Topic>,
        /// In which order.
        order: Order,
    },
    /// Deliver them no more.
    Unsubscribe {
        /// As it was subscribed to.
        topic: Option<Topic>,
    },
    /// Write into this node's own map, of which everybody holds a copy.
    Write(Write<'a>),
    /// Write a key that everybody may write.
    WriteShared(SharedWrite<'a>),
    /// Ask all members how much they hold of an owner's life, in place of what was asked before: [`Node::coverage`] says how many
    /// hold everything up to a version, [`Node::surveyed`] how far each is.
    Survey {
        /// Whose writes.
        owner: NodeId,
        /// Of which life.
        life: u32,
        /// Up to which version.
        version: u64,
    },
    /// Ask no more: those who have not answered, or not what is waited for, would be asked again for up to 600 gossip intervals.
    EndSurvey,
    /// Have everybody forget what it holds of others' keys, and every owner tell its own anew (R22). What is durable of owners
    /// that are gone is lost by this.
    ResetState,
    /// Contribute a number to what is averaged by gossip over all members, or none any more; [`Node::estimate`] has what it comes to. Costs
    /// each member 2 datagrams a gossip interval as long as anybody contributes to anything, up to 6 under heavy loss.
    Contribute {
        /// To what: 1 to [`KEY_MAX`](crate::KEY_MAX) bytes.
        name: &'a [u8],
        /// What: at most 1e30 in magnitude.
        value: Option<f64>,
    },
    /// Tell of changes of the keys that begin so, as [`Event::Changed`]; of all where it is empty.
    Watch(&'a [u8]),
    /// Tell of them no more.
    Unwatch(&'a [u8]),
}

/// A rumor to be published.
#[derive(Clone, Copy, Debug)]
pub struct Publication<'a> {
    /// About what.
    pub topic: Topic,
    /// How much it matters.
    pub class: Class,
    /// What it says: at most [`Limits::rumor_payload`](crate::Limits::rumor_payload) bytes.
    pub payload: &'a [u8],
}

/// A datagram to send: the first `len` bytes of the buffer handed to [`Node::poll_transmit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Where to.
    pub to: SocketAddr,
    /// How many bytes.
    pub len: usize,
}

/// Who a node is.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// Its name, unique in the cluster and the same at each start.
    pub name: Name,
    /// The cluster's label; datagrams of other clusters are dropped.
    pub cluster: &'a str,
    /// The address and port under which the others reach it.
    pub addr: SocketAddr,
    /// 64 fresh random bits.
    pub boot: BootId,
    /// The zone it is in; may be empty.
    pub zone: &'a str,
    /// Keys and values that the others shall see.
    pub tags: &'a [(&'a str, &'a str)],
}

/// Where a node is between its start and its end (R30).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Created; no [`Input::Join`] yet.
    Idle,
    /// Asking to be let in; nobody sees it.
    Joining,
    /// A member.
    Joined,
    /// Telling the others that it goes.
    Leaving,
    /// Gone.
    Left,
}

impl Phase {
    /// The name under which it is printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Joining => "joining",
            Self::Joined => "joined",
            Self::Leaving => "leaving",
            Self::Left => "left",
        }
    }
}

/// One node of a cluster. See the [crate] documentation for the contract of the four calls.
///
/// What every tick and every datagram looks at lies side by side, in as few lines of the cache and on as few pages as it takes. Some
/// parts keep what a quiet node asks of them at their beginnings and others at their ends, so that what two of them keep meets. A node
/// that shares its processor with others, or a thousand in a simulator, finds little of itself in the cache when its turn comes.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Node {
    /// Where datagrams went lately: an unreachable port is reported by address.
    recent: outbox::Recent,
    fingerprint: Fingerprint,
    timers: Deadlines,
    keys: tick::Keys,
    /// Of what probe rounds begin at multiples; zero for anywhere.
    probe_grid: Span,
    phase: Phase,
    health: Health,
    fresh: Option<Fresh>,
    revived: u32,
    /// Until when this node's own lag keeps it from convicting.
    grace_until: Instant,
    /// When any other member was heard last.
    heard_anybody_at: Instant,
    /// Until when the budget for claims holds nothing back: somebody has come or left, or was held dead wrongly.
    unheld_until: Instant,
    /// Nodes of one process that have the same ones share them.
    params: Arc<Params>,
    outbox: Ring<Outgoing>,
    events: events::Events,
    probes: Probes,
    /// The member that was probed last, and its place then.
    asked_last: (NodeId, u32),
    roster: Roster,
    rng: Rng,
    changed: SlotSet,
    spread: Spread,
    me: Me,
    table: Table,
    among: Among,
    gossip: Gossip,
    repair: repair::Repair,
    join: Joining,
    counters: Counters,
    rumors: rumors::Rumors,
    states: state::States,
    leave: leaving::Leaving,
    budgets: Budgets,
    relays: Relays,
    suspicions: Suspicions,
    book: Book,
    full_told_at: Option<Instant>,
    averaging: aggregate::Averaging,
    histograms: NodeHistograms,
}

/// What never changes about this node, and its packet counter.
#[derive(Debug)]
#[repr(C)]
struct Me {
    name: Name,
    started_at: Instant,
    // What every datagram tells.
    id: NodeId,
    boot: BootId,
    cluster: ClusterKey,
    counter: u64,
}

/// How far this node's own joining has come.
#[derive(Debug)]
#[repr(C)]
struct Joining {
    doors: Doors,
    jar: CookieJar,
    /// The highest number that anybody holds of this node's name.
    held: Option<Incarnation>,
    /// Where this node's name was last seen up under another start.
    rival: Option<(SocketAddr, BootId)>,
    /// Until when the rival is asked before its name is taken over.
    checking_until: Option<Instant>,
    started_at: Instant,
    /// Since when others have been known that are joining too.
    company_since: Option<Instant>,
    tries: u32,
    /// The other start whose conflict with this one has been reported, and whether this node said that it keeps the name.
    conflict_with: Option<(BootId, bool)>,
    // What a member looks at.
    /// Whether anybody who was met holds state.
    state_there: bool,
    /// From when on the others can be expected to know of this life.
    known_from: Instant,
    walk: Option<Walk>,
}

/// There is news that has not been passed on yet.
#[derive(Clone, Copy, Debug)]
struct Fresh {
    /// Who told it; `None` for this node's own, or for several.
    from: Option<u32>,
}

/// For how many pieces of news at once the budget for claims pays, each passed on to a whole fanout.
pub(crate) const CLAIMS_BURST: u32 = 4;

/// What may be spent on everything that is not a probe.
#[derive(Debug)]
struct Budgets {
    eager: TokenBucket,
    rumor_datagrams: TokenBucket,
    rumor_bytes: TokenBucket,
    claims: TokenBucket,
    strangers: TokenBucket,
    repair: TokenBucket,
    datagrams: TokenBucket,
    bytes: TokenBucket,
}

impl Budgets {
    fn new(p: &Params) -> Self {
        // A burst of a tenth of a second; the hard caps allow one of a fifth.
        let tenth = |rate: u32| TokenBucket::new(rate, (rate / 10).max(8));
        Self {
            eager: tenth(p.eager_per_second),
            // Three quarters of what the hard caps allow: the rest is for membership, whatever is published.
            rumor_datagrams: tenth(p.datagrams_per_second / 4 * 3),
            rumor_bytes: TokenBucket::new(p.bytes_per_second / 4 * 3, p.bytes_per_second / 10),
            claims: TokenBucket::new(p.claims_per_second, CLAIMS_BURST.saturating_mul(p.fanout as u32)),
            strangers: tenth(p.strangers_per_second),
            repair: tenth(p.repair_per_second),
            datagrams: TokenBucket::new(p.datagrams_per_second, p.datagrams_per_second / 5),
            bytes: TokenBucket::new(p.bytes_per_second, p.bytes_per_second / 5),
        }
    }
}

impl Node {
    /// Buys all memory of a node. `seed` feeds its dice; `now` is the time by the driver's clock.
    ///
    /// # Errors
    /// When the identity cannot be: an unusable address, a profile too long.
    pub fn new(
        params: impl Into<Arc<Params>>,
        identity: &Identity<'_>,
        seed: u64,
        now: Instant,
    ) -> Result<Self, ConfigError> {
        let params = params.into();
        let limits = params.limits.clone();
        let members = limits.members as usize;
        let mut rng = Rng::from_seed(seed);
        let me = Me {
            name: identity.name,
            id: identity.name.id(),
            boot: identity.boot,
            cluster: ClusterKey::from_label(identity.cluster),
            started_at: now,
            counter: 0,
        };
        let keys = tick::Keys::new(&limits);
        let first_sequence = rng.next_u32();
        let mut node = Self {
            spread: Spread {
                fanout: params.fanout as u32,
                loss_permille: params.expected_loss_permille,
                one_miss_in: params.one_miss_in,
                interval: params.gossip_interval,
            },
            among: Among::default(),
            phase: Phase::Idle,
            table: Table::new(&limits),
            suspicions: Suspicions::new(limits.suspects as usize, members),
            relays: Relays::new(limits.relays as usize),
            health: Health::new(params.health_max),
            gossip: Gossip::new(members, (params.fanout as u32).max(PROFILE_SENDS_MIN)),
            fingerprint: Fingerprint::new(members),
            book: Book::new(limits.book as usize),
            join: Joining::new(limits.seeds as usize, (rng.next_u64(), rng.next_u64()), now),
            leave: leaving::Leaving::default(),
            repair: repair::Repair::new(now),
            recent: outbox::Recent::new(),
            budgets: Budgets::new(&params),
            fresh: None,
            asked_last: (identity.name.id(), ME),
            unheld_until: now,
            grace_until: now,
            probe_grid: Span::ZERO,
            heard_anybody_at: now,
            revived: 0,
            full_told_at: None,
            rumors: rumors::Rumors::new(&limits, now),
            states: state::States::new(&limits, now),
            averaging: aggregate::Averaging::new(&limits, now),
            events: events::Events::new(limits.events as usize),
            changed: SlotSet::new(members),
            counters: Counters::default(),
            histograms: NodeHistograms::default(),
            // Last what every tick looks at: bought one behind the other it lies on few pages, and close to the node.
            roster: Roster::new(members),
            probes: Probes::new(limits.probes as usize, first_sequence),
            outbox: Ring::new(limits.outbox as usize),
            timers: Deadlines::new(keys.count()),
            keys,
            params,
            me,
            rng,
        };
        node.enter_self(identity)?;
        Ok(node)
    }

    /// Puts this node itself into the first place of the table.
    fn enter_self(&mut self, identity: &Identity<'_>) -> Result<(), ConfigError> {
        let addr = crate::wire::usable(identity.addr).ok_or(ConfigError::UnusableAddress(identity.addr))?;
        let mut tags = arrayvec::ArrayVec::<u8, 1_024>::new();
        for (key, value) in identity.tags {
            for text in [key, value] {
                let len = u8::try_from(text.len()).ok().filter(|_| !text.chars().any(char::is_control));
                let len = len.ok_or(ConfigError::BadText("a tag"))?;
                let pushed = tags.try_push(len).is_ok() && tags.try_extend_from_slice(text.as_bytes()).is_ok();
                if !pushed {
                    return Err(ConfigError::ProfileTooLong {
                        got: tags.len() + text.len(),
                        max: self.params.limits.profile_bytes as usize,
                    });
                }
            }
        }
        if identity.zone.len() > usize::from(u8::MAX) || identity.zone.chars().any(char::is_control) {
            return Err(ConfigError::BadText("the zone"));
        }
        let profile = Profile {
            claim: Claim {
                subject: self.me.id,
                incarnation: Incarnation::default(),
                state: State::Alive,
                accuser: 0,
                boot: self.me.boot.short(),
            },
            boot: self.me.boot,
            addr,
            protocol: (VERSION, VERSION),
            name: self.me.name.as_str(),
            zone: identity.zone,
            tags: &tags,
        };
        if !self.table.fits(&profile) {
            let max = self.params.limits.profile_bytes as usize;
            return Err(ConfigError::ProfileTooLong { got: profile.text_len(), max });
        }
        // The first place of an empty table: there is one, and it is `ME`.
        let slot = self.table.insert(&profile);
        debug_assert_eq!(slot, Ok(ME));
        self.rank(ME, false, true);
        self.table.set_own_addr(addr);
        self.table.get_mut(ME).verified = true;
        // Whoever follows the changes from here on has the whole table.
        self.note_changed(ME);
        Ok(())
    }

    /// Takes one input. Never blocks, never allocates, never reads a clock.
    ///
    /// # Errors
    /// What the caller may not do now; a datagram is never an error, it is dropped and counted.
    pub fn handle_input(&mut self, now: Instant, input: Input<'_>) -> Result<(), Refusal> {
        match input {
            Input::Datagram { from, bytes } => {
                self.counters.datagrams_received += 1;
                self.counters.bytes_received += bytes.len() as u64;
                if let Err(reason) = self.on_datagram(now, from, bytes) {
                    self.counters.drop_one(reason);
                }
                Ok(())
            }
            Input::Unreachable { to } => {
                self.on_unreachable(now, to);
                Ok(())
            }
            Input::Tick => {
                self.on_tick(now);
                Ok(())
            }
            Input::Join(seeds) => self.on_join(now, seeds),
            Input::Leave => self.on_leave_command(now),
            Input::Remove(id) => self.on_remove_command(now, id),
            Input::Publish(draft) => self.on_publish(now, &draft),
            Input::Subscribe { topic, order } => self.on_subscribe(topic, order),
            Input::Unsubscribe { topic } => {
                self.rumors.topics.remove(topic);
                Ok(())
            }
            Input::Write(write) => self.on_write(now, &write),
            Input::WriteShared(write) => self.on_write_shared(now, &write),
            Input::ResetState => self.on_reset_command(now),
            Input::Survey { owner, life, version } => self.on_survey(now, owner, life, version),
            Input::EndSurvey => {
                self.on_end_survey();
                Ok(())
            }
            Input::Contribute { name, value } => self.on_contribute(now, name, value),
            Input::Watch(prefix) => self.on_watch(prefix),
            Input::Unwatch(prefix) => {
                self.states.watches.remove(prefix);
                Ok(())
            }
        }
    }

    /// Writes the next datagram into `buf` (at least [`Params::max_datagram`] bytes) and says where it goes; `None` once
    /// nothing is left to send.
    #[must_use]
    pub fn poll_transmit(&mut self, now: Instant, buf: &mut [u8]) -> Option<Transmit> {
        self.pass_on_fresh_news(now);
        self.pass_on_fresh_state(now);
        if let Some(pushed) = self.push_rumors(now, buf) {
            return Some(pushed);
        }
        while let Some(outgoing) = self.outbox.pop() {
            let sent = self.build(now, &outgoing, buf);
            if sent.is_some() {
                return sent;
            }
        }
        None
    }

    /// The next event that waits.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop()
    }

    /// The earliest instant at which [`Input::Tick`] would change anything.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.first().map(|(due, _)| due)
    }

    fn emit(&mut self, event: Event) {
        self.events.emit(event, &mut self.counters);
    }

    /// Members that are up, this node included.
    fn up_count(&self) -> u32 {
        self.roster.up_len() + 1
    }

    fn uptime(&self, now: Instant) -> Span {
        now.since(self.me.started_at)
    }
}

impl Joining {
    fn new(doors: usize, secret: (u64, u64), now: Instant) -> Self {
        Self {
            doors: Doors::new(doors),
            jar: CookieJar::new(secret),
            walk: None,
            held: None,
            rival: None,
            checking_until: None,
            started_at: now,
            company_since: None,
            tries: 0,
            known_from: now,
            conflict_with: None,
            state_there: false,
        }
    }
}

/// A boxed slice for a mechanism of this folder.
fn buffer<T: Clone>(n: usize, value: T) -> Box<[T]> {
    bought(n, value)
}
