//! Does a swarm of drawn histories break a rule? The same seeds each time; hundreds more of them in the release section
//! of CI, by the command. And is a printed history the one that was played?

mod interpreter;

use bruit::DropReason;
use bruit::sim::swarm::{Act, Plan, Report, Setup, Size, play, run};
use bruit::wire::Kind;
use interpreter::Interpreter;

/// What the seeds below must have exercised, beside every act and every reason to drop. Of what is counted of rumors two things are
/// not among them: nobody here says what is implausible, and there are places for more origins than there are starts.
const EXERCISED: [(&str, &str); 64] = [
    ("network", "lost"),
    ("network", "cut"),
    ("network", "duplicated"),
    ("network", "refused"),
    ("network", "nowhere"),
    ("network", "too_long"),
    ("network", "queue_lost"),
    ("network", "inbox_lost"),
    ("counter", "second_pings"),
    ("counter", "ping_requests"),
    ("counter", "probes_failed"),
    ("counter", "probes_repeated"),
    ("counter", "probes_skipped"),
    ("counter", "relays"),
    ("counter", "relays_refused"),
    ("counter", "kernel_evidence"),
    ("counter", "suspicions"),
    ("counter", "confirmations"),
    ("counter", "verdicts_put_off_by_life"),
    ("counter", "verdicts_put_off_by_doubt"),
    ("counter", "lag_extensions"),
    ("counter", "deaths_declared"),
    ("counter", "deaths_heard"),
    ("counter", "refutations"),
    ("counter", "claims_need_profile"),
    ("counter", "eager_held"),
    ("counter", "budget_held"),
    ("counter", "pages_received"),
    ("counter", "late_answers"),
    ("counter", "repairs_begun"),
    ("counter", "repaired"),
    ("counter", "revivals_tried"),
    ("counter", "rumors_published"),
    ("counter", "rumors_new"),
    ("counter", "rumors_known"),
    ("counter", "rumors_delivered"),
    ("counter", "rumors_lost"),
    ("counter", "rumors_pushed"),
    ("counter", "rumors_told"),
    ("counter", "rumors_held_back"),
    ("counter", "rumors_supplied"),
    ("counter", "rumors_asked"),
    ("counter", "rumors_evicted_early"),
    ("counter", "rumors_too_old"),
    ("counter", "origins_forgotten"),
    ("counter", "rumor_walks"),
    ("counter", "state_written"),
    ("counter", "state_new"),
    ("counter", "state_known"),
    ("counter", "state_gaps"),
    ("counter", "state_told"),
    ("counter", "state_pushed"),
    ("counter", "state_repairs"),
    ("counter", "state_diverged"),
    ("counter", "state_conflicts"),
    ("event", "rumor"),
    ("event", "rumors_lost"),
    ("event", "forgotten"),
    ("event", "join_refused"),
    ("event", "left"),
    ("event", "name_conflict"),
    ("event", "refuted"),
    ("event", "self_refuted"),
    ("event", "self_removed"),
];

fn explained(report: &Report) -> String {
    let script = |failure: &bruit::sim::swarm::Failure| failure.shorter.as_ref().map(|s| s.script.clone());
    let of = |failure: &bruit::sim::swarm::Failure| {
        format!("seed {}: {}\n{}", failure.seed, failure.violation, script(failure).unwrap_or_default())
    };
    report.failures.iter().map(of).collect()
}

#[test]
fn no_drawn_history_breaks_a_rule_and_all_of_them_exercise_everything() {
    let setup = Setup { seeds: 1..401, size: Size { nodes: 8, acts: 20 } };
    let report = run(&setup, &|_, _| ());
    assert!(report.failures.is_empty(), "{}", explained(&report));
    let acts = Act::NAMES.map(|name| ("act", name));
    let drops = DropReason::ALL.iter().map(|reason| ("drop", reason.name()));
    // In no drawn history does anybody ask how far the others are, or contribute to an average.
    let drawn = |kind: &&Kind| !matches!(kind, Kind::Survey | Kind::Surveyed | Kind::Averages);
    let sent = Kind::ALL.iter().filter(drawn).map(|kind| ("sent", kind.name()));
    let never: Vec<_> = EXERCISED
        .into_iter()
        .chain(acts)
        .chain(drops)
        .chain(sent)
        .filter(|(group, name)| report.coverage.of(group, name) == 0)
        .collect();
    assert!(never.is_empty(), "never exercised: {never:?}");
}

#[test]
fn a_printed_history_plays_as_it_was_played() {
    for seed in 0..20 {
        let played = play(&Plan::draw(seed, Size { nodes: 6, acts: 20 }), None);
        let mut interpreter = Interpreter::default();
        let commands: Vec<&str> = played.script.lines().filter_map(|line| line.strip_prefix("> ")).collect();
        let printed: Vec<String> = commands.iter().flat_map(|command| interpreter.run(command)).collect();
        assert_eq!(printed, [""; 0], "seed {seed}: nothing is wrong, and nothing else is printed");
        assert_eq!(interpreter.run("trace"), [format!("{:016x}", played.trace)], "seed {seed}\n{}", played.script);
    }
}
