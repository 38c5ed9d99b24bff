//! How does it look as curves? Coverage over rounds, or the times of a sweep.

use bruit_terminal::plot::{Plot, Series, Style};

use super::figures::Figures;
use super::inputs::{Inputs, Timing};
use super::sweep::{Key, Row, Sweep};

/// The informed, round by round, with the range in which nine of ten runs lie.
pub fn coverage(inputs: &Inputs, figures: &Figures) -> Plot {
    let course = || figures.spread.coverage.iter().map(|(round, c)| (*round, c));
    let percent = |share: f64| share * 100.0;
    let informed = Series {
        name: "informed".to_owned(),
        points: course().map(|(round, c)| (round, percent(c.mean))).collect(),
        band: Some(course().map(|(round, c)| (round, percent(c.p5), percent(c.p95))).collect()),
        style: match inputs.timing {
            Timing::Rounds => Style::Dots,
            Timing::Event => Style::Line,
        },
    };
    Plot {
        title: format!(
            "{} nodes, {} to {}, loss {:.1} %, dead {:.1} %",
            inputs.nodes,
            inputs.mode.name(),
            inputs.fanout(),
            percent(inputs.loss),
            percent(inputs.dead)
        ),
        x_label: match inputs.timing {
            Timing::Rounds => format!("rounds of {}, all at once", inputs.interval()),
            Timing::Event => format!("intervals of {}, each node in its own phase", inputs.interval()),
        },
        y_label: "informed, % of the living: mean, p5 to p95".to_owned(),
        percentiles: false,
        log_x: false,
        log_y: false,
        series: vec![informed],
    }
}

/// The times to 99 % and to all, at p50 and p99, over what is swept: in rounds, or in seconds where rounds are what is swept.
pub fn sweep(inputs: &Inputs, sweep: &Sweep, rows: &[Row]) -> Plot {
    let (x_label, y_label) = match sweep.key {
        Key::Interval => ("interval, s", "seconds"),
        Key::Nodes | Key::Fanout | Key::Loss | Key::Dead => (sweep.key.name(), inputs.timing.unit()),
    };
    let series = |name: &str, goal: usize, late: bool, style: Style| {
        let time = |row: &Row| {
            let spread = &row.figures.spread;
            let times = if sweep.key == Key::Interval { spread.seconds[goal] } else { spread.rounds[goal] };
            Some((row.value, if late { times.p99? } else { times.p50? }))
        };
        Series { name: name.to_owned(), points: rows.iter().filter_map(time).collect(), band: None, style }
    };
    Plot {
        title: format!("{}: how soon they know, by {}", inputs.mode.name(), sweep.key.name()),
        x_label: x_label.to_owned(),
        y_label: y_label.to_owned(),
        percentiles: false,
        log_x: sweep.key.is_geometric(),
        log_y: sweep.key == Key::Interval,
        series: vec![
            series("all, p99", 2, true, Style::Dots),
            series("all, p50", 2, false, Style::Dashed),
            series("99 %, p99", 0, true, Style::Dots),
            series("99 %, p50", 0, false, Style::Dashed),
        ],
    }
}
