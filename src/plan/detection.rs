//! How long until a host that falls silent is suspected, dead, and known dead by all? SWIM as this crate does it.
//!
//! - *First detection.* Each of the others pings it once in a pass of its shuffled round robin. From a random moment until the
//!   first ping of any of them: exponential with the probe interval as its mean, as soon as there are some dozens (SWIM
//!   §3.1 has e/(e-1) intervals, for intervals that all begin at once). Then one probe must fail: three ack time-outs, or five.
//! - *Death.* The suspicion counts from that first ping. Its time-out is
//!   [`pause_to_forgive`](crate::Config::pause_to_forgive) and twice the spreading time, up to `suspicion_factor` times that
//!   while fewer than `confirmations` others confirm: the helpers of the probe that failed, and everybody's regular probes.
//!   Then the accuser asks once more, and that probe must fail too.
//! - *Everybody*, or the share that is asked for: the [law of the verdict's news](super::verdict_news).
//!
//! A process that dies on a living host is found out sooner, by the kernel's evidence; that is not counted on here.

use core::time::Duration;
use libm::{exp, expm1, log, log1p, pow};

use super::error::{PlanError, within};
use super::gamma::ln_choose;
use super::probe::Probe;
use super::verdict_news;
use crate::config::{Config, Params};
use crate::limits::Limits;
use crate::membership::{Spread, suspicion_timeout};
use crate::node::{DOUBT_FACTOR, DOUBT_FROM};
use crate::time::Span;

/// Into how many equally likely values a law is cut to be added to another.
const ATOMS: u32 = 100;
/// Gaps between two pings by one prober are summed one by one up to so many others.
const SUMMED: u32 = 64;

/// A cluster that watches itself.
#[derive(Clone, Debug)]
pub struct Watch {
    /// Members that live, the one that will fall silent included. 2 to 1,048,576.
    pub members: u32,
    /// The share of datagrams that is lost, 0 to below 1.
    pub loss: f64,
    /// The round trip of a ping.
    pub round_trip: Duration,
    /// How all of them are configured.
    pub config: Config,
}

impl Watch {
    /// How often each member sends a piece of news at most: the piggyback limit.
    #[must_use]
    pub fn sends(&self) -> u32 {
        let c = &self.config;
        let (fanout, interval) = (c.fanout, c.gossip_interval.into());
        Spread { fanout, loss_permille: c.expected_loss_permille, one_miss_in: c.one_miss_in, interval }
            .sends(self.members)
    }
}

/// Something that happens after the silence has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Milestone {
    /// Somebody suspects it.
    Suspected,
    /// Somebody has declared it dead.
    Dead,
    /// Everybody knows, or the share of the living that was [asked for](Detection::among).
    Known,
}

impl Milestone {
    /// Every milestone, in order.
    pub const ALL: [Self; 3] = [Self::Suspected, Self::Dead, Self::Known];

    /// The name under which it is chosen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Suspected => "suspected",
            Self::Dead => "dead",
            Self::Known => "known",
        }
    }
}

/// What comes of the watching. Times are in seconds.
#[derive(Clone, Debug)]
pub struct Detection {
    watch: Watch,
    params: Params,
    probe: Probe,
    /// How long an ack may take.
    ack_timeout: f64,
    /// How many helpers say that they get no answer, where not all are certain to: the chance of each number.
    nacks: Vec<f64>,
    /// From the first ping to the verdict: (time, chance).
    verdict: Vec<(f64, f64)>,
    /// From the verdict until enough know: (time, chance).
    news: Vec<(f64, f64)>,
}

impl Detection {
    /// Works it out.
    ///
    /// # Errors
    /// A value that is out of range, or a configuration that contradicts itself.
    pub fn of(watch: Watch) -> Result<Self, PlanError> {
        Self::among(watch, 1.0)
    }

    /// The same where a death counts as [known](Milestone::Known) once this share of the living knows, above 0 up to 1.
    ///
    /// # Errors
    /// As above.
    pub fn among(watch: Watch, share: f64) -> Result<Self, PlanError> {
        within("the number of living members", f64::from(watch.members), 2.0, f64::from(1 << 20))?;
        within("loss", watch.loss, 0.0, 1.0)?;
        if watch.loss >= 1.0 {
            return Err(PlanError::NoneLeft { field: "loss", got: watch.loss });
        }
        let params = Params::new(&watch.config, &Limits::for_members(watch.members))?;
        let (floor, ceiling) = (watch.config.ack_floor.as_secs_f64(), watch.config.ack_ceiling.as_secs_f64());
        // As learned from a peer whose round trip varies by a fourth of itself.
        let ack_timeout = (2.0 * watch.round_trip.as_secs_f64()).clamp(floor, ceiling);
        let probe = Probe::of(watch.loss, watch.config.helpers);
        let (helpers, heard) = (f64::from(watch.config.helpers), (1.0 - watch.loss).powi(2));
        let nacks = (0..=watch.config.helpers).map(|k| binomial(helpers, heard, f64::from(k))).collect();
        let news = verdict_news::law(&watch, share)?;
        let mut detection = Self { probe, ack_timeout, nacks, verdict: Vec::new(), news, params, watch };
        detection.verdict = detection.verdict_law();
        Ok(detection)
    }

