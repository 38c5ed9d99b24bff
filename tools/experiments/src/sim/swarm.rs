//! `bruit sim swarm`: many small clusters, each with another history of faults, under all the rules.

use std::ops::Range;

use bruit::Span;
use bruit::sim::check::Violation;
use bruit::sim::swarm::{self, Failure as Broken, Report, Setup, Size};
use bruit_terminal::failure::{Code, Failure};
use bruit_terminal::output::{self, Paint, Table};
use bruit_terminal::progress::Line;
use serde::Serialize;

/// Anything goes: drawn parameters, networks and faults, then healing; every rule is checked
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A seed that fails is printed with the command that plays it again, and the first three with a shorter \
    history as a script for tests/scenarios. Exit code 1 when a seed fails."
)]
pub struct Args {
    /// The seeds, the second one excluded, as in 1..301
    #[arg(long, value_name = "A..B", default_value = "1..101", value_parser = range)]
    seeds: Range<u64>,
    /// Nodes at the beginning, at most
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(3..=48))]
    nodes: u32,
    /// Things done to them, at most
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u32).range(3..=200))]
    acts: u32,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

/// Seeds as `A..B`.
fn range(text: &str) -> Result<Range<u64>, String> {
    let number = |text: &str| text.parse::<u64>().map_err(|_| format!("{text:?} is no number; say 1..301"));
    let (from, to) = text.split_once("..").ok_or_else(|| "seeds are a range such as 1..301".to_owned())?;
    let range = number(from)?..number(to)?;
    match range.end.checked_sub(range.start) {
        None | Some(0) => Err("there is no seed in that range".to_owned()),
        Some(count) if count > u64::from(u32::MAX) => Err("at most 4294967295 seeds at once".to_owned()),
        Some(_) => Ok(range),
    }
}

/// Plays them and shows what came out; fails when any rule was broken.
pub fn run(args: &Args) -> Result<(), Failure> {
    let setup = Setup { seeds: args.seeds.clone(), size: Size { nodes: args.nodes, acts: args.acts } };
    // A node that panics is a finding, which is shown once and not at each play.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let line = Line::new("swarm");
    let report = swarm::run(&setup, &|done, of| line.runs(done, of));
    drop(line);
    std::panic::set_hook(hook);
    if args.json {
        output::print_json(&document(args, &report))?;
    } else {
        output::print(&table(&report).render(Paint::stdout()))?;
    }
    if report.failures.is_empty() {
        return Ok(());
    }
    let text: String = report.failures.iter().map(|broken| describe(args, broken)).collect();
    Err(Failure::new(Code::Failed, format!("{} of {} seeds failed\n{text}", report.failures.len(), report.played)))
}

/// What was found, how to see it again, and what is left of it.
fn describe(args: &Args, broken: &Broken) -> String {
    let mut text = format!("seed {}: {}\n  replay: {}\n", broken.seed, broken.violation, replay(args, broken.seed));
    if let Some(shorter) = &broken.shorter {
        text += &format!("  shortened: {}\n{}", shorter.violation, shorter.script);
    }
    text
}

fn replay(args: &Args, seed: u64) -> String {
    format!("bruit sim swarm --seeds {seed}..{} --nodes {} --acts {}", seed.saturating_add(1), args.nodes, args.acts)
}

#[derive(Serialize)]
struct Document {
    schema: u32,
    scenario: &'static str,
    seeds: [u64; 2],
    nodes_max: u32,
    acts_max: u32,
    played: u64,
    failed: Vec<Failed>,
    slowest: Option<Slowest>,
    coverage: serde_json::Map<String, serde_json::Value>,
    trace_hash: String,
}

#[derive(Serialize)]
struct Failed {
    seed: u64,
    check: &'static str,
    what: String,
    replay: String,
    script: Option<String>,
}

#[derive(Serialize)]
struct Slowest {
    seed: u64,
    quiet_after_ms: u64,
    quiet_within_ms: u64,
}

fn document(args: &Args, report: &Report) -> Document {
    let failed = |broken: &Broken| {
        let Violation { check, .. } = broken.violation;
        Failed {
            seed: broken.seed,
            check: check.name(),
            what: broken.violation.to_string(),
            replay: replay(args, broken.seed),
            script: broken.shorter.as_ref().map(|shorter| shorter.script.clone()),
        }
    };
    let slowest = |(seed, took, within): (u64, Span, Span)| Slowest {
        seed,
        quiet_after_ms: took.as_millis(),
        quiet_within_ms: within.as_millis(),
    };
    let mut coverage = serde_json::Map::new();
    for (group, name, n) in report.coverage.rows() {
        let group = coverage.entry(group).or_insert_with(|| serde_json::Value::Object(serde_json::Map::new()));
        if let Some(group) = group.as_object_mut() {
            group.insert(name.to_owned(), n.into());
        }
    }
    Document {
        schema: 1,
        scenario: "swarm",
        seeds: [args.seeds.start, args.seeds.end],
        nodes_max: args.nodes,
        acts_max: args.acts,
        played: report.played,
        failed: report.failures.iter().map(failed).collect(),
        slowest: report.slowest.map(slowest),
        coverage,
        trace_hash: format!("{:016x}", report.trace_hash),
    }
}

fn table(report: &Report) -> Table {
    let mut table = Table::new(&["exercised", "", ">times"]);
    for (group, name, n) in report.coverage.rows() {
        table.row([group.into(), name.into(), n.to_string().into()]);
    }
    if let Some((seed, took, within)) = report.slowest {
        let (took, within) = (took.as_millis(), within.as_millis());
        table.row([
            "slowest to be quiet".into(),
            format!("seed {seed}").into(),
            format!("{took} of {within} ms").into(),
        ]);
    }
    table.row(["plans".into(), "played".into(), report.played.to_string().into()]);
    table.row(["plans".into(), "failed".into(), report.failures.len().to_string().into()]);
    table.row(["trace hash".into(), "".into(), format!("{:016x}", report.trace_hash).into()]);
    table
}

#[cfg(test)]
mod tests {
    use bruit::Instant;
    use bruit::sim::check::Check;
    use bruit::sim::swarm::Shorter;

    use super::*;

    #[test]
    fn a_seed_that_fails_is_printed_with_how_to_play_it_and_what_is_left_of_it() {
        let args = Args { seeds: 1..9, nodes: 6, acts: 7, json: false };
        let violation = Violation {
            check: Check::FalseDeath,
            at: Instant::from_nanos(1_500_000_000),
            host: None,
            what: "x".into(),
        };
        let plan = swarm::Plan::draw(3, Size { nodes: 3, acts: 3 });
        let shorter = Shorter { plan, violation: violation.clone(), script: "> seed 3\n".into() };
        let text = describe(&args, &Broken { seed: 3, violation, shorter: Some(shorter) });
        let said = "seed 3: false_death at 1.500 s: x\n  replay: bruit sim swarm --seeds 3..4 --nodes 6 --acts 7\n  \
            shortened: false_death at 1.500 s: x\n> seed 3\n";
        assert_eq!(text, said);
    }

    #[test]
    fn seeds_are_a_range_with_something_in_it() {
        assert_eq!(range("3..5"), Ok(3..5));
        for bad in ["3", "5..3", "3..3", "a..4", "0..4294967297"] {
            assert!(range(bad).is_err(), "{bad}");
        }
    }
}
