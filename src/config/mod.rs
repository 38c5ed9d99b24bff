//! How shall the protocol behave? What a person writes ([`Config`]) and what cannot be wrong ([`Params`]).
//!
//! A [`Config`] comes from a [`Profile`] and is changed field by field; `Params::try_from` refuses values that contradict
//! each other, with the numbers. Nothing behind it ever doubts a parameter again.

mod mode;
mod params;

use core::time::Duration;

pub use mode::Mode;
pub use params::Params;

use crate::rumor::Rule;
use crate::wire::MIN_MAX_DATAGRAM;

/// The helpers that one probe may ask at most; [`Config::helpers`] is refused above it.
pub const HELPERS_MAX: usize = 8;
/// The direct pings that one probe may send at most; [`Config::direct_pings`] is refused above it.
pub const DIRECT_PINGS_MAX: u32 = 3;
/// The times that one probe may ask helpers at most; [`Config::helper_rounds`] is refused above it.
pub const HELPER_ROUNDS_MAX: u32 = 2;
/// The peers that one gossip round may tell at most; [`Config::fanout`] is refused above it.
pub const FANOUT_MAX: usize = 16;
/// The accusers that a suspicion remembers at most; [`Config::confirmations`] is refused at or above it.
pub const ACCUSERS_MAX: usize = 8;

/// Where the cluster runs. The profiles of memberlist, retuned where a measured cause is given in [`Config`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// One site, round trips below a few milliseconds.
    Lan,
    /// Sites apart, round trips up to hundreds of milliseconds.
    Wan,
    /// One host: loopback, tests.
    Local,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 3] = [Self::Lan, Self::Wan, Self::Local];

    /// The name under which it is chosen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lan => "lan",
            Self::Wan => "wan",
            Self::Local => "local",
        }
    }

    /// The profile with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.name() == name)
    }
}

/// How often each node sends a piece of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sends {
    /// As often as it takes to miss nobody but [one in so many times](Config::one_miss_in).
    Derived,
    /// This often, whatever the size: 1 to 63.
    Times(u32),
    /// For ever, until newer news of the same member takes its place. Profiles of new members, which are an order of
    /// magnitude longer than a claim, are sent as often as is derived. Rounds never end, and a node that pulls asks in each,
    /// as the theory of epidemics has it: for experiments.
    Endless,
}

/// Where the rumors of others begin for a node that joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RumorStart {
    /// With those published from now on. Of an origin that publishes more than 64 before the node first hears of it, with
    /// the last 64 of them: what lies further back is taken for the past, and not reported. Ages are estimated on the way by
    /// half of each round trip: what is up to a gossip interval too old is delivered as well, so that nothing is passed over.
    Now,
    /// With the oldest that somebody still retains.
    Retained,
}

