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
    let all = played(&section.command::<Args>("mongering --runs 600")?)?;
    section.keep(&document(&all));
    section.rows("rows", all.rows.iter().filter(|row| shown(row)).map(row));
    section.picture("mongering.svg", picture::residue(&all).svg());
    let ours = |row: &&Row| row.name == Name::Bruit;
    let law = |row: &Row| row.report.residue.mean / exp(-row.report.traffic.mean);
    section.claim("law", all.rows.iter().filter(ours).map(law).all(|ratio| (0.8..=1.2).contains(&ratio)));
    let faster = [3, 4, 5].map(|k| last(&all, Name::Bruit, k) / last(&all, Name::PushBlindCoin, k));
    let pulled = |row: &&Row| row.name == Name::PullFeedbackCounter && shown(row);
    let apart = |row: &Row| row.printed.map_or(0.0, |paper| (row.report.average.mean / paper.average - 1.0).abs());
    section.claim("pulled", all.rows.iter().filter(pulled).map(apart).all(|apart| apart <= 0.05));
    section.claim("faster", faster.iter().all(|ratio| (0.5..=0.7).contains(ratio)));
    Ok(())
}

/// Which rows the text has: every other k of what is pushed.
fn shown(row: &Row) -> bool {
    match row.name {
        Name::PullFeedbackCounter => row.k <= 3,
        Name::PushFeedbackCounter | Name::PushBlindCoin | Name::Bruit => row.k % 2 == 1,
    }
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
