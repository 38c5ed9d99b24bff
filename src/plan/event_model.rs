//! How does news spread in event time? The plainest way to run it: ticks in order of time.
//!
//! As [`model`](super::model), but each node has a tick phase of its own, uniform, and a call takes a latency each way. What a
//! pull asks for must be there when the request arrives. It is what [`EventTime`](super::EventTime) is checked against, and what
//! it runs itself for small clusters, where there is no middle between the luck of the start and that of the end.

use super::model::{Model, ROUNDS_MAX, Scenario, chance, uniform};
use crate::rng::Rng;

/// One run: when each living node heard it, in intervals, ascending; the source at 0. Nodes that have not heard it after
/// [`ROUNDS_MAX`] intervals are left at infinity. `latency` is one way, in intervals. Who asked the source just before it
/// knew is answered too.
#[must_use]
pub fn run_event(model: &Model, latency: f64, rng: &mut Rng) -> Vec<f64> {
    let Scenario { nodes, mode, fanout, .. } = *model.scenario();
    let living = model.living() as usize;
    let mut heard = vec![f64::INFINITY; living];
    heard[0] = 0.0;
    // Who ticks when: the same in each interval.
    let mut ticks: Vec<(f64, usize)> = (0..living).map(|node| (uniform(rng), node)).collect();
    ticks.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut targets = Vec::new();
    // A request sent before time 0 may find the news when it arrives.
    for interval in -latency.ceil() as i32..ROUNDS_MAX as i32 {
        if heard.iter().all(|time| *time <= f64::from(interval)) {
            break;
        }
        for (phase, caller) in &ticks {
            let now = f64::from(interval) + phase;
            let knows = heard[*caller] <= now;
            if !(if knows { mode.pushes() } else { mode.pulls() }) {
                continue;
            }
            pick(nodes, fanout, *caller, &mut targets, rng);
            for target in targets.iter().copied().filter(|target| *target < living) {
                if knows && chance(rng, model.push_success()) {
                    heard[target] = heard[target].min(now + latency);
                }
                if !knows && chance(rng, model.pull_success()) && heard[target] <= now + latency {
                    heard[*caller] = heard[*caller].min(now + 2.0 * latency);
                }
            }
        }
    }
    heard.sort_by(f64::total_cmp);
    heard
}

fn pick(nodes: u32, fanout: u32, caller: usize, targets: &mut Vec<usize>, rng: &mut Rng) {
    targets.clear();
    while targets.len() < fanout as usize {
        let target = rng.below(nodes) as usize;
        if target != caller && !targets.contains(&target) {
            targets.push(target);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::model::Mode;

    #[test]
    fn a_run_begins_with_the_source_and_reaches_all_the_living() {
        for mode in Mode::ALL {
            let scenario = Scenario { nodes: 50, mode, fanout: 2, loss: 0.2, dead: 0.1 };
            let heard = run_event(&Model::try_from(scenario).expect("makes sense"), 0.1, &mut Rng::from_seed(1));
            assert_eq!((heard.len(), heard[0]), (45, 0.0));
            assert!(heard.is_sorted() && heard[44].is_finite() && heard[1] >= 0.1, "{heard:?}");
        }
    }

    #[test]
    fn a_request_under_way_finds_the_news_when_it_arrives() {
        // One other node: it asked less than a latency before, or asks within the 0.6 intervals that are left of the first.
        let scenario = Scenario { nodes: 2, mode: Mode::Pull, fanout: 1, loss: 0.0, dead: 0.0 };
        let model = Model::try_from(scenario).expect("makes sense");
        let mut rng = Rng::from_seed(1);
        let times: Vec<f64> = (0..200).map(|_| run_event(&model, 0.4, &mut rng)[1]).collect();
        assert!(times.iter().all(|t| (0.4..=1.4).contains(t)), "{times:?}");
    }
}