    /// The cluster.
    #[must_use]
    pub const fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Chances of one probe of a member that lives.
    #[must_use]
    pub const fn probe(&self) -> &Probe {
        &self.probe
    }

    /// The parameters, with room for these members.
    #[must_use]
    pub const fn params(&self) -> &Params {
        &self.params
    }

    /// The shortest time from the evidence to the verdict, in seconds.
    #[must_use]
    pub fn suspicion_min(&self) -> f64 {
        seconds(self.shortest_suspicion())
    }

    /// How often each member sends a piece of news at most: the piggyback limit.
    #[must_use]
    pub fn sends(&self) -> u32 {
        self.watch.sends()
    }

    /// The chance that a piece of news, sent so often by everybody, misses somebody and is left to repair.
    #[must_use]
    pub fn misses_somebody(&self) -> f64 {
        let left = f64::from(self.watch.members) * exp(-f64::from(self.sends()) * (1.0 - self.watch.loss));
        -expm1(-left)
    }

    /// Living members accused because of loss, per member and hour. Each refutes; to be declared dead it would have to
    /// be accused by a second one, not to be heard by its accuser for [`suspicion_min`](Self::suspicion_min), and to answer
    /// nothing of its last probe.
    #[must_use]
    pub fn false_suspicions_per_hour(&self) -> f64 {
        self.probe.accuses * 3600.0 / self.watch.config.probe_interval.as_secs_f64()
    }

    /// The time by which a milestone is reached with this chance.
    #[must_use]
    pub fn quantile(&self, milestone: Milestone, chance: f64) -> f64 {
        let mut high = 1.0;
        while self.not_yet(milestone, high) > 1.0 - chance && high < 1e9 {
            high *= 2.0;
        }
        let mut low = 0.0;
        for _ in 0..50 {
            let middle = 0.5 * (low + high);
            if self.not_yet(milestone, middle) > 1.0 - chance { low = middle } else { high = middle }
        }
        high
    }

    /// The chance that a milestone is still to come after so many seconds.
    #[must_use]
    pub fn not_yet(&self, milestone: Milestone, after: f64) -> f64 {
        match milestone {
            Milestone::Suspected => {
                let (quick, slow) =
                    (self.unasked(after - 3.0 * self.ack_timeout), self.unasked(after - 5.0 * self.ack_timeout));
                let each = self.probe.confirms * quick + (1.0 - self.probe.confirms) * slow;
                pow(each, f64::from(self.watch.members - 1))
            }
            Milestone::Dead => {
                let at = after - self.last_question();
                self.verdict.iter().map(|(v, chance)| chance * self.unpinged(at - v)).sum()
            }
            Milestone::Known => {
                self.news.iter().map(|(time, chance)| chance * self.not_yet(Milestone::Dead, after - time)).sum()
            }
        }
    }

    fn spread(&self) -> Spread {
        let p = &self.params;
        Spread {
            fanout: p.fanout as u32,
            loss_permille: p.expected_loss_permille,
            one_miss_in: p.one_miss_in,
            interval: p.gossip_interval,
        }
    }

    fn shortest_suspicion(&self) -> Span {
        self.params.pause_to_forgive + self.spread().time_to_all(self.watch.members) * 2
    }

    /// The chance that nobody has pinged it for so many seconds.
    fn unpinged(&self, seconds: f64) -> f64 {
        pow(self.unasked(seconds), f64::from(self.watch.members - 1))
    }

    /// The chance that one certain member has not.
    fn unasked(&self, seconds: f64) -> f64 {
        residual(self.watch.members - 1, seconds / self.watch.config.probe_interval.as_secs_f64())
    }

    /// By how much the probe that the accuser makes before it convicts delays the verdict on average.
    fn last_question(&self) -> f64 {
        // It is asked three time-outs early, and lasts five where helpers stay silent.
        self.ack_timeout * 2.0 * (1.0 - self.probe.confirms)
    }

