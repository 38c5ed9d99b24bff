//! Do the orderings of the paper hold, and is bruit best in every column?

use super::*;

/// The hardest cells that fit into the time of a test.
fn played() -> Report {
    let mut setup = Setup::new(Profile::Lan);
    (setup.base.nodes, setup.watch) = (64, Span::secs(60));
    setup.cells = Setup::grid(&[4, 8], &[Span::millis(16_384)], &[Span::millis(1_024)]);
    run(&setup, &|_, _| ()).expect("a good setup")
}

#[test]
fn lifeguard_is_far_below_swim_and_bruit_is_best_in_every_column() {
    let report = played();
    let of = |figure: fn(&Figures) -> u64| report.rows.iter().map(|row| row.total(figure)).collect::<Vec<_>>();
    let (all, healthy) = (of(|f| f.false_positives), of(|f| f.false_positives_at_healthy));
    assert!(all[0] > 1_000 && all[4] * 20 <= all[0] && healthy[4] * 20 <= healthy[0], "seed 1: {all:?}, {healthy:?}");
    for part in 1..4 {
        assert!(all[part] < all[0], "seed 1: {} has {all:?}", report.rows[part].row.name());
    }
    for column in [all, healthy, of(|f| f.messages), of(|f| f.bytes)] {
        let (bruit, others) = (column[5], &column[..5]);
        assert!(others.iter().all(|other| bruit <= *other), "seed 1: {column:?}");
    }
    let first = |row: &RowReport| row.times(|f| &f.first_detected_ms);
    let (lifeguard, bruit) = (first(&report.rows[4]), first(&report.rows[5]));
    assert!(lifeguard.count > 0 && bruit.count >= lifeguard.count, "seed 1: {lifeguard:?}, {bruit:?}");
    assert!(bruit.p50 * 2.0 < lifeguard.p50, "seed 1: {lifeguard:?}, {bruit:?}");
}

#[test]
fn no_verdict_comes_sooner_than_its_suspicion_takes() {
    let mut setup = Setup::new(Profile::Lan);
    (setup.base.nodes, setup.watch) = (32, Span::secs(60));
    setup.cells = Setup::grid(&[4], &[Span::millis(8_192)], &[Span::millis(1)]);
    setup.rows = vec![Row::Swim, Row::Lifeguard];
    let report = run(&setup, &|_, _| ()).expect("a good setup");
    for row in &report.rows {
        let [first, all] = [row.times(|f| &f.first_detected_ms), row.times(|f| &f.all_detected_ms)];
        let forgiven = row.row.config(&setup.base.config, 32).pause_to_forgive.as_secs_f64() * 1e3;
        assert!(
            first.count > 0 && first.min >= forgiven && first.count >= all.count,
            "seed 1: {}: {first:?}, {all:?}",
            row.row.name()
        );
    }
}

#[test]
fn a_grid_has_every_combination_and_bad_cells_are_refused() {
    let grid = Setup::grid(&Setup::MEMBERS, &Setup::PAUSES, &Setup::INTERVALS);
    assert_eq!(grid.len(), 9 * 6 * 8);
    let blocks = Blocks { members: 65, pause: Span::secs(1), interval: Span::secs(1) };
    let setup = Setup { cells: vec![blocks], ..Setup::new(Profile::Lan) };
    let error = run(&setup, &|_, _| ()).expect_err("more than half are blocked");
    assert_eq!(error.to_string(), "blocked members is 65; it may be 1 to 64");
}
