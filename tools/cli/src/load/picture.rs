//! How does it look as curves? Ages by percentile, spread towards the oldest; ages and arrivals by rate.

use bruit_terminal::plot::{Plot, Style, plot, series};

use super::find_max::{Found, Step};
use super::report::Outcome;

const RATE: &str = "rumors a second that were to be published";

/// Ages by percentile: the last tenth, hundredth, thousandth have the same room.
pub fn ages(outcome: &Outcome) -> Plot {
    let millis = |ages: Vec<(f64, f64)>| ages.into_iter().map(|(x, us)| (x, us / 1e3)).collect();
    let all = [("until it is read", &outcome.ages), ("as agents have it", &outcome.agent_ages)]
        .into_iter()
        .filter(|(_, ages)| ages.count() > 0)
        .map(|(name, ages)| series(name, millis(ages.curve()), Style::Line))
        .collect();
    let r = &outcome.report;
    let title = match r.rate {
        Some(rate) => format!("{rate} rumors of {} B a second, {}", r.size, r.class),
        None => format!("rumors of {} B flat out, {}", r.size, r.class),
    };
    Plot { percentiles: true, log_y: true, ..plot(title, "percentile".to_owned(), "age, ms", all) }
}

/// Ages, the share that arrives, and how much that is, by rate.
pub fn rates(found: &Found) -> [Plot; 3] {
    let steps = decisive(found);
    let curve = |of: &dyn Fn(&Step) -> Option<f64>| -> Vec<(f64, f64)> {
        steps.iter().filter_map(|step| Some((f64::from(step.rate()), of(step)?))).collect()
    };
    let millis = |us: u64| us as f64 / 1e3;
    let p99 = curve(&|step| step.report.age_us.as_ref().map(|age| millis(age.p99)));
    let p50 = curve(&|step| step.report.age_us.as_ref().map(|age| millis(age.p50)));
    let allowed = curve(&|_| Some(millis(found.max_p99_us)));
    let share = curve(&|step| Some((1.0 - step.loss) * 100.0));
    let allowed_share = curve(&|_| Some((1.0 - found.max_loss) * 100.0));
    let (arrived, wanted) = (curve(&|step| step.report.arrived_per_s), curve(&|step| Some(f64::from(step.rate()))));
    let title = match found.max {
        Some(max) => format!("{max} rumors a second held"),
        None => "no rate held".to_owned(),
    };
    let draw = |title: &str, y, all| Plot { log_x: true, ..plot(title.to_owned(), RATE.to_owned(), y, all) };
    let dots = |name, points| series(name, points, Style::Dots);
    let dashed = |name, points| series(name, points, Style::Dashed);
    [
        Plot {
            log_y: true,
            ..draw(&title, "age, ms", vec![dots("p99", p99), dots("p50", p50), dashed("allowed at p99", allowed)])
        },
        draw("", "delivered, % of what was to be", vec![dots("delivered", share), dashed("allowed", allowed_share)]),
        Plot {
            log_y: true,
            ..draw(
                "",
                "arrived at each reader, a second",
                vec![dots("arrived", arrived), dashed("to be published", wanted)],
            )
        },
    ]
}

/// The last try at each rate, by rate: what it was judged by.
fn decisive(found: &Found) -> Vec<&Step> {
    let mut steps: Vec<&Step> = found.steps.iter().chain(&found.beyond).collect();
    // Later ones first among equal rates, of which the first stays.
    steps.reverse();
    steps.sort_by_key(|step| step.rate());
    steps.dedup_by_key(|step| step.rate());
    steps
}
