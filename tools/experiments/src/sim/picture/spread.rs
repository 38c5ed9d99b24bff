//! One piece of news: who knows when, and how that grows with the cluster.

use bruit::sim::experiment::spread::Coverage;
use bruit::sim::experiment::{Engine, Timing};
use bruit_terminal::plot::{Plot, Style, plot, series};

use crate::sim::common::engine_line;
use crate::sim::spread::{Played, unit};

fn title(played: &Played) -> String {
    let setup = &played.setup;
    let percent = |permille: u32| f64::from(permille) / 10.0;
    let loss = percent(setup.base.link.loss_permille);
    let (mode, fanout) = (setup.mode.name(), setup.base.config.fanout);
    format!("{mode} to {fanout}, loss {loss} %, dead {} %", percent(setup.dead_permille))
}

/// The informed by round, with the range in which nine of ten runs lie.
pub fn coverage(played: &Played) -> Plot {
    let report = &played.report;
    let share = |c: &Coverage| (c.round, 100.0 * c.mean);
    let style = match played.setup.timing {
        Timing::Rounds => Style::Dots,
        Timing::Event => Style::Line,
    };
    let mut ours = series(engine_line(Engine::Node), report.coverage.iter().map(share).collect(), style);
    ours.band = Some(report.coverage.iter().map(|c| (c.round, 100.0 * c.p5, 100.0 * c.p95)).collect());
    let end = report.coverage.last().map_or(0.0, |c| c.round);
    let theory = report.theory.iter().map(|theory| {
        let points = theory.coverage.iter().filter(|(round, _)| *round <= end);
        series(theory.name, points.map(|(round, share)| (*round, 100.0 * share)).collect(), Style::Dashed)
    });
    let title = format!("{} nodes, {}", played.setup.base.nodes, title(played));
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
    let title = played.first().map(title).unwrap_or_default();
    let y = played.first().map_or("", |p| unit(p.setup.timing));
    Plot { log_x: true, ..plot(title, "nodes".to_owned(), y, all) }
}
