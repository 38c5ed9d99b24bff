//! Rumors that are dropped.

use bruit_terminal::failure::Failure;
use bruit_terminal::output::three_digits;
use libm::exp;

use crate::sim::all::section::Section;
use crate::sim::common::engine_line;
use crate::sim::mongering::{Args, Name, Played, Row, document, play as played, small};
use crate::sim::picture;

/// Plays it.
pub fn play(section: &mut Section) -> Result<(), Failure> {
    let all = played(&section.command::<Args>("mongering --runs 80 -k 1,2,3")?)?;
    section.keep(&document(&all));
    section.rows("rows", all.rows.iter().map(row));
    section.picture("mongering.svg", picture::residue(&all).svg());
    let pushes = |row: &&Row| row.name != Name::PullFeedbackCounter;
    let law = |row: &Row| row.report.residue.mean / exp(-row.report.traffic.mean);
    section.claim(
        "law",
        all.rows.iter().filter(pushes).filter(|row| row.k > 1).map(law).all(|ratio| (0.8..=1.2).contains(&ratio)),
    );
    let faster = last(&all, Name::PushBlindCounter, 3) / last(&all, Name::PushBlindCoin, 3);
    let pulled = |row: &&Row| row.name == Name::PullFeedbackCounter;
    let apart = |row: &Row| row.printed.map_or(0.0, |paper| (row.report.average.mean / paper.average - 1.0).abs());
    section.claim("pulled", all.rows.iter().filter(pulled).map(apart).all(|apart| apart <= 0.05));
    section.claim("met", all.rows.iter().filter(pushes).all(is_met));
    section.claim("faster", (0.5..=0.7).contains(&faster));
    Ok(())
}

/// Whether residue and traffic are those of the paper to 5 %, beside what was rounded away there.
fn is_met(row: &Row) -> bool {
    let near = |ours: f64, printed: f64, rounded: f64| (ours - printed).abs() <= 0.05 * printed + rounded;
    let report = &row.report;
    row.printed.is_none_or(|paper| {
        near(report.residue.mean, paper.residue, paper.residue_rounded())
            && near(report.traffic.mean, paper.traffic, paper.traffic_rounded())
    })
}

fn row(row: &Row) -> Vec<String> {
    let (report, paper) = (&row.report, row.printed);
    let beside = |ours: String, paper: Option<String>| paper.map_or(ours.clone(), |paper| format!("{ours} ({paper})"));
    vec![
        row.name.shown().to_owned(),
        engine_line(report.engine).to_owned(),
        row.k.to_string(),
        beside(small(report.residue.mean), paper.map(|paper| small(paper.residue))),
        beside(three_digits(report.traffic.mean), paper.map(|paper| paper.traffic.to_string())),
        beside(three_digits(report.average.mean), paper.map(|paper| paper.average.to_string())),
        beside(three_digits(report.last.mean), paper.map(|paper| paper.last.to_string())),
    ]
}

fn last(all: &Played, name: Name, k: u32) -> f64 {
    all.rows.iter().find(|row| row.name == name && row.k == k).map_or(f64::NAN, |row| row.report.last.mean)
}
