//! Which sections are there? One file for each kind of experiment: what is played, how it fills the text, and what must be
//! true of it for the text to be.

mod aggregate;
mod failure;
mod lifeguard;
mod membership;
mod mongering;
mod rumors;
mod spread;
mod state;
mod steady;
mod tradeoff;

use bruit::sim::experiment::Distribution;
use bruit_terminal::failure::Failure;
use bruit_terminal::output::micros;

use super::section::Section;
use crate::sim::rows::time;

/// What plays a section.
pub type Play = fn(&mut Section) -> Result<(), Failure>;

/// Every section by its name, in the order of the text.
pub const SECTIONS: [(&str, Play); 16] = [
    ("spread", spread::play),
    ("mongering", mongering::play),
    ("rumors", rumors::play),
    ("storm", rumors::storm),
    ("state", state::play),
    ("aggregate", aggregate::play),
    ("detect", failure::detect),
    ("loss", failure::loss),
    ("lifeguard", lifeguard::play),
    ("false-death", failure::false_death),
    ("tradeoff", tradeoff::play),
    ("join-storm", membership::join_storm),
    ("mass-restart", membership::mass_restart),
    ("churn", membership::churn),
    ("partition", membership::partition),
    ("steady", steady::play),
];

/// A time that was measured in milliseconds.
fn millis(ms: f64) -> String {
    micros((ms * 1e3).round() as u64)
}

/// A whole number with its thousands apart.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let first = digits.len() % 3;
    let apart = |(at, digit): (usize, char)| [(at > 0 && at % 3 == first).then_some(','), Some(digit)];
    digits.chars().enumerate().flat_map(apart).flatten().collect()
}

/// The mean and the most of some times, or the mean alone of one.
fn mean_and_most(d: Distribution) -> String {
    let mean = time(d, |d| d.mean);
    if d.count > 1 { format!("{mean}, {}", millis(d.max)) } else { mean }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        let cases = [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345, "12,345"), (1_234_567, "1,234,567")];
        for (n, text) in cases {
            assert_eq!(grouped(n), text);
        }
    }
}
