//! How soon against how often wrongly: what one gives up for a faster verdict.

use bruit::sim::experiment::{detect as crash, false_death as lossy};
use bruit_terminal::failure::Failure;
use bruit_terminal::output::{bytes, three_digits};

use super::millis;
use crate::sim::all::section::Section;
use crate::sim::picture;
use crate::sim::{detect, false_death};

/// The probe intervals that are tried, a curve for each.
const INTERVALS: [&str; 3] = ["500ms", "1s", "2s"];
/// The pauses that are forgiven, a dot for each.
const PAUSES: [&str; 5] = ["250ms", "500ms", "1s", "2s", "4s"];
/// The profile's own.
const OURS: (&str, &str) = ("1s", "1s");
/// What is lost while it is counted who is wrong: so much that somebody is.
const LOSS: &str = "0.4";

/// One choice, and what comes of it.
pub struct Choice {
    pub interval: &'static str,
    pub pause: &'static str,
    /// Verdicts on members that live.
    pub wrong: f64,
    /// Bytes that a node sends in a second meanwhile.
    pub bytes: f64,
    /// Milliseconds until all know of a crash where nothing is lost: p50.
    pub known: f64,
}

impl Choice {
    fn is_ours(&self) -> bool {
        (self.interval, self.pause) == OURS
    }
}

/// Plays it.
pub fn play(section: &mut Section) -> Result<(), Failure> {
    let mut choices = Vec::new();
    for interval in INTERVALS {
        for pause in PAUSES {
            choices.push(choice(section, interval, pause)?);
        }
    }
    let curves = INTERVALS.map(|interval| {
        let dots = choices.iter().filter(|choice| choice.interval == interval).map(place).collect();
        (format!("probe interval {interval}"), dots)
    });
    let ours = choices.iter().filter(|choice| choice.is_ours()).map(place).collect();
    section.picture("tradeoff.svg", picture::tradeoff(&curves, ours).svg());
    section.rows("rows", choices.iter().map(row));
    let [crashes, lossy] = commands("TIME", "TIME");
    section.set("commands", format!("`bruit sim {crashes}` and `bruit sim {lossy}` for each row"));
    // Of neighbours who is wrong more often is chance; of the ends of a curve it is not.
    let slower = choices.chunks(PAUSES.len()).all(|curve| curve.is_sorted_by(|a, b| a.known < b.known));
    let wrong = |choice: &Choice| choice.wrong;
    let righter = choices.chunks(PAUSES.len()).all(|c| c.first().map(wrong) > c.last().map(wrong));
    section.claim("slower", slower);
    section.claim("righter", righter);
    Ok(())
}

/// For the time until all know, and for who is wrong.
fn commands(interval: &str, pause: &str) -> [String; 2] {
    let flags = format!("--nodes 100 --probe-interval {interval} --pause-to-forgive {pause}");
    [format!("detect {flags} --runs 100"), format!("false-death {flags} --loss {LOSS}")]
}

fn place(choice: &Choice) -> (f64, f64) {
    (choice.wrong, choice.known / 1e3)
}

fn choice(section: &mut Section, interval: &'static str, pause: &'static str) -> Result<Choice, Failure> {
    let [crashes, lossy] = commands(interval, pause);
    let crashes = detect::play(&section.command::<detect::Args>(&crashes)?)?;
    let lossy = false_death::play(&section.command::<false_death::Args>(&lossy)?)?;
    section.keep(&detect::document(&crashes));
    section.keep(&false_death::document(&lossy));
    let figure = |of: fn(&lossy::Row) -> f64| lossy.report.rows.first().map_or(f64::NAN, of);
    let report: &crash::Report = &crashes.report;
    Ok(Choice {
        interval,
        pause,
        wrong: figure(|row| row.verdicts.mean),
        bytes: figure(|row| row.bytes_per_node_s.mean),
        known: report.all_detected_ms.some().map_or(f64::NAN, |d| d.p50),
    })
}

fn row(choice: &Choice) -> Vec<String> {
    let ours = if choice.is_ours() { " (`lan`)" } else { "" };
    vec![
        format!("{}{ours}", choice.interval),
        choice.pause.to_owned(),
        millis(choice.known),
        three_digits(choice.wrong),
        bytes(choice.bytes.round() as u64),
    ]
}