/// Every parameter of the protocol. Defaults are given as `lan / wan / local`.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The time between two probes of one node (SWIM's T). 1 s / 5 s / 500 ms (memberlist: 1 s / 5 s / 1 s).
    /// Raised: first detection takes longer in proportion, quiet traffic falls in proportion.
    pub probe_interval: Duration,
    /// How many members are asked to ping one that does not answer (SWIM's k). 3 (SWIM §4.1). Raised: fewer false
    /// suspicions where single links fail, more datagrams at each failure. Above 10 % loss the second direct ping does
    /// more than further helpers.
    pub helpers: u32,
    /// How often a probe pings its target itself before it accuses: the second time together with the helpers, the third
    /// while their answers are on the way. 1 to 3; 3 (SWIM §4.1: 1). With 1 a helper pings once too. Raised: far fewer
    /// false suspicions where datagrams are lost, one datagram more for each silent member and probe.
    pub direct_pings: u32,
    /// How often helpers are asked before an accusation, the second time others and only where not all of the first have
    /// said that they get no answer either. 1 or 2; 2 (SWIM §4.1: 1). Raised: fewer false suspicions at high loss, which
    /// begin later by the second round.
    pub helper_rounds: u32,
    /// Whether a helper that gets no answer says so, and whether helpers that say nothing count against the asker's own
    /// health. Yes (Lifeguard §III.A). Switched off: fewer datagrams at each failure; a failed probe counts as one thing that
    /// went wrong, and a round of helpers is never known to agree.
    pub helper_nacks: bool,
    /// The shortest wait for an ack. 50 ms / 200 ms / 20 ms: above the pauses of a healthy scheduler. Raised: slower
    /// failure detection on fast links.
    pub ack_floor: Duration,
    /// The wait for an ack from a peer whose round trip is not known yet. 200 ms / 1 s / 50 ms: above the round trips that
    /// the profile is for. Raised: slower detection of peers that die before they were ever heard of.
    pub ack_prior: Duration,
    /// The longest wait for an ack. 500 ms / 3 s / 200 ms (memberlist's fixed time-out: 500 ms / 3 s / 200 ms).
    /// Raised: peers on slow or jittery links are accused less, and later.
    pub ack_ceiling: Duration,
    /// The longest pause of a process that shall not cost it its place: the fixed part of the suspicion time-out, the rest
    /// is twice the spreading time. 1 s / 4 s / 300 ms. Raised: fewer deaths of paused processes, later detection by
    /// as much.
    pub pause_to_forgive: Duration,
    /// Whether whoever does not answer is a suspect before it is dead. Yes (SWIM §4.2). Switched off: a failed probe is a
    /// verdict, and whoever lives learns of it and comes back in its next incarnation. For experiments.
    pub suspect_first: bool,
    /// How many times the derived suspicion time-out a suspicion lasts while nobody confirms it. 3 (Lifeguard's β = 6 with
    /// α = 5 is meant for a time-out that is not derived). Raised: slower detection where nobody confirms.
    pub suspicion_factor: u32,
    /// How many independent confirmations bring a suspicion down to its shortest time. 3 (Lifeguard's K). Raised: slower
    /// and surer.
    pub confirmations: u32,
    /// How many accusers that are up a death needs, where there are four members or more. 0 to 2; 2. Raised: a single member
    /// whose network is at fault kills nobody. From 1 on helpers that got no answer count as accusers, whoever
    /// convicts has asked once more just before and heard of a helper, and a death told by somebody who is suspected or held
    /// dead itself counts as a suspicion. With 0 the timer alone decides, as in SWIM.
    pub accusers: u32,
    /// How many members probe for themselves when they hear of a suspicion, on average and whatever the size. 0: helpers
    /// that got no answer have confirmed it already. Raised: suspicions that few helpers have confirmed are confirmed sooner, by
    /// as many probes more for each.
    pub volunteers: u32,
    /// Whether suspicions, and what refutes them, are passed on at once and told in rounds, as deaths are. No: they go with
    /// pings and acks only. Switched on: all hear of each suspicion sooner, at several datagrams from every member for each.
    pub loud_suspicions: bool,
    /// Whether a suspected member is told so in every datagram that it is sent. Yes (Lifeguard §III.C, the buddy system).
    /// Switched off: it hears of it as everybody does, and refutes later.
    pub buddy: bool,
    /// Whether any authentic datagram of a member is proof that it lives: it ends a probe and puts a verdict off. Yes.
    /// Switched off: only the ack that was asked for ends a probe, and only a refutation a suspicion, as in SWIM.
    pub any_proof: bool,
    /// The ceiling of the local health score. 8 (Lifeguard's S). Raised: a sick node slows down further. 0 switches
    /// local health off.
    pub health_max: u32,
    /// How late the node's own timers may fire before it doubts itself instead of others. 20 ms / 100 ms / 20 ms.
    /// Raised: a starved node convicts others sooner.
    pub lag_tolerance: Duration,
    /// Whether a node whose timers fire late puts its verdicts off by as much, asks anew and thinks less of its own health.
    /// Yes. Switched off: a starved node convicts others for answers that it has not got to read.
    pub lag_grace: bool,
    /// Whether the kernel's "nobody listens on that port" starts an immediate probe. Yes. It is evidence, never a verdict.
    /// Switched off: a process that dies on a living host is found out as slowly as a host that dies.
    pub kernel_evidence: bool,
    /// The time between two gossip rounds while there is news. 100 ms / 500 ms / 50 ms (memberlist: 200 ms / 500 ms /
    /// 100 ms). In quiet there are no rounds at all; where more rumors wait than one round tells they come sooner, as far as the
    /// budgets reach. Raised: slower repair of what the first forwarding missed.
    pub gossip_interval: Duration,
    /// How many distinct peers a round, and the forwarding of news, tells. 4 / 4 / 3. Raised: fewer hops and more copies.
    /// Forwarding once with fanout 4 reaches 98 % of the members.
    pub fanout: u32,
    /// The share of datagrams expected to be lost, in thousandths. 100 / 200 / 20. Raised: more sends of each piece of
    /// news, longer suspicions.
    pub expected_loss_permille: u32,
    /// One in how many pieces of news may miss some member and be left to repair by fingerprints: each is sent
    /// `⌈ln(N · this) / (1 - loss)⌉` times by each node. 1,000. Raised: more copies of everything.
    pub one_miss_in: u32,
    /// How often each node sends each piece of news. Derived, from the size of the cluster and the field above. Raised: more
    /// copies of everything; lowered: more is left to repair. Endless, it is what the theory of epidemics reckons with.
    pub sends: Sends,
    /// When, from a node's start on, its gossip rounds fall due: then and each interval after it, whenever there is news.
    /// None: the first round comes an interval after the news that ends the quiet, which spreads the rounds of many nodes
    /// over the interval by itself. Set, and drawn by each node: half an interval sooner on average. Below `gossip_interval`.
    pub gossip_phase: Option<Duration>,
    /// After this many times ln N tellings and hearings, of N members (at least 100), the news that somebody lives after all makes
    /// no rounds any more and goes on with pings and acks only, for a quarter more tellings than other news; if it was only
    /// suspected it begins at half of that. That somebody was held dead wrongly counts as heard as often as among 100 only; what
    /// this is more among more members each has to tell itself. 2: each is told about as often as it tells, and ln N copies leave
    /// one member without. Raised: the last few hear it sooner, at more datagrams from each who tells. 0: never, and hearing counts
    /// for nothing. Bad news makes rounds as often as it is sent.
    pub quiet_after: u32,
    /// When a node stops telling a rumor of class normal or bulk in rounds; each is told at most as often as a piece of news,
    /// whatever the rule. Blind, counter, 6. What a rule leaves out is repaired by digests. Measured (`bruit sim rumors`): what is
    /// left is decided by the copies told, however one stops; to complain of a copy costs half of one of 64 bytes, so that
    /// feedback leaves as much for more bytes. At 10 % loss all of 1,000 have it within a gossip interval of the longest rules, which
    /// with 4 they do not. Raised: fewer are left to repair, at more payloads sent.
    pub rumor_rule: Rule,
    /// Whether nodes tell each other in rounds which rumors they have, and ask for what they miss. Yes. Switched off: what
    /// pushing has missed stays missed. For experiments.
    pub rumor_digests: bool,
    /// How long a rumor can be had again. 60 s / 5 min / 30 s. What is missing for longer is reported as lost. Raised: who
    /// was away for longer is caught up exactly, as far as [`Limits::rumors`](crate::Limits::rumors) and
    /// [`Limits::rumor_bytes`](crate::Limits::rumor_bytes) reach.
    pub rumor_retention: Duration,
    /// Where the rumors of others begin for a node that joins. Now.
    pub rumor_start: RumorStart,
    /// How long the removal of a key is remembered as such. 10 min / 1 h / 1 min. Whoever was away for longer is shown all that is
    /// left of the owner, and what is not there was removed: nothing comes back. Raised: removals take places of keys for
    /// longer, and fewer owners are looked at as a whole after a partition.
    pub tombstone_retention: Duration,
    /// Whether a node tells by itself what is new in the state, asks for it, or both (Demers et al., PODC 1987 §1.3). Push-pull.
    ///
    /// - *Push*: its rounds tell what is new, what is urgent it passes on at once, and where it differs from somebody it sends what
    ///   it holds more. It asks for nothing but what lies in front of a page that it was told.
    /// - *Pull*: it tells nothing by itself: what is new goes with its answers to whoever pings it. Once it differs from somebody its
    ///   rounds ask `fanout` members, each of which answers with what is new there, until it is in step with one of them; and it asks
    ///   for what it lacks. Nothing leaves it unasked; but a change of its own waits for a ping, or until fingerprints count it, urgent or
    ///   not, and what nobody has asked for when it leaves or dies goes with it.
    /// - *Push-pull*: both, but that its rounds tell and need not ask.
    ///
    /// Everybody answers and takes what it is told, whatever its mode. By their modes alone two that push would do (each sends what it
    /// holds more when it compares), and two that pull; but one that pushes could lack for ever what only those hold who pull: it
    /// would not ask, they not tell. There whichever of the two compares asks, or sends, all the same. So what anybody holds comes to all,
    /// in any mixture. Members and rumors are told and asked for in every mode: all telling rests on who is a member.
    pub state_mode: Mode,
    /// Datagrams a second that are made for nothing but claims, whether passed on or in rounds, beyond a burst of four times
    /// the fanout. 5 / 2 / 10: measured under lasting churn, fewer datagrams than SWIM makes. Raised: where many fail at once
    /// all hear of the last of them sooner, at as many datagrams more from every member; the first few are not held back by
    /// it, nor are departures, new lives, and that somebody was held dead wrongly. When ten of 100 fall silent at once all know
    /// of the last of them after 6.5 s (`lan`, median of 40): 3.9 s until it is suspected, 1.6 s of suspicion, 1.1 s that the
    /// news of ten verdicts is held back here; at 20 a second after 5.7 s, at 80 after 5.3 s.
    pub claims_per_second: u32,
    /// Datagrams a second that forwarding of news may cost, beside the rounds. 400 / 200 / 400.
    /// Raised: larger storms of news are passed on at once and not by rounds. 0 leaves everything to the rounds.
    pub eager_per_second: u32,
    /// Datagrams a second for answers to those who are not members: cookies, pages, requests to introduce oneself.
    /// 4,000 / 1,000 / 8,000. Raised: larger join storms are served at once; more work for a flood of strangers.
    pub strangers_per_second: u32,
    /// Datagrams a second for repair: bucket sums, listings, profiles asked for. 200 / 50 / 200. Raised: faster repair after
    /// partitions, at more traffic.
    pub repair_per_second: u32,
    /// The hard cap on datagrams a second for everything but probes, their answers and farewells. 10,000 / 2,000 / 20,000.
    /// Chosen: a tenth of what a core can send. Raised: storms are over sooner and take more of the link.
    pub datagrams_per_second: u32,
    /// The hard cap on bytes a second for the same. 8 MB / 1 MB / 16 MB. Chosen: less than
    /// a tenth of a link of 1 Gb/s, 100 Mb/s and loopback. Raised: as above.
    pub bytes_per_second: u32,
    /// How long a dead or departed member is kept in the table, and told what is said of it. 10 min / 1 h / 1 min.
    /// Raised: more places taken by the dead. Its address and number are remembered for longer, in the address book.
    pub down_retention: Duration,
    /// The time between two attempts at one of the dead, the forgotten or the seeds, in turn. 2 s / 10 s / 1 s. For
    /// ever (R17). Raised: slower healing of partitions, one datagram less per that time.
    pub revive_interval: Duration,
    /// The time between two hellos of a joining node to a seed that does not answer; doubles up to 50 times this.
    /// 100 ms / 500 ms / 50 ms. Raised: slower joining where the first hello is lost, less traffic from those who wait.
    pub hello_interval: Duration,
    /// How long a joining node whose seeds do not all answer waits before it founds a cluster together with others that are
    /// joining too. It never founds one alone while it has seeds. 2 s / 10 s / 500 ms.
    /// Raised: a cold start with a dead seed takes longer, and is less likely to found twice.
    pub cold_start_wait: Duration,
    /// How long a joining node asks at the address where its name was last seen alive, before it takes the name over.
    /// 500 ms / 3 s / 200 ms: the longest wait for an ack. Raised: a restart on another address is visible later.
    pub conflict_wait: Duration,
    /// The largest datagram, in bytes of UDP payload. 1,200. Raised: fewer, larger datagrams for news in bulk; each is lost
    /// whole where the path is narrower.
    pub max_datagram: u32,
}

