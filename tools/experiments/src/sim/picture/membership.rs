//! Many come, go and come back: how soon everybody knows.

use bruit::sim::experiment::churn::Row;
use bruit_terminal::plot::{Plot, Style, plot, series};

use super::course;
use crate::sim::{churn, join_storm, mass_restart, partition};

/// How much of the cluster a node knows, by time.
pub fn join_storm(join_storm::Played { setup, report }: &join_storm::Played) -> Plot {
    let title = format!("{} nodes start at once and know one address", setup.base.nodes);
    let known = course("known", &report.known, 100.0);
    plot(title, "seconds from the start".to_owned(), "members that a node knows, %: mean, all runs", vec![known])
}

/// How much of the cluster a node holds to be up in its present life, by time.
pub fn mass_restart(mass_restart::Played { setup, report }: &mass_restart::Played) -> Plot {
    let title = format!("{} nodes, all but {} restart", setup.base.nodes, setup.survivors);
    let back = course("back", &report.back, 100.0);
    let y = "members that a node holds up in their new lives, %";
    plot(title, "seconds from the first start".to_owned(), y, vec![back])
}

/// Whom the nodes of each side hold to be up: from the cut on, and from the healing on. By powers of ten, since the
/// one takes seconds and the other fractions of one.
pub fn partition(partition::Played { setup, report }: &partition::Played) -> Plot {
    let all = vec![
        course("one side, cut", &report.parting[0], 1.0),
        course("the other, cut", &report.parting[1], 1.0),
        course("one side, healed", &report.joining[0], 1.0),
        course("the other, healed", &report.joining[1], 1.0),
    ];
    let side = setup.side_percent;
    let title = format!("{} nodes cut {side}/{}, and healed", setup.base.nodes, 100 - side);
    let x = "seconds from the cut, or from the healing".to_owned();
    Plot { log_x: true, ..plot(title, x, "members that a node holds up: mean, all runs", all) }
}

/// How long it takes until comings and goings are known, and what a node sends, by their rate.
pub fn churn(churn::Played { setup, report }: &churn::Played) -> [Plot; 2] {
    let curve = |name: &str, style, of: fn(&Row) -> Option<f64>| {
        series(name, report.rows.iter().filter_map(|row| Some((row.rate, of(row)?))).collect(), style)
    };
    let times = vec![
        curve("joined, p99", Style::Dots, |row| Some(row.join_known_ms.some()?.p99)),
        curve("joined, p50", Style::Dashed, |row| Some(row.join_known_ms.some()?.p50)),
        curve("left, p99", Style::Dots, |row| Some(row.leave_known_ms.some()?.p99)),
        curve("left, p50", Style::Dashed, |row| Some(row.leave_known_ms.some()?.p50)),
    ];
    let sent = vec![curve("sent", Style::Dots, |row| Some(row.bytes_per_node_s / 1e3))];
    let title = format!("{} nodes, so many join and as many leave", setup.base.nodes);
    let draw = |y, all| Plot { log_x: true, ..plot(title.clone(), "joins a second".to_owned(), y, all) };
    [draw("ms until 99 % know", times), draw("kB of payload, per node and second", sent)]
}
