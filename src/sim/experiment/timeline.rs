//! How did a figure go over time? Taken at a steady pace while an experiment plays, then summed up over its runs.

use super::millis;
use crate::time::{Instant, Span};

/// A figure at one moment, over the runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Milliseconds from the beginning of the timeline.
    pub ms: f64,
    /// The mean over the runs.
    pub mean: f64,
    /// The least of any run.
    pub min: f64,
    /// The greatest of any run.
    pub max: f64,
}

/// The timeline of one run.
#[derive(Clone, Debug)]
pub(super) struct Timeline {
    begin: Instant,
    every: Span,
    values: Vec<f64>,
}

impl Timeline {
    /// None yet; one figure is wanted at `begin`, and one each time that `every` has passed.
    pub fn new(begin: Instant, every: Span) -> Self {
        Self { begin, every, values: Vec::new() }
    }

    /// Takes the figure if one is due: to be called more often than that.
    pub fn look(&mut self, now: Instant, figure: impl FnOnce() -> f64) {
        if now.since(self.begin) >= self.every * self.values.len() as u32 {
            self.values.push(figure());
        }
    }

    /// The figure at which the run stays from the next moment on.
    pub fn end(&mut self, figure: f64) {
        self.values.push(figure);
    }

    /// All runs together, each of which stays at its last figure once it has ended.
    pub fn over(timelines: &[&Self]) -> Vec<Moment> {
        let longest = timelines.iter().map(|timeline| timeline.values.len()).max().unwrap_or(0);
        let moment = |nth: usize| {
            let values = || timelines.iter().filter_map(|c| c.values.get(nth).or(c.values.last()).copied());
            Moment {
                ms: timelines.first().map_or(0.0, |timeline| millis(timeline.every) * nth as f64),
                mean: values().sum::<f64>() / values().count() as f64,
                min: values().fold(f64::INFINITY, f64::min),
                max: values().fold(f64::NEG_INFINITY, f64::max),
            }
        };
        (0..longest).map(moment).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_taken_when_it_is_due_and_a_run_that_has_ended_keeps_its_last() {
        let begin = Instant::ZERO + Span::secs(1);
        let timeline = |last: u32| {
            let mut timeline = Timeline::new(begin, Span::millis(10));
            (0..=last).for_each(|ms| timeline.look(begin + Span::millis(u64::from(ms)), || f64::from(ms)));
            timeline
        };
        let (short, long) = (timeline(10), timeline(25));
        let moment = |ms, mean, min, max| Moment { ms, mean, min, max };
        assert_eq!(
            Timeline::over(&[&short, &long]),
            [moment(0.0, 0.0, 0.0, 0.0), moment(10.0, 10.0, 10.0, 10.0), moment(20.0, 15.0, 10.0, 20.0)]
        );
        assert!(Timeline::over(&[]).is_empty());
    }
}
