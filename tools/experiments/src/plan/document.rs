//! What do scripts read? The document of `bruit plan --json`.

use bruit::plan::cost::Traffic;
use bruit::plan::{Answer, Binding, Coverage, Milestone};
use serde::Serialize;

use super::figures::{Figures, Times};
use super::inputs::{Demands, Inputs, Timing};

/// One plan.
#[derive(Debug, Serialize)]
pub struct Document {
    schema: u32,
    inputs: InputsDoc,
    #[serde(flatten)]
    plan: PlanDoc,
    recommended: Option<Recommended>,
    /// What decides a demand; null without one, or where nothing does.
    binding: Option<&'static str>,
}

impl Document {
    /// Of a plan, and of what a demand has led to.
    pub fn new(inputs: &Inputs, demands: &Demands, figures: &Figures, answer: Option<&Answer>) -> Self {
        Self {
            schema: 1,
            inputs: InputsDoc::new(inputs, demands, figures),
            plan: PlanDoc::new(inputs.timing, figures),
            recommended: answer.map(Recommended::new),
            binding: answer.and_then(|a| a.binding.name()),
        }
    }
}

#[derive(Debug, Serialize)]
pub struct InputsDoc {
    nodes: u32,
    mode: &'static str,
    fanout: u32,
    interval_s: f64,
    loss: f64,
    dead: f64,
    timing: &'static str,
    latency_s: f64,
    payload_bytes: u32,
    news_per_s: f64,
    mtu: u32,
    profile: &'static str,
    probe_interval_s: f64,
    helpers: u32,
    pause_to_forgive_s: f64,
    detect_within_s: Option<f64>,
    know_within_s: Option<f64>,
    confidence: Option<f64>,
    coverage: Option<f64>,
    until: Option<&'static str>,
    max_bytes_per_node_s: Option<u32>,
    max_false_positives_per_node_hour: Option<f64>,
}

impl InputsDoc {
    /// All of them, resolved.
    pub fn new(inputs: &Inputs, demands: &Demands, figures: &Figures) -> Self {
        let config = &figures.detection.watch().config;
        let asked = demands.demand();
        Self {
            nodes: inputs.nodes,
            mode: inputs.mode.name(),
            fanout: inputs.fanout(),
            interval_s: inputs.interval_s(),
            loss: inputs.loss,
            dead: inputs.dead,
            timing: inputs.timing.name(),
            latency_s: inputs.latency().as_secs_f64(),
            payload_bytes: inputs.payload,
            news_per_s: inputs.news_per_second,
            mtu: inputs.mtu,
            profile: inputs.profile.name(),
            probe_interval_s: config.probe_interval.as_secs_f64(),
            helpers: config.helpers,
            pause_to_forgive_s: config.pause_to_forgive.as_secs_f64(),
            detect_within_s: demands.detect_within.map(|t| t.as_secs_f64()),
            know_within_s: demands.know_within.map(|t| t.as_secs_f64()),
            confidence: asked.map(|d| d.confidence),
            coverage: asked.map(|d| d.coverage),
            until: demands.detect_within.map(|_| demands.until.name()),
            max_bytes_per_node_s: demands.max_bytes_per_node,
            max_false_positives_per_node_hour: asked.and_then(|d| d.false_positives_max),
        }
    }
}

/// The figures of one plan: also a row of a sweep.
#[derive(Debug, Serialize)]
pub struct PlanDoc {
    spread: SpreadDoc,
    detect: DetectDoc,
    false_positives_per_node_hour: f64,
    bytes_per_node_s: f64,
    bytes_cluster_s: f64,
    datagrams_per_node_s: f64,
    memory_bytes: u64,
    traffic: TrafficDoc,
    dissemination: Dissemination,
    payload: PayloadDoc,
}

impl PlanDoc {
    /// Of the figures.
    pub fn new(timing: Timing, figures: &Figures) -> Self {
        let traffic = figures.traffic();
        Self {
            spread: SpreadDoc::new(timing, figures),
            detect: DetectDoc::new(figures),
            false_positives_per_node_hour: figures.detection.false_suspicions_per_hour(),
            bytes_per_node_s: traffic.bytes,
            bytes_cluster_s: traffic.bytes * f64::from(figures.members),
            datagrams_per_node_s: traffic.datagrams,
            memory_bytes: figures.memory_bytes,
            traffic: TrafficDoc {
                quiet: figures.rates.quiet.into(),
                rounds: figures.rates.rounds.into(),
                news: figures.rates.news.into(),
                piece: PieceDoc {
                    datagrams_per_node: figures.rates.piece.datagrams,
                    bytes_per_node: figures.rates.piece.bytes,
                },
                repair_in_step_bytes: 0,
                repair_of_one_difference_bytes: figures.repair.bytes,
            },
            dissemination: Dissemination {
                sends_per_node: figures.detection.sends(),
                misses_somebody: figures.detection.misses_somebody(),
                piggyback_only_99_s: figures.piggyback_s,
            },
            payload: PayloadDoc::new(figures),
        }
    }
}

#[derive(Debug, Serialize)]
struct SpreadDoc {
    timing: &'static str,
    rounds: Goals,
    seconds: Goals,
    growth_per_interval: Option<f64>,
    coverage: Vec<CoverageDoc>,
}

