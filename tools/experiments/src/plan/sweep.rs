//! What does it buy? One input over a range, a row of figures for each value.

use bruit::plan::{Milestone, PlanError};
use bruit_terminal::output::{Paint, Table, three_digits};
use libm::log10;
use serde::Serialize;

use super::demand::seconds;
use super::document::{InputsDoc, PlanDoc};
use super::figures::Figures;
use super::inputs::{Demands, Inputs, Timing};
use super::text::{rounds, small, time};

/// Values that one sweep looks at, at most.
const VALUES_MAX: usize = 64;
/// Steps of a range of shares.
const SHARE_STEPS: u32 = 6;

/// What can be swept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Nodes,
    Fanout,
    Loss,
    Dead,
    Interval,
}

impl Key {
    const ALL: [Self; 5] = [Self::Nodes, Self::Fanout, Self::Loss, Self::Dead, Self::Interval];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nodes => "nodes",
            Self::Fanout => "fanout",
            Self::Loss => "loss",
            Self::Dead => "dead",
            Self::Interval => "interval",
        }
    }

    /// Whether its values are apart by factors rather than by steps.
    pub const fn is_geometric(self) -> bool {
        match self {
            Self::Nodes | Self::Interval => true,
            Self::Fanout | Self::Loss | Self::Dead => false,
        }
    }

    fn value(self, text: &str) -> Result<f64, String> {
        match self {
            Self::Interval => {
                humantime::parse_duration(text).map(|d| d.as_secs_f64()).map_err(|e| format!("`{text}`: {e}"))
            }
            Self::Nodes | Self::Fanout => {
                text.parse::<u32>().map(f64::from).map_err(|_| format!("`{text}` is no whole number"))
            }
            Self::Loss | Self::Dead => {
                text.parse::<f64>().ok().filter(|x| x.is_finite()).ok_or_else(|| format!("`{text}` is no number"))
            }
        }
    }

    /// As people read it.
    fn show(self, value: f64) -> String {
        match self {
            Self::Nodes | Self::Fanout => format!("{value:.0}"),
            Self::Loss | Self::Dead => three_digits(value),
            Self::Interval => seconds(value),
        }
    }

    /// The values from one to another: each whole number, steps of a share, or 1, 2, 5, 10, ...
    fn between(self, low: f64, high: f64) -> Vec<f64> {
        match self {
            Self::Fanout => (low as u32..=high as u32).map(f64::from).collect(),
            Self::Loss | Self::Dead => {
                let step = (high - low) / f64::from(SHARE_STEPS);
                (0..=SHARE_STEPS).map(|i| ((low + f64::from(i) * step) * 1e9).round() / 1e9).collect()
            }
            Self::Nodes | Self::Interval => {
                let decades = log10(low).floor() as i32..=log10(high).ceil() as i32;
                let round = decades.flat_map(|d| [1.0, 2.0, 5.0].map(|x| x * 10_f64.powi(d)));
                let inside = round.filter(|x| *x > low * 1.000_001 && *x < high * 0.999_999);
                [low].into_iter().chain(inside).chain([high]).collect()
            }
        }
    }
}

/// One input over a range.
#[derive(Clone, Debug)]
pub struct Sweep {
    pub key: Key,
    pub values: Vec<f64>,
}

/// Reads `fanout=2..10` or `loss=0,0.1,0.3`.
pub fn sweep(text: &str) -> Result<Sweep, String> {
    let names = || Key::ALL.map(Key::name).join(", ");
    let (name, values) = text
        .split_once('=')
        .ok_or_else(|| format!("KEY=FROM..TO or KEY=A,B,C is expected; KEY is one of {}", names()))?;
    let key = Key::ALL.into_iter().find(|k| k.name() == name);
    let key = key.ok_or_else(|| format!("`{name}` cannot be swept; {} can", names()))?;
    let values = match values.split_once("..") {
        Some((low, high)) => {
            let (low, high) = (key.value(low)?, key.value(high.trim_start_matches('='))?);
            if low >= high || (key.is_geometric() && low <= 0.0) {
                return Err(format!("the range `{values}` is empty; it goes from the lower to the higher"));
            }
            if high - low > f64::from(u16::MAX) && !key.is_geometric() {
                return Err(format!(
                    "the range `{values}` has too many values; name up to {VALUES_MAX}, separated by commas"
                ));
            }
            key.between(low, high)
        }
        None => values.split(',').map(|v| key.value(v)).collect::<Result<_, _>>()?,
    };
    if values.len() > VALUES_MAX {
        return Err(format!("{} values are too many; name up to {VALUES_MAX}, separated by commas", values.len()));
    }
    Ok(Sweep { key, values })
}

