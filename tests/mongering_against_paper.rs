//! Do real nodes drop rumors as the paper says? Demers et al. 1987, tables 1 and 2, played by the code that runs in production.
//!
//! Residue and traffic within 5 % of what is printed, and of what was rounded away there. The optimizer decides whether it is the
//! paper's 1,000 sites; without it, fewer and only their order.

use bruit::sim::experiment::mongering::{self, Report, Rule, Setup};
use bruit::sim::experiment::{Distribution, Engine, Runs};

const SEED: u64 = 1987;

fn play(rule: Rule, k: u32, nodes: u32, runs: u32) -> Report {
    let mut setup = Setup { runs: Runs { count: runs, seed: SEED }, ..Setup::new(rule, k) };
    setup.base.nodes = nodes;
    let report = mongering::run(&setup, &|_, _| ()).expect("a good setup");
    assert_eq!(report.engine, Engine::Node);
    report
}

fn near(ours: Distribution, printed: f64, rounded: f64, what: &str) {
    let off = (ours.mean - printed).abs();
    assert!(off <= 0.05 * printed + rounded, "{what}: {ours:?}, printed {printed}, seed {SEED}");
}

/// Every k of a table, or in a debug build two of them with fewer sites.
fn table(rule: Rule, runs: [u32; 4]) {
    if cfg!(debug_assertions) {
        let [two, three] = [2, 3].map(|k| play(rule, k, 100, 40));
        assert!(two.residue.mean > three.residue.mean && two.traffic.mean < three.traffic.mean, "{two:?}, {three:?}");
        return;
    }
    for (k, runs) in (1..).zip(runs) {
        let report = play(rule, k, 1_000, runs);
        let printed = rule.printed(k).expect("stands in the paper");
        near(report.residue, printed.residue, printed.residue_rounded(), &format!("k = {k}, residue"));
        near(report.traffic, printed.traffic, printed.traffic_rounded(), &format!("k = {k}, traffic"));
    }
}

#[test]
fn table_1_push_with_feedback_and_counter() {
    table(Rule::PUSH_FEEDBACK_COUNTER, [100, 200, 400, 600]);
}

#[test]
fn table_2_push_blind_with_coin() {
    // With k = 1 nearly all runs end at once and a few inform half: a heavy tail.
    table(Rule::PUSH_BLIND_COIN, [3_000, 200, 200, 400]);
}
