//! Nothing happens.

use std::time::Duration;

use bruit_terminal::failure::Failure;
use bruit_terminal::output::{bytes, three_digits};

use super::grouped;
use crate::sim::all::section::Section;
use crate::sim::picture;
use crate::sim::steady::{Args, Played, document, play as played};

/// Plays it. Processor time is left out: it is the machine's, and no two runs have the same.
pub fn play(section: &mut Section) -> Result<(), Failure> {
    let all = played(&section.command::<Args>("steady --sizes 10,32,100,316,1000,3162")?, &|| Duration::ZERO)?;
    all.iter().for_each(|size| section.keep(&document(size)));
    section.picture("steady.svg", picture::idle_bytes(&all).svg());
    let row = |Played { setup, report }: &Played| {
        vec![
            grouped(setup.base.nodes.into()),
            three_digits(report.datagrams_per_node_s.mean),
            bytes(report.bytes_per_node_s.mean.round() as u64),
        ]
    };
    section.rows("rows", all.iter().map(row));
    let sent = |size: &Played| size.report.bytes_per_node_s.mean;
    let most = all.iter().map(sent).fold(0.0, f64::max);
    section.claim("flat", all.iter().all(|size| sent(size) > most * 0.97 && size.report.suspicions == 0));
    Ok(())
}
