//! Rumors that are dropped: who never hears of one, and what that costs.

use bruit_terminal::plot::{Plot, Style, plot, series};
use libm::exp;

use crate::sim::mongering::{Name, Played};

/// The residue against the traffic, a curve for each rule and a dot for each k, beside the law of all pushing.
pub fn residue(Played { setup, rows }: &Played) -> Plot {
    let curve = |name: &Name| {
        let of_rule = rows.iter().filter(|row| row.name == *name);
        let points: Vec<_> = of_rule.map(|row| (row.report.traffic.mean, row.report.residue.mean)).collect();
        let style = match name {
            // Where the law holds it lies on the others.
            Name::PushBlindCounter => Style::Ring,
            Name::PushFeedbackCounter | Name::PushBlindCoin | Name::PullFeedbackCounter => Style::Dots,
        };
        (!points.is_empty()).then(|| series(name.shown(), points, style))
    };
    let most = rows.iter().map(|row| row.report.traffic.mean).fold(0.0, f64::max);
    let law = (0..=20_u32).map(|i| most * f64::from(i) / 20.0).map(|traffic| (traffic, exp(-traffic))).collect();
    let law = series("e^-traffic", law, Style::Dashed);
    let all = [law].into_iter().chain(Name::ALL.iter().filter_map(curve)).collect();
    let title = format!("{} sites, one rumor, k from left to right", setup.base.nodes);
    let x = "traffic: updates sent, per site".to_owned();
    Plot { log_y: true, ..plot(title, x, "residue: share that never hears of it", all) }
}
