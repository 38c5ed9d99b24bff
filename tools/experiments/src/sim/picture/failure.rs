//! A crash, and what looks like one: who notices, and who is wrong.

use bruit::sim::experiment::loss::SAMPLE_EVERY;
use bruit::sim::experiment::{false_death as losses, lifeguard as blocks};
use bruit_terminal::plot::{Plot, Style, plot, series};

use crate::sim::{detect, false_death, lifeguard, loss};

/// The share of all crashes that were noticed by a time, beside the exponential law.
pub fn detection(detect::Played { setup, report }: &detect::Played) -> Plot {
    let crashes = f64::from(setup.runs.count);
    let share =
        |sample: &[f64]| (1_u32..).zip(sample).map(|(i, ms)| (ms / 1e3, 100.0 * f64::from(i) / crashes)).collect();
    let end = [&report.first_pinged, &report.all_detected].into_iter().filter_map(|times| times.last()).copied();
    let end = end.fold(0.0, f64::max);
    let law = (0..=100_u32).map(|i| end * f64::from(i) / 100.0);
    let law = law.map(|ms| (ms / 1e3, 100.0 * report.theory.first_pinged_within(ms))).collect();
    let all = vec![
        series("exponential, mean T", law, Style::Dashed),
        series("first pinged", share(&report.first_pinged), Style::Line),
        series("known to all", share(&report.all_detected), Style::Line),
    ];
    let title = format!("{} nodes, one crashes", setup.base.nodes);
    plot(title, "seconds after the crash".to_owned(), "crashes, %", all)
}

/// The group by time, a curve for each row.
pub fn group(loss::Played { setup, report }: &loss::Played) -> Plot {
    let step = SAMPLE_EVERY.as_millis() as f64 / 1e3;
    let end = setup.watch.as_millis() as f64 / 1e3;
    let points = |course: &[f64]| {
        let times = (1_u32..).map(|i| (f64::from(i) * step).min(end));
        [(0.0, 0.0)].into_iter().chain(times.zip(course.iter().copied())).collect()
    };
    let all = report.rows.iter().map(|row| series(row.row.name(), points(&row.course), Style::Line)).collect();
    let loss = f64::from(setup.base.link.loss_permille) / 10.0;
    let title = format!("{} join one after the other, loss {loss} %", setup.base.nodes);
    plot(title, "seconds from the first start".to_owned(), "members never declared failed", all)
}

/// False positives by the number of blocked members, a curve for each row.
pub fn false_positives(lifeguard::Played { setup, report }: &lifeguard::Played) -> Plot {
    let curve = |row: &blocks::RowReport| {
        let mut points: Vec<(f64, f64)> = Vec::new();
        for cell in &row.cells {
            let (members, wrong) =
                (f64::from(cell.blocks.members), cell.runs.iter().map(|r| r.false_positives).sum::<u64>());
            match points.iter_mut().find(|(x, _)| *x == members) {
                Some((_, y)) => *y += wrong as f64,
                None => points.push((members, wrong as f64)),
            }
        }
        series(row.row.name(), points, Style::Dots)
    };
    let all = report.rows.iter().map(curve).collect();
    let title = format!("{} members, some blocked now and then", setup.base.nodes);
    Plot { log_y: true, ..plot(title, "blocked members".to_owned(), "false positives", all) }
}

/// How soon a blocked member is detected against false positives, a dot for each row.
pub fn latency(lifeguard::Played { setup, report }: &lifeguard::Played) -> Plot {
    let dot = |row: &blocks::RowReport| {
        let wrong = row.total(|run| run.false_positives) as f64;
        let found = row.times(|run| &run.first_detected_ms);
        let points = if found.count > 0 { vec![(wrong, found.p50 / 1e3)] } else { Vec::new() };
        series(row.row.name(), points, Style::Dots)
    };
    let all = report.rows.iter().map(dot).collect();
    let title = format!("{} members, some blocked now and then", setup.base.nodes);
    Plot { log_x: true, ..plot(title, "false positives".to_owned(), "first detected after, s: p50", all) }
}

/// Suspicions and verdicts by loss.
pub fn false_deaths(false_death::Played { setup, report }: &false_death::Played) -> Plot {
    let curve = |name: &str, of: fn(&losses::Row) -> f64| {
        let points = report.rows.iter().map(|row| (f64::from(row.loss_permille) / 10.0, of(row))).collect();
        series(name, points, Style::Dots)
    };
    let all = vec![
        curve("false verdicts", |row| row.verdicts.mean),
        curve("own suspicions", |row| row.accusations.mean),
        curve("suspicions", |row| row.suspicions.mean),
    ];
    let title = format!("{} members that live, {} s", setup.base.nodes, setup.watch.as_millis() / 1_000);
    Plot { log_y: true, ..plot(title, "loss, %".to_owned(), "in all, at one member each", all) }
}

/// How soon all know of a crash against how often a verdict is wrong: a curve for each of some choices, and a ring around ours.
pub fn tradeoff(curves: &[(String, Vec<(f64, f64)>)], ours: Vec<(f64, f64)>) -> Plot {
    let curves = curves.iter().map(|(name, dots)| series(name, dots.clone(), Style::Dots));
    let all = curves.chain([series("as lan has it", ours, Style::Ring)]).collect();
    let x = "verdicts on members that live".to_owned();
    Plot {
        log_x: true,
        ..plot("a faster verdict is more often wrong".to_owned(), x, "a crash is known to all after, s: p50", all)
    }
}