impl Config {
    /// The parameters of a profile.
    #[must_use]
    pub const fn new(profile: Profile) -> Self {
        match profile {
            Profile::Lan => Self::lan(),
            Profile::Wan => Self::wan(),
            Profile::Local => Self::local(),
        }
    }

    const fn lan() -> Self {
        Self {
            probe_interval: Duration::from_secs(1),
            helpers: 3,
            direct_pings: 3,
            helper_rounds: 2,
            helper_nacks: true,
            ack_floor: Duration::from_millis(50),
            ack_prior: Duration::from_millis(200),
            ack_ceiling: Duration::from_millis(500),
            pause_to_forgive: Duration::from_secs(1),
            suspect_first: true,
            suspicion_factor: 3,
            confirmations: 3,
            accusers: 2,
            volunteers: 0,
            loud_suspicions: false,
            buddy: true,
            any_proof: true,
            health_max: 8,
            lag_tolerance: Duration::from_millis(20),
            lag_grace: true,
            kernel_evidence: true,
            gossip_interval: Duration::from_millis(100),
            fanout: 4,
            expected_loss_permille: 100,
            one_miss_in: 1_000,
            sends: Sends::Derived,
            gossip_phase: None,
            quiet_after: 2,
            rumor_rule: Rule { feedback: false, coin: false, k: 6 },
            rumor_digests: true,
            rumor_retention: Duration::from_secs(60),
            rumor_start: RumorStart::Now,
            tombstone_retention: Duration::from_secs(600),
            state_mode: Mode::PushPull,
            claims_per_second: 5,
            eager_per_second: 400,
            strangers_per_second: 4_000,
            repair_per_second: 200,
            datagrams_per_second: 10_000,
            bytes_per_second: 8_000_000,
            down_retention: Duration::from_secs(600),
            revive_interval: Duration::from_secs(2),
            hello_interval: Duration::from_millis(100),
            cold_start_wait: Duration::from_secs(2),
            conflict_wait: Duration::from_millis(500),
            max_datagram: MIN_MAX_DATAGRAM as u32,
        }
    }