impl SpreadDoc {
    fn new(timing: Timing, figures: &Figures) -> Self {
        let spread = &figures.spread;
        let coverage = |(round, c): &(f64, Coverage)| CoverageDoc { round: *round, mean: c.mean, p5: c.p5, p95: c.p95 };
        Self {
            timing: timing.name(),
            rounds: Goals::new(spread.rounds),
            seconds: Goals::new(spread.seconds),
            growth_per_interval: spread.growth,
            coverage: spread.coverage.iter().map(coverage).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
struct Goals {
    #[serde(rename = "0.99")]
    most: TimesDoc,
    #[serde(rename = "0.999")]
    nearly_all: TimesDoc,
    #[serde(rename = "1")]
    all: TimesDoc,
}

impl Goals {
    fn new([most, nearly_all, all]: [Times; 3]) -> Self {
        Self { most: most.into(), nearly_all: nearly_all.into(), all: all.into() }
    }
}

#[derive(Debug, Serialize)]
struct TimesDoc {
    p50: Option<f64>,
    p99: Option<f64>,
    mean: Option<f64>,
}

impl From<Times> for TimesDoc {
    fn from(times: Times) -> Self {
        Self { p50: times.p50, p99: times.p99, mean: times.mean }
    }
}

#[derive(Debug, Serialize)]
struct CoverageDoc {
    round: f64,
    mean: f64,
    p5: f64,
    p95: f64,
}

#[derive(Debug, Serialize)]
struct Quantiles {
    p50: f64,
    p99: f64,
}

#[derive(Debug, Serialize)]
struct DetectDoc {
    first_s: Quantiles,
    dead_s: Quantiles,
    all_know_s: Quantiles,
    suspicion_min_s: f64,
}

impl DetectDoc {
    fn new(figures: &Figures) -> Self {
        let detection = &figures.detection;
        let quantiles = |m| Quantiles { p50: detection.quantile(m, 0.5), p99: detection.quantile(m, 0.99) };
        Self {
            first_s: quantiles(Milestone::Suspected),
            dead_s: quantiles(Milestone::Dead),
            all_know_s: quantiles(Milestone::Known),
            suspicion_min_s: detection.suspicion_min(),
        }
    }
}

#[derive(Debug, Serialize)]
struct TrafficDoc {
    quiet: PerNode,
    /// Beside that while there is news to tell.
    rounds: PerNode,
    /// On average, for as much news as there is.
    news: PerNode,
    /// One piece of news, in all.
    piece: PieceDoc,
    repair_in_step_bytes: u32,
    repair_of_one_difference_bytes: f64,
}

#[derive(Debug, Serialize)]
struct PieceDoc {
    datagrams_per_node: f64,
    bytes_per_node: f64,
}

#[derive(Debug, Serialize)]
struct PerNode {
    datagrams_per_node_s: f64,
    bytes_per_node_s: f64,
}

impl From<Traffic> for PerNode {
    fn from(t: Traffic) -> Self {
        Self { datagrams_per_node_s: t.datagrams, bytes_per_node_s: t.bytes }
    }
}

#[derive(Debug, Serialize)]
struct Dissemination {
    sends_per_node: u32,
    misses_somebody: f64,
    /// Null where hardly any datagram arrives.
    piggyback_only_99_s: Option<f64>,
}

#[derive(Debug, Serialize)]
struct PayloadDoc {
    whole: Option<WholeDoc>,
    pages: u32,
    pages_bytes: f64,
}

#[derive(Debug, Serialize)]
struct WholeDoc {
    fragments: u32,
    lost: f64,
    bytes_on_wire: u32,
}

impl PayloadDoc {
    fn new(figures: &Figures) -> Self {
        let whole = figures.whole.map(|w| WholeDoc { fragments: w.fragments, lost: w.lost, bytes_on_wire: w.bytes });
        Self { whole, pages: figures.pages.datagrams, pages_bytes: figures.pages.bytes() }
    }
}

/// The parameters that a demand has led to: those that meet it, or the nearest.
#[derive(Debug, Serialize)]
struct Recommended {
    met: bool,
    probe_interval_s: f64,
    gossip_interval_s: f64,
    fanout: u32,
    helpers: u32,
    pause_to_forgive_s: f64,
    ack_ceiling_s: f64,
    /// When a failure is noticed as it was asked for.
    reached_s: Option<f64>,
    /// When news is known.
    known_s: Option<f64>,
    bytes_per_node_s: f64,
    quiet_bytes_per_node_s: f64,
    busy_bytes_per_node_s: f64,
    false_positives_per_node_hour: f64,
    /// Where nothing but the pauses is in the way: the longest with which the demand would be met.
    pause_to_forgive_max_s: Option<f64>,
}

impl Recommended {
    fn new(answer: &Answer) -> Self {
        let config = &answer.watch.config;
        Self {
            met: answer.met,
            probe_interval_s: config.probe_interval.as_secs_f64(),
            gossip_interval_s: config.gossip_interval.as_secs_f64(),
            fanout: config.fanout,
            helpers: config.helpers,
            pause_to_forgive_s: config.pause_to_forgive.as_secs_f64(),
            ack_ceiling_s: config.ack_ceiling.as_secs_f64(),
            reached_s: answer.detected,
            known_s: answer.known,
            bytes_per_node_s: answer.traffic().bytes,
            quiet_bytes_per_node_s: answer.quiet.bytes,
            busy_bytes_per_node_s: answer.busy().bytes,
            false_positives_per_node_hour: answer.false_positives,
            pause_to_forgive_max_s: match answer.binding {
                Binding::PauseToForgive(pause) => pause.map(|pause| pause.as_secs_f64()),
                Binding::DetectWithin
                | Binding::KnowWithin
                | Binding::Bytes
                | Binding::FalsePositives
                | Binding::Nothing => None,
            },
        }
    }
}
