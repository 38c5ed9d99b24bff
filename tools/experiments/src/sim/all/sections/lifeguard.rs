//! Slow members among healthy ones.

use bruit::sim::experiment::lifeguard::{Figures, Row, RowReport};
use bruit_terminal::failure::Failure;
use bruit_terminal::output::{bytes, three_digits};

use super::{grouped, millis};
use crate::sim::all::section::Section;
use crate::sim::lifeguard::{Args, Played, document, percent, play as played};
use crate::sim::picture;

/// Blocks that are longer than bruit's time-outs and shorter than the others'.
const SHORT: &str = "lifeguard --starved 4,16,32 --pause 512ms --interval 64ms";

/// Plays it.
pub fn play(section: &mut Section) -> Result<(), Failure> {
    let all = played(&section.command::<Args>("lifeguard")?)?;
    let short = played(&section.command::<Args>(SHORT)?)?;
    section.keep(&document(&all));
    section.keep(&document(&short));
    section.rows("rows", all.report.rows.iter().map(|row| cells(&all, row)));
    section.picture("lifeguard.svg", picture::false_positives(&all).svg());
    section.picture("lifeguard-latency.svg", picture::latency(&all).svg());
    let wrong = |row| total(&all, row, |run| run.false_positives);
    let order = [Row::Bruit, Row::Lifeguard, Row::Suspicion, Row::Probes, Row::Buddy, Row::Swim];
    section.claim("order", order.map(wrong).is_sorted());
    section.claim("twentieth", wrong(Row::Lifeguard) * 20 <= wrong(Row::Swim));
    let of_swim = |figure: fn(&Figures) -> u64| {
        100.0 * total(&short, Row::Bruit, figure) as f64 / total(&short, Row::Swim, figure) as f64
    };
    let more = [of_swim(|run| run.messages), of_swim(|run| run.bytes)];
    section.set("short_messages", three_digits(more[0]));
    section.set("short_bytes", three_digits(more[1]));
    section.claim("more", more.iter().all(|percent| *percent > 100.0));
    section.claim("nobody", Row::ALL.iter().all(|row| total(&short, *row, |run| run.false_positives) == 0));
    Ok(())
}

fn total(all: &Played, row: Row, figure: fn(&Figures) -> u64) -> u64 {
    all.report.rows.iter().find(|report| report.row == row).map_or(0, |report| report.total(figure))
}

/// Counts, each with its percentage of SWIM's and the paper's; then times.
fn cells(all: &Played, row: &RowReport) -> Vec<String> {
    let name = match row.row {
        Row::Swim => "SWIM",
        Row::Probes => "+ local health in probes",
        Row::Suspicion => "+ local health in suspicion",
        Row::Buddy => "+ buddy",
        Row::Lifeguard => "Lifeguard (all)",
        Row::Bruit => "bruit as it is",
    };
    let counts = [
        grouped(row.total(|run| run.false_positives)),
        grouped(row.total(|run| run.false_positives_at_healthy)),
        grouped(row.total(|run| run.messages)),
        bytes(row.total(|run| run.bytes)),
    ];
    let ours = percent(&all.report, row).unwrap_or_default();
    let beside = |(nth, count): (usize, String)| {
        let percent = match ours[nth] {
            None => "-".to_owned(),
            Some(0.0) => "0".to_owned(),
            Some(percent) => three_digits(percent),
        };
        match row.row.printed() {
            Some(_) if row.row == Row::Swim => format!("{count} (100)"),
            Some(paper) => format!("{count} ({percent}; {})", paper[nth]),
            None => format!("{count} ({percent})"),
        }
    };
    let times = [row.times(|run| &run.first_detected_ms), row.times(|run| &run.all_detected_ms)];
    let counts = counts.into_iter().enumerate().map(beside);
    [name.to_owned()].into_iter().chain(counts).chain(times.map(|times| millis(times.p50))).collect()
}
