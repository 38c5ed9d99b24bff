//! Where does a value lie, and which values are worth a mark? One axis: a range, linear or by powers of ten, with its ticks.

use libm::{log, log10, pow};

/// The share of a logarithmic axis that a place for 0 takes, where 0 is among its values.
const ZERO_ROOM: f64 = 0.1;
/// How many ticks an axis has room for, at most.
const TICKS: usize = 8;

/// One axis. Both ends are ticks of a linear axis; a logarithmic one ends at its data. Where 0 is among these it has a place of its
/// own at the low end of a logarithmic axis, apart from the power of ten that is next: that nothing happened is a result, and
/// must not look like a missing one.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    low: f64,
    high: f64,
    log: bool,
    zero: bool,
    /// Values are 1/(1 - p), and what stands at a tick is p.
    percentiles: bool,
    ticks: Vec<f64>,
}

impl Axis {
    /// An axis on which all of these values have a place. Values that have none (not finite; negative on a logarithmic
    /// axis) are left out; without any the axis is from 0 (or 1) to 1 (or 10).
    pub fn over(values: impl Iterator<Item = f64>, log: bool) -> Self {
        let mut zero = false;
        let (low, high) = values
            .inspect(|v| zero |= log && *v == 0.0)
            .filter(|v| v.is_finite() && (!log || *v > 0.0))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        match (low <= high, log) {
            (false, false) => Self::linear(0.0, 1.0),
            (false, true) => Self::logarithmic(1.0, 10.0, zero),
            (true, false) => Self::linear(low, high),
            (true, true) => Self::logarithmic(low, high, zero),
        }
    }

    /// A logarithmic axis for 1/(1 - p), whose ticks say p.
    pub fn percentiles(values: impl Iterator<Item = f64>) -> Self {
        Self { percentiles: true, ..Self::over(values, true) }
    }

    fn linear(low: f64, high: f64) -> Self {
        // Quantities are read against zero unless that would waste most of the height.
        let low = if low > 0.0 && low < high * 0.6 { 0.0 } else { low };
        let (low, high) = if low < high { (low, high) } else { (low - 0.5, high + 0.5) };
        let step = nice_step((high - low) / (TICKS - 2) as f64);
        let (first, last) = ((low / step).floor(), (high / step - 1e-9).ceil());
        let ticks: Vec<f64> = (0..=(last - first) as usize).map(|i| (first + i as f64) * step).collect();
        Self { low: first * step, high: last * step, log: false, zero: false, percentiles: false, ticks }
    }

    fn logarithmic(low: f64, high: f64, zero: bool) -> Self {
        let low = if zero { pow(10_f64, log10(low).floor()) } else { low };
        let (low, high) = if high / low > 1.2 { (low, high) } else { (low / 2.0, high * 2.0) };
        let inside = |v: &f64| *v >= low * (1.0 - 1e-9) && *v <= high * (1.0 + 1e-9);
        let decades = log10(low).floor() as i32..=log10(high).ceil() as i32;
        let marks = |digits: &[f64]| -> Vec<f64> {
            let powers = decades.clone().map(|d| 10_f64.powi(d));
            powers.flat_map(|power| digits.iter().map(move |d| d * power)).filter(inside).collect()
        };
        let finest = marks(&[1.0, 2.0, 5.0]);
        let powers = marks(&[1.0]);
        let ticks = if finest.len() <= TICKS {
            finest
        } else {
            let every = powers.len().div_ceil(TICKS);
            powers.into_iter().step_by(every.max(1)).collect()
        };
        let ticks = zero.then_some(0.0).into_iter().chain(ticks).collect();
        Self { low, high, log: true, zero, percentiles: false, ticks }
    }

    /// How far along the axis a value lies, 0 at its low end and 1 at its high end; `None` where it has no place.
    pub fn place(&self, value: f64) -> Option<f64> {
        let share = if self.log && value == 0.0 {
            return self.zero.then_some(0.0);
        } else if self.log {
            let room = if self.zero { ZERO_ROOM } else { 0.0 };
            room + (1.0 - room) * log(value / self.low) / log(self.high / self.low)
        } else {
            (value - self.low) / (self.high - self.low)
        };
        (share.is_finite() && (-1e-9..=1.0 + 1e-9).contains(&share)).then_some(share)
    }

