//! How do the experiments look as curves? What was played as dots or a line, with its band; what theory has, dashed.

use bruit::sim::experiment::{Timing, detect, false_death, lifeguard, loss};

use super::common::engine_line;
use super::spread::{Played, unit};
use crate::plot::{Plot, Series, Style};

fn series(name: &str, points: Vec<(f64, f64)>, style: Style) -> Series {
    Series { name: name.to_owned(), points, band: None, style }
}

fn plot(title: String, x_label: String, y_label: &str, series: Vec<Series>) -> Plot {
    Plot { title, x_label, y_label: y_label.to_owned(), log_x: false, log_y: false, series }
}

fn spread_title(played: &Played) -> String {
    let setup = &played.setup;
    let percent = |permille: u32| f64::from(permille) / 10.0;
    let loss = percent(setup.base.link.loss_permille);
    let (mode, fanout) = (setup.mode.name(), setup.base.config.fanout);
    format!("{mode} to {fanout}, loss {loss} %, dead {} %", percent(setup.dead_permille))
}

/// The informed by round, with the range in which nine of ten runs lie.
pub fn coverage(played: &Played) -> Plot {
    let report = &played.report;
    let share = |c: &bruit::sim::experiment::spread::Coverage| (c.round, 100.0 * c.mean);
    let style = match played.setup.timing {
        Timing::Rounds => Style::Dots,
        Timing::Event => Style::Line,
    };
    let mut ours = series(engine_line(report.engine), report.coverage.iter().map(share).collect(), style);
    ours.band = Some(report.coverage.iter().map(|c| (c.round, 100.0 * c.p5, 100.0 * c.p95)).collect());
    let end = report.coverage.last().map_or(0.0, |c| c.round);
    let theory = report.theory.iter().map(|theory| {
        let points = theory.coverage.iter().filter(|(round, _)| *round <= end);
        series(theory.name, points.map(|(round, share)| (*round, 100.0 * share)).collect(), Style::Dashed)
    });
    let title = format!("{} nodes, {}", played.setup.base.nodes, spread_title(played));
    // What lies above is dashed, so that both are seen where they agree.
    let all = theory.into_iter().chain([ours]).collect();
    plot(title, unit(played.setup.timing).to_owned(), "informed, % of the living: mean, p5 to p95", all)
}

/// The time to all by the number of nodes, with its p99.
pub fn by_size(played: &[Played]) -> Plot {
    let nodes = |p: &Played| f64::from(p.setup.base.nodes);
    let ours = |of: fn(&Played) -> f64| played.iter().map(|p| (nodes(p), of(p))).collect();
    let theory = |late: bool| {
        let time = |p: &Played| {
            let (mean, p99) = p.report.theory.as_ref()?.rounds_to[2];
            Some((nodes(p), if late { p99 } else { mean }))
        };
        played.iter().filter_map(time).collect()
    };
    let all = vec![
        series("theory, mean", theory(false), Style::Dashed),
        series("theory, p99", theory(true), Style::Dashed),
        series("all know, mean", ours(|p| p.report.rounds_to[2].mean), Style::Dots),
        series("all know, p99", ours(|p| p.report.rounds_to[2].p99), Style::Dots),
    ];
    let title = played.first().map(spread_title).unwrap_or_default();
    let y = played.first().map_or("", |p| unit(p.setup.timing));
    Plot { log_x: true, ..plot(title, "nodes".to_owned(), y, all) }
}

/// The share of crashes that were noticed by a time, beside the exponential law.
pub fn detection(setup: &detect::Setup, report: &detect::Report) -> Plot {
    let share = |sample: &[f64]| {
        let n = sample.len() as f64;
        (1_u32..).zip(sample).map(|(i, ms)| (ms / 1e3, 100.0 * f64::from(i) / n)).collect()
    };
    let end = report.all_detected.last().copied().unwrap_or(0.0);
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
pub fn group(setup: &loss::Setup, report: &loss::Report) -> Plot {
    let step = loss::SAMPLE_EVERY.as_millis() as f64 / 1e3;
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
pub fn false_positives(setup: &lifeguard::Setup, report: &lifeguard::Report) -> Plot {
    let curve = |row: &lifeguard::RowReport| {
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
    Plot { log_y: true, ..plot(title, "blocked members".to_owned(), "false positives (none: not shown)", all) }
}

/// How soon a blocked member is detected against false positives, a dot for each row.
pub fn latency(setup: &lifeguard::Setup, report: &lifeguard::Report) -> Plot {
    let dot = |row: &lifeguard::RowReport| {
        let wrong = row.total(|run| run.false_positives).max(1) as f64;
        let found = row.times(|run| &run.first_detected_ms);
        let points = if found.count > 0 { vec![(wrong, found.p50 / 1e3)] } else { Vec::new() };
        series(row.row.name(), points, Style::Dots)
    };
    let all = report.rows.iter().map(dot).collect();
    let title = format!("{} members, some blocked now and then", setup.base.nodes);
    Plot { log_x: true, ..plot(title, "false positives, 1 for none".to_owned(), "first detected after, s: p50", all) }
}

/// Suspicions and verdicts by loss.
pub fn false_deaths(setup: &false_death::Setup, report: &false_death::Report) -> Plot {
    let curve = |name: &str, of: fn(&false_death::Row) -> f64| {
        let points = report.rows.iter().map(|row| (f64::from(row.loss_permille) / 10.0, of(row))).collect();
        series(name, points, Style::Dots)
    };
    let all = vec![
        curve("false verdicts", |row| row.verdicts.mean),
        curve("own suspicions", |row| row.accusations.mean),
        curve("suspicions", |row| row.suspicions.mean),
    ];
    let title = format!("{} members that live, {} s", setup.base.nodes, setup.watch.as_millis() / 1_000);
    plot(title, "loss, %".to_owned(), "in all, at one member each", all)
}