    const fn wan() -> Self {
        Self {
            probe_interval: Duration::from_secs(5),
            ack_floor: Duration::from_millis(200),
            ack_prior: Duration::from_secs(1),
            ack_ceiling: Duration::from_secs(3),
            pause_to_forgive: Duration::from_secs(4),
            lag_tolerance: Duration::from_millis(100),
            gossip_interval: Duration::from_millis(500),
            expected_loss_permille: 200,
            claims_per_second: 2,
            eager_per_second: 200,
            strangers_per_second: 1_000,
            repair_per_second: 50,
            datagrams_per_second: 2_000,
            bytes_per_second: 1_000_000,
            down_retention: Duration::from_secs(3_600),
            revive_interval: Duration::from_secs(10),
            hello_interval: Duration::from_millis(500),
            cold_start_wait: Duration::from_secs(10),
            conflict_wait: Duration::from_secs(3),
            rumor_retention: Duration::from_secs(300),
            tombstone_retention: Duration::from_secs(3_600),
            ..Self::lan()
        }
    }

    const fn local() -> Self {
        Self {
            probe_interval: Duration::from_millis(500),
            ack_floor: Duration::from_millis(20),
            ack_prior: Duration::from_millis(50),
            ack_ceiling: Duration::from_millis(200),
            pause_to_forgive: Duration::from_millis(300),
            gossip_interval: Duration::from_millis(50),
            fanout: 3,
            expected_loss_permille: 20,
            rumor_retention: Duration::from_secs(30),
            tombstone_retention: Duration::from_secs(60),
            claims_per_second: 10,
            strangers_per_second: 8_000,
            datagrams_per_second: 20_000,
            bytes_per_second: 16_000_000,
            down_retention: Duration::from_secs(60),
            revive_interval: Duration::from_secs(1),
            hello_interval: Duration::from_millis(50),
            cold_start_wait: Duration::from_millis(500),
            conflict_wait: Duration::from_millis(200),
            ..Self::lan()
        }
    }
}

impl Default for Config {
    /// The `lan` profile.
    fn default() -> Self {
        Self::new(Profile::Lan)
    }
}