    /// Where the axis is broken, between a place for 0 and the rest.
    pub fn gap(&self) -> Option<f64> {
        self.zero.then_some(ZERO_ROOM / 2.0)
    }

    /// The marks: how far along, and what stands there.
    pub fn ticks(&self) -> impl Iterator<Item = (f64, String)> + '_ {
        let label = |v: f64| if self.percentiles { percentile(v) } else { label(v) };
        self.ticks.iter().filter_map(move |v| Some((self.place(*v)?, label(*v))))
    }
}

/// The next larger of 1, 2, 5 times a power of ten.
fn nice_step(least: f64) -> f64 {
    let power = pow(10_f64, log10(least).floor());
    [1.0, 2.0, 5.0].map(|d| d * power).into_iter().find(|step| *step >= least * (1.0 - 1e-9)).unwrap_or(10.0 * power)
}

/// A tick's number: no more digits than it needs, thousands and millions by letter.
fn label(value: f64) -> String {
    let short = |v: f64| {
        let text = format!("{v:.6}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    match value.abs() {
        v if v >= 1e9 || (v > 0.0 && v < 1e-3) => format!("{value:.0e}"),
        v if v >= 1e6 => format!("{}M", short(value / 1e6)),
        v if v >= 1e4 => format!("{}k", short(value / 1e3)),
        _ => short(value),
    }
}

/// What stands at 1/(1 - p).
fn percentile(value: f64) -> String {
    // As many digits as there are nines, however many.
    let digits = (log10(value).ceil() as usize).saturating_sub(2);
    format!("{:.digits$}%", 100.0 - 100.0 / value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(values: &[f64], log: bool) -> Vec<String> {
        Axis::over(values.iter().copied(), log).ticks().map(|(_, text)| text).collect()
    }

    #[test]
    fn ticks_are_round_numbers_and_few() {
        assert_eq!(labels(&[2.0, 9.7], false), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(labels(&[0.0, 1.0], false), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(labels(&[-3.0, 4.0], false), ["-4", "-2", "0", "2", "4"]);
        assert_eq!(labels(&[10.0, 1e6], true), ["10", "100", "1000", "10k", "100k", "1M"]);
        assert_eq!(labels(&[1.0, 60.0], true), ["1", "2", "5", "10", "20", "50"]);
        for (values, log) in [(&[0.0, 12_345.0][..], false), (&[1e-9, 1e9], true), (&[5.0], false), (&[5.0], true)] {
            let labels = labels(values, log);
            assert!((2..=TICKS + 1).contains(&labels.len()), "{values:?}: {labels:?}");
        }
    }

    #[test]
    fn nothing_has_a_place_below_the_powers_of_ten_where_it_is_among_the_values() {
        let axis = Axis::over([0.0, 30.0, 1e4].into_iter(), true);
        let places: Vec<_> = [0.0, 10.0, 1e4].into_iter().map(|v| axis.place(v).expect("a place")).collect();
        assert_eq!((places[0], places[1]), (0.0, ZERO_ROOM));
        assert!((places[2] - 1.0).abs() < 1e-9 && axis.gap().is_some_and(|gap| gap < ZERO_ROOM));
        assert_eq!(labels(&[0.0, 30.0, 1e4], true), ["0", "10", "100", "1000", "10k"]);
        assert_eq!(labels(&[0.0], true)[..2], ["0", "1"]);
    }

    #[test]
    fn every_value_has_a_place_and_what_cannot_have_one_is_left_out() {
        let axis = Axis::over([1.0, 7.0, f64::NAN].into_iter(), false);
        assert_eq!(axis.place(0.0), Some(0.0));
        assert!(axis.place(7.0).is_some() && axis.place(f64::NAN).is_none());
        let axis = Axis::over([-1.0, 1.0, 100.0].into_iter(), true);
        assert_eq!((axis.place(1.0), axis.place(10.0), axis.place(0.0)), (Some(0.0), Some(0.5), None));
        assert_eq!((axis.place(-1.0), axis.gap()), (None, None));
        assert!(Axis::over([].into_iter(), true).place(2.0).is_some());
    }
}
