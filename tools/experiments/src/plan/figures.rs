//! What follows from the inputs? Everything that is printed, as numbers.

use bruit::plan::cost::{self, Fragmented, Pages, Rates, Traffic};
use bruit::plan::{Coverage, Detection, EventTime, GOALS, Mode, Model, PlanError, Rounds, Scenario, Watch};

use super::inputs::{Inputs, Timing};

/// Coverage is told at so many rounds or intervals at most: of a longer spread at every second, third and so on.
const ROUNDS_SHOWN: usize = 60;
/// Moments of an interval at which it is told in event time, where that is not too many.
const QUARTERS: usize = 4;

/// How long something takes: rounds (or intervals), or seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Times {
    pub mean: Option<f64>,
    pub p50: Option<f64>,
    pub p99: Option<f64>,
}

impl Times {
    fn times(self, by: f64) -> Self {
        let scaled = |x: Option<f64>| x.map(|x| x * by);
        Self { mean: scaled(self.mean), p50: scaled(self.p50), p99: scaled(self.p99) }
    }
}

/// How news spreads.
#[derive(Debug)]
pub struct Spread {
    /// At each round, or at each quarter of an interval, or as evenly spaced as there may be, until all are as good as sure to know.
    pub coverage: Vec<(f64, Coverage)>,
    /// For each of [`GOALS`], in rounds or intervals.
    pub rounds: [Times; 3],
    /// The same in seconds.
    pub seconds: [Times; 3],
    /// In event time: the informed grow by e to this power an interval.
    pub growth: Option<f64>,
}

/// Everything.
#[derive(Debug)]
pub struct Figures {
    pub spread: Spread,
    pub detection: Detection,
    pub rates: Rates,
    pub repair: Traffic,
    pub members: u32,
    /// A piece of news that rides on pings and acks only: seconds until 99 % know, at the median. `None` where hardly any arrives.
    pub piggyback_s: Option<f64>,
    /// The payload in one datagram; `None` above what UDP takes.
    pub whole: Option<Fragmented>,
    /// The payload in datagrams that each stand alone.
    pub pages: Pages,
    pub memory_bytes: u64,
}

impl Figures {
    /// Works everything out.
    pub fn of(inputs: &Inputs) -> Result<Self, PlanError> {
        let model = inputs.model()?;
        Self::with(inputs, &model, inputs.watch(&model))
    }

    /// The same with another way to watch.
    pub fn with(inputs: &Inputs, model: &Model, watch: Watch) -> Result<Self, PlanError> {
        let max_datagram = watch.config.max_datagram;
        let detection = Detection::of(watch)?;
        let piggyback_s = piggyback_only(detection.watch()).ok();
        Ok(Self {
            spread: spread(inputs, model)?,
            rates: Rates::of(model, &detection, inputs.interval().into(), inputs.payload, inputs.news_per_second),
            repair: cost::one_repair(model.living(), max_datagram),
            members: model.living(),
            piggyback_s,
            whole: Fragmented::of(inputs.payload, inputs.mtu, inputs.loss).ok(),
            pages: Pages::of(inputs.payload, max_datagram),
            memory_bytes: cost::memory_bytes(&detection),
            detection,
        })
    }

    /// What each node sends in a second on average.
    pub fn traffic(&self) -> Traffic {
        self.rates.quiet.plus(self.rates.news)
    }

    /// What each node sends in a second in which there is news to tell.
    pub fn busy(&self) -> Traffic {
        self.rates.quiet.plus(self.rates.rounds)
    }
}

fn spread(inputs: &Inputs, model: &Model) -> Result<Spread, PlanError> {
    match inputs.timing {
        Timing::Rounds => Ok(in_rounds(model, inputs.interval_s())),
        Timing::Event => in_event_time(model, inputs.interval_s(), inputs.latency().as_secs_f64()),
    }
}

fn in_rounds(model: &Model, interval_s: f64) -> Spread {
    let worked_out = Rounds::of(model);
    let rounds = worked_out.arrivals.each_ref().map(|arrival| Times {
        mean: arrival.mean(),
        p50: arrival.quantile(0.5).map(f64::from),
        p99: arrival.quantile(0.99).map(f64::from),
    });
    let course = worked_out.coverage;
    let last = rounds[2].p99.map_or(course.len() - 1, |last| (last as usize).min(course.len() - 1));
    let shown = (0..last).step_by(stride(last)).chain([last]);
    let coverage = shown.map(|round| (round as f64, course[round])).collect();
    Spread { coverage, rounds, seconds: rounds.map(|times| times.times(interval_s)), growth: None }
}

fn in_event_time(model: &Model, interval_s: f64, latency_s: f64) -> Result<Spread, PlanError> {
    let event = EventTime::of(model, latency_s / interval_s)?;
    let rounds = [0, 1, 2].map(|goal| Times {
        mean: Some(event.mean(goal)),
        p50: Some(event.quantile(goal, 0.5)),
        p99: Some(event.quantile(goal, 0.99)),
    });
    let last = event.quantile(GOALS.len() - 1, 0.99).ceil() as usize;
    let step = match stride(last) {
        1 => 1.0 / QUARTERS as f64,
        intervals => intervals as f64,
    };
    let moments = (0..).map(|n| f64::from(n) * step).take_while(|time| *time < last as f64).chain([last as f64]);
    let coverage = moments.map(|time| (time, event.coverage(time))).collect();
    Ok(Spread { coverage, rounds, seconds: rounds.map(|times| times.times(interval_s)), growth: Some(event.growth()) })
}

/// Every how many rounds coverage is told of a spread that takes so many.
const fn stride(last: usize) -> usize {
    last.div_ceil(ROUNDS_SHOWN).saturating_sub(1) + 1
}

/// A ping brings news from who knows, its ack from who is asked: push-pull to one peer, at each node's own moment.
fn piggyback_only(watch: &Watch) -> Result<f64, PlanError> {
    let scenario = Scenario { nodes: watch.members, mode: Mode::PushPull, fanout: 1, loss: watch.loss, dead: 0.0 };
    let interval = watch.config.probe_interval.as_secs_f64();
    let latency = (watch.round_trip.as_secs_f64() / 2.0 / interval).min(bruit::plan::LATENCY_MAX);
    Ok(EventTime::of(&Model::try_from(scenario)?, latency)?.quantile(0, 0.5) * interval)
}