    fn verdict_law(&self) -> Vec<(f64, f64)> {
        let (min, max) = (self.suspicion_min(), seconds(self.longest_suspicion()));
        let end = max * f64::from(DOUBT_FACTOR);
        let chance = 1.0 / f64::from(ATOMS);
        let mut law: Vec<(f64, f64)> = Vec::new();
        for i in 0..ATOMS {
            let unlikely = 1.0 - (f64::from(i) + 0.5) * chance;
            // The law only rises: what came before is not looked at again.
            let (mut low, mut high) = (law.last().map_or(min, |(at, _)| *at), end);
            if self.unconvinced(low) <= unlikely {
                high = low;
            }
            while high - low > 1e-6 * end {
                let middle = 0.5 * (low + high);
                if self.unconvinced(middle) > unlikely { low = middle } else { high = middle }
            }
            match law.last_mut() {
                Some((at, all)) if *at == high => *all += chance,
                Some(_) | None => law.push((high, chance)),
            }
        }
        law
    }

    fn longest_suspicion(&self) -> Span {
        self.shortest_suspicion() * self.params.suspicion_factor
    }

    /// The chance that too few have confirmed for a verdict this long after the first ping.
    fn unconvinced(&self, after: f64) -> f64 {
        let needed = self.confirmations_needed(after);
        let missing = |nacks: u32| self.unconfirmed(needed.saturating_sub(nacks), after);
        let some: f64 = (0..).zip(&self.nacks).map(|(nacks, chance)| chance * missing(nacks)).sum();
        self.probe.confirms * missing(self.params.helpers as u32) + (1.0 - self.probe.confirms) * some
    }

    /// The chance that of those who were not asked for help fewer than `needed` have confirmed.
    fn unconfirmed(&self, needed: u32, after: f64) -> f64 {
        if needed == 0 {
            return 0.0;
        }
        // The first accusation, the way there, another probe that fails, and the way back.
        let since = after - 2.0 * (5.0 * self.ack_timeout + verdict_news::hops(&self.watch));
        if since < 0.0 {
            return 1.0;
        }
        let members = f64::from(self.watch.members);
        let others = members - 2.0;
        let volunteers = (f64::from(self.params.volunteers) / members).min(1.0);
        let regular = others / (members - 1.0) * since / self.watch.config.probe_interval.as_secs_f64();
        if volunteers == 0.0 {
            return poisson_below(regular, needed);
        }
        (0..needed).map(|k| binomial(others, volunteers, f64::from(k)) * poisson_below(regular, needed - k)).sum()
    }

    /// How many must have confirmed for a verdict at this time.
    fn confirmations_needed(&self, after: f64) -> u32 {
        let expected = self.params.confirmations.min(self.watch.members - 2);
        let (min, max) = (self.shortest_suspicion(), self.longest_suspicion());
        let enough = |c: &u32| seconds(suspicion_timeout(min, max, *c, expected)) <= after + 1e-9;
        let by_timer = (0..expected).find(enough).unwrap_or(expected);
        let doubtful = self.watch.members >= DOUBT_FROM && after < seconds(max) * f64::from(DOUBT_FACTOR);
        by_timer.max(u32::from(doubtful))
    }
}

fn seconds(span: Span) -> f64 {
    span.as_nanos() as f64 * 1e-9
}

/// The chance that a prober with so many others to probe does not come to a certain one for so many intervals.
///
/// It comes once in each pass of a shuffled round robin: from pass to pass the gap is triangular, 1 to 2·others - 1, and what
/// is left of it from a random moment on is E[(gap - x)⁺] / others.
fn residual(others: u32, intervals: f64) -> f64 {
    let (n, x) = (f64::from(others), intervals);
    if x <= 0.0 {
        return 1.0;
    }
    if others <= SUMMED {
        let gap = |d: i64| (n + d as f64 - x).max(0.0) * (n - d.abs() as f64) / (n * n);
        return (1 - i64::from(others)..i64::from(others)).map(gap).sum::<f64>() / n;
    }
    if x < n { 1.0 - x / n + (x / n).powi(3) / 6.0 } else { (2.0 - x / n).max(0.0).powi(3) / 6.0 }
}

/// The chance of exactly `k` of `n`.
fn binomial(n: f64, p: f64, k: f64) -> f64 {
    if k > n {
        return 0.0;
    }
    if p >= 1.0 {
        return if k == n { 1.0 } else { 0.0 };
    }
    exp(ln_choose(n, k) + k * log(p.max(f64::MIN_POSITIVE)) + (n - k) * log1p(-p))
}

/// The chance that a Poisson number is below `n`.
fn poisson_below(mean: f64, n: u32) -> f64 {
    let mut term = exp(-mean);
    let mut sum = 0.0;
    for k in 0..n {
        sum += term;
        term *= mean / f64::from(k + 1);
    }
    sum
}
