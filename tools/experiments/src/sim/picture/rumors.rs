//! Rumors that nodes publish: what telling leaves to repair, and how a storm of them is delivered.

use bruit::sim::experiment::rumors::Row;
use bruit_config::Setting;
use bruit_terminal::plot::{Plot, Style, plot, series};

use super::course;
use crate::sim::rumors::Played;
use crate::sim::storm;

/// What is left to repair against the copies that were told: a curve for each way of stopping, by k.
pub fn left_to_repair(Played { setup, report }: &Played) -> Plot {
    let mut curves: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
    let kind = |row: &Row| row.rule.show().rsplit_once('-').map(|(kind, _)| kind.to_owned()).unwrap_or_default();
    for row in &report.rows {
        let dot = (row.told.mean, row.residue.mean);
        match curves.iter_mut().find(|(other, _)| *other == kind(row)) {
            Some((_, dots)) => dots.push(dot),
            None => curves.push((kind(row), vec![dot])),
        }
    }
    let curves = curves.into_iter().map(|(name, dots)| series(&name, dots, Style::Dots)).collect();
    let loss = f64::from(setup.base.link.loss_permille) / 10.0;
    let title = format!("one rumor told in rounds, {} nodes, loss {loss} %", setup.base.nodes);
    let (x, y) = ("copies told, per node", "share of nodes left to repair");
    Plot { log_y: true, ..plot(title, x.to_owned(), y, curves) }
}

/// The share that was delivered, by time.
pub fn storm(storm::Played { setup, report }: &storm::Played) -> Plot {
    let published = report.rows.iter().filter(|row| row.part.publishes());
    let all = published.map(|row| course(row.part.name(), &row.course, 100.0)).collect();
    let title = format!("{} nodes publish {} rumors each at once", setup.base.nodes, setup.rumors);
    // Nearly all of it happens in the first of many seconds.
    Plot { log_x: true, ..plot(title, "seconds from then on".to_owned(), "delivered, % of all", all) }
}
