//! Averaging: how wrong the worst node still is.

use bruit_terminal::plot::{Plot, Series, Style, plot, series};

use crate::sim::aggregate::{Played, Row};

/// The least that is drawn: below it all are right to five digits.
const LEAST: f64 = 1e-5;

/// The error of the worst node by round, a curve for each method, at the highest loss that was played.
pub fn averaging(Played { setup, rows }: &Played) -> Plot {
    let loss = rows.iter().map(|row| row.loss_permille).max().unwrap_or(0);
    let curve = |row: &Row| -> Series {
        let points = (1..).map(f64::from).zip(&row.report.worst).map(|(round, (mean, _))| (round, mean.max(LEAST)));
        series(row.name.shown(), points.collect(), Style::Line)
    };
    let right = series("1 %", vec![(1.0, 0.01), (f64::from(setup.rounds), 0.01)], Style::Dashed);
    let played = rows.iter().filter(|row| row.loss_permille == loss).map(curve);
    let title = format!("{} nodes, loss {} %", setup.base.nodes, f64::from(loss) / 10.0);
    let y = "error of the worst node: mean, sum or count";
    Plot { log_y: true, ..plot(title, "round".to_owned(), y, [right].into_iter().chain(played).collect()) }
}
