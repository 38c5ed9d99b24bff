//! Averaging by gossip.

use bruit_terminal::failure::Failure;
use bruit_terminal::output::three_digits;

use crate::sim::aggregate::{Args, Name, Played, Row, document, end, play as played, right_after};
use crate::sim::all::section::Section;
use crate::sim::common::engine_line;
use crate::sim::picture;

/// Plays it.
pub fn play(section: &mut Section) -> Result<(), Failure> {
    let all = played(&section.command::<Args>("aggregate")?)?;
    let small = played(&section.command::<Args>("aggregate -n 100 --method node --losses 0,0.3")?)?;
    let crashed = "aggregate --crashed 0.1 --rounds 400 --losses 0,0.2 --runs 3";
    let crashed = played(&section.command::<Args>(crashed)?)?;
    [&all, &small, &crashed].iter().for_each(|played| section.keep(&document(played)));
    section.rows("rows", all.rows.iter().map(|row| line(&all, row)));
    section.rows("small", small.rows.iter().map(|row| line(&small, row)));
    section.rows("crashed", crashed.rows.iter().map(|row| line(&crashed, row)));
    section.picture("aggregate.svg", picture::averaging(&all).svg());
    let of = |played: &Played, name: Name, holds: fn(&Row) -> bool| {
        played.rows.iter().filter(|row| row.name == name).all(holds)
    };
    section.claim("in_time", of(&all, Name::Node, |row| row.report.never == 0 && row.report.right_after.max <= 22.0));
    section.claim("crashes", of(&crashed, Name::Node, |row| row.report.never == 0));
    let loses = |row: &Row| row.loss_permille < 200 || row.report.never > 0;
    section.claim("loses", of(&all, Name::PushPull, loses) && of(&all, Name::PushSum, loses));
    section.claim("taken_along", of(&crashed, Name::PushPull, |row| row.report.never > 0));
    Ok(())
}

fn line(played: &Played, row: &Row) -> Vec<String> {
    let [mean, most] = right_after(&row.report);
    vec![
        row.name.shown().to_owned(),
        engine_line(row.report.engine).to_owned(),
        played.setup.base.nodes.to_string(),
        format!("{} %", f64::from(row.loss_permille) / 10.0),
        format!("{mean}, {most}"),
        end(&row.report),
        three_digits(row.report.datagrams.mean),
    ]
}
