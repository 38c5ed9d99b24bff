//! Slow members among healthy ones.

use bruit::Span;
use bruit::sim::experiment::lifeguard::{Blocks, Figures, Row, RowReport};
use bruit_terminal::failure::Failure;
use bruit_terminal::output::{bytes, three_digits};

use super::grouped;
use crate::sim::all::section::Section;
use crate::sim::lifeguard::{Args, COLUMNS, Played, detected, document, percent, play as played};
use crate::sim::picture;

/// All that the paper has.
const WHOLE: &str = "lifeguard --whole";
/// Blocks that are longer than bruit's time-outs and shorter than the others'.
const SHORT: Span = Span::millis(512);
/// What the paper's figures have of false positives by the number of blocked members, of SWIM and of Lifeguard.
const PRINTED: [(u32, [&str; 2]); 5] = [
    (1, ["900", "18"]),
    (4, ["6,000", "140"]),
    (8, ["11,000", "110"]),
    (16, ["35,000", "570"]),
    (32, ["80,000", "1,200"]),
];

/// Plays it.
pub fn play(section: &mut Section) -> Result<(), Failure> {
    let all = played(&section.command::<Args>(WHOLE)?)?;
    section.keep(&document(&all));
    section.set("cells", grouped(all.setup.cells.len() as u64));
    section.rows("rows", all.report.rows.iter().map(|row| cells(&all, row)));
    section.rows("members", PRINTED.iter().map(|(members, printed)| by_members(&all, *members, printed)));
    section.picture("lifeguard.svg", picture::false_positives(&all).svg());
    section.picture("lifeguard-latency.svg", picture::latency(&all).svg());
    let wrong = |row| total(&all, row, |run| run.false_positives, |_| true);
    let order = [Row::Bruit, Row::Lifeguard, Row::Suspicion, Row::Probes, Row::Buddy, Row::Swim];
    section.claim("order", order.map(wrong).is_sorted());
    section.claim("twentieth", wrong(Row::Lifeguard) * 20 <= wrong(Row::Swim));
    let best = |column: fn(&Figures) -> u64| {
        let of = |row: &Row| total(&all, *row, column, |_| true);
        Row::ALL.iter().all(|row| of(&Row::Bruit) <= of(row))
    };
    section.claim("best", COLUMNS.into_iter().all(best));
    let short = |row, figure| total(&all, row, figure, |blocks| blocks.pause == SHORT);
    let of_swim = |figure| 100.0 * short(Row::Bruit, figure) as f64 / short(Row::Swim, figure) as f64;
    let more = [of_swim(|run| run.messages), of_swim(|run| run.bytes)];
    section.set("short_messages", three_digits(more[0]));
    section.set("short_bytes", three_digits(more[1]));
    section.claim("more", more.iter().all(|percent| *percent > 100.0));
    section.claim("nobody", Row::ALL.iter().all(|row| short(*row, |run| run.false_positives) == 0));
    Ok(())
}

/// Of a row, over the cells that are asked for.
fn total(all: &Played, row: Row, figure: fn(&Figures) -> u64, of: impl Fn(&Blocks) -> bool) -> u64 {
    let report = all.report.rows.iter().find(|report| report.row == row);
    let cells = report.into_iter().flat_map(|report| &report.cells).filter(|cell| of(&cell.blocks));
    cells.flat_map(|cell| &cell.runs).map(figure).sum()
}

/// False positives where so many are blocked, ours and the paper's.
fn by_members(all: &Played, members: u32, printed: &[&str; 2]) -> Vec<String> {
    let wrong = |row| total(all, row, |run| run.false_positives, |blocks| blocks.members == members);
    let beside = |row, paper: &str| format!("{} ({paper})", grouped(wrong(row)));
    let bruit = grouped(wrong(Row::Bruit));
    vec![members.to_string(), beside(Row::Swim, printed[0]), beside(Row::Lifeguard, printed[1]), bruit]
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
    [name.to_owned()].into_iter().chain(counts).chain(times.map(detected)).collect()
}