/// What one value leads to.
#[derive(Debug)]
pub struct Row {
    pub value: f64,
    pub figures: Figures,
}

impl Sweep {
    /// Works out every value.
    pub fn run(&self, inputs: &Inputs) -> Result<Vec<Row>, PlanError> {
        let row = |value: &f64| Ok(Row { value: *value, figures: Figures::of(&self.with(inputs, *value))? });
        self.values.iter().map(row).collect()
    }

    fn with(&self, inputs: &Inputs, value: f64) -> Inputs {
        let mut inputs = inputs.clone();
        match self.key {
            Key::Nodes => inputs.nodes = value as u32,
            Key::Fanout => inputs.fanout = Some(value as u32),
            Key::Loss => inputs.loss = value,
            Key::Dead => inputs.dead = value,
            Key::Interval => inputs.interval = Some(std::time::Duration::from_secs_f64(value).into()),
        }
        inputs
    }

    /// A table with a row for each value.
    pub fn table(&self, timing: Timing, rows: &[Row], paint: Paint) -> String {
        let unit = match timing {
            Timing::Rounds => [">rounds to 99 %, p50", ">p99", ">to all, p50", ">p99"],
            Timing::Event => [">intervals to 99 %, p50", ">p99", ">to all, p50", ">p99"],
        };
        let [most, most_late, all, all_late] = unit;
        let key = match self.key {
            Key::Nodes => ">nodes",
            Key::Fanout => ">fanout",
            Key::Loss => ">loss",
            Key::Dead => ">dead",
            Key::Interval => ">interval",
        };
        let mut table = Table::new(&[
            key,
            most,
            most_late,
            all,
            all_late,
            ">time to all, p99",
            ">crash known to all, p99",
            ">false suspicions/h",
            ">B/s per node in quiet",
            ">with news",
            ">B for a piece",
        ]);
        for Row { value, figures } in rows {
            let [most, _, all] = figures.spread.rounds;
            table.row([
                self.key.show(*value).into(),
                rounds(most.p50, timing).into(),
                rounds(most.p99, timing).into(),
                rounds(all.p50, timing).into(),
                rounds(all.p99, timing).into(),
                time(figures.spread.seconds[2].p99).into(),
                seconds(figures.detection.quantile(Milestone::Known, 0.99)).into(),
                small(figures.detection.false_suspicions_per_hour()).into(),
                three_digits(figures.rates.quiet.bytes).into(),
                three_digits(figures.busy().bytes).into(),
                three_digits(figures.rates.piece.bytes).into(),
            ]);
        }
        table.render(paint)
    }

    /// The document.
    pub fn document(&self, inputs: &Inputs, demands: &Demands, rows: &[Row]) -> impl Serialize {
        let row = |row: &Row| RowDoc {
            value: row.value,
            inputs: InputsDoc::new(&self.with(inputs, row.value), demands, &row.figures),
            plan: PlanDoc::new(inputs.timing, &row.figures),
        };
        SweepDoc { schema: 1, sweep: self.key.name(), rows: rows.iter().map(row).collect() }
    }
}

#[derive(Serialize)]
struct SweepDoc {
    schema: u32,
    sweep: &'static str,
    rows: Vec<RowDoc>,
}

#[derive(Serialize)]
struct RowDoc {
    /// In seconds where it is a time.
    value: f64,
    inputs: InputsDoc,
    #[serde(flatten)]
    plan: PlanDoc,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_lists_are_read() {
        let values = |text: &str| sweep(text).map(|s| s.values);
        assert_eq!(values("fanout=2..5"), Ok(vec![2.0, 3.0, 4.0, 5.0]));
        assert_eq!(values("loss=0..0.3"), Ok(vec![0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3]));
        assert_eq!(values("nodes=10..1000"), Ok(vec![10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0]));
        assert_eq!(values("interval=100ms,1s"), Ok(vec![0.1, 1.0]));
    }

    #[test]
    fn what_cannot_be_swept_is_refused_with_what_can() {
        let cases = [
            ("fanout", "KEY=FROM..TO or KEY=A,B,C is expected; KEY is one of nodes, fanout, loss, dead, interval"),
            ("colour=1..2", "`colour` cannot be swept; nodes, fanout, loss, dead, interval can"),
            ("fanout=5..2", "the range `5..2` is empty; it goes from the lower to the higher"),
            ("fanout=x", "`x` is no whole number"),
            ("fanout=1..1000", "1000 values are too many; name up to 64, separated by commas"),
            (
                "fanout=1..4000000000",
                "the range `1..4000000000` has too many values; name up to 64, separated by commas",
            ),
        ];
        for (text, said) in cases {
            assert_eq!(sweep(text).expect_err(said), said);
        }
    }
}
