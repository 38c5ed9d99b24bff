//! Play histories of faults, drawn from seeds, on real nodes in virtual time, and name the first that breaks a rule.
//!
//! Run: `cargo run --release --features sim --example histories -- 1..1001`. `bruit sim swarm` does more: it shortens what it finds,
//! and says what the histories exercised. This is as little as finding takes, for those who change a node again and again.

use std::error::Error;
use std::ops::Range;
use std::process::ExitCode;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use bruit::sim::swarm::{Plan, Size, play};

/// Those of `bruit sim swarm`: the same seed draws the same history there.
const SIZE: Size = Size { nodes: 12, acts: 25 };

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let asked = std::env::args().nth(1).unwrap_or_else(|| "1..201".to_owned());
    let how = "name the seeds as FROM..TO, two numbers; TO is not played";
    let (from, to) = asked.split_once("..").ok_or(how)?;
    let seeds = from.parse().map_err(|_| how)?..to.parse().map_err(|_| how)?;
    // A panic is found and told like any other broken rule.
    std::panic::set_hook(Box::new(|_| ()));
    let Some(seed) = first_that_fails(&seeds) else {
        println!("none of {asked} breaks a rule");
        return Ok(ExitCode::SUCCESS);
    };
    for violation in play(&Plan::draw(seed, SIZE), None).found {
        println!("seed {seed} {violation}");
    }
    Ok(ExitCode::FAILURE)
}

/// Plays on all cores, each the next seed that nobody has taken; no further than what has been found.
fn first_that_fails(seeds: &Range<u64>) -> Option<u64> {
    let (next, first) = (AtomicU64::new(seeds.start), AtomicU64::new(seeds.end));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Relaxed);
                    if seed >= first.load(Relaxed) {
                        return;
                    }
                    if !play(&Plan::draw(seed, SIZE), None).found.is_empty() {
                        first.fetch_min(seed, Relaxed);
                    }
                }
            });
        }
    });
    seeds.contains(&first.load(Relaxed)).then(|| first.load(Relaxed))
}
