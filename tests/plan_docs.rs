//! Are the figures of `docs/planner.md` those that the planner works out? Each table is made anew and looked for in the page.

use bruit::plan::{Mode, Model, Rounds, Scenario};

const PAGE: &str = include_str!("../docs/planner.md");

fn push(nodes: u32, fanout: u32, loss: f64) -> Rounds {
    let scenario = Scenario { nodes, mode: Mode::Push, fanout, loss, dead: 0.0 };
    Rounds::of(&Model::try_from(scenario).expect("makes sense"))
}

fn assert_in_page(rows: &[String]) {
    assert!(rows.iter().all(|row| PAGE.contains(row)), "docs/planner.md shall have these rows:\n{}", rows.join("\n"));
}

#[test]
fn the_page_has_how_much_the_formulas_that_circulate_err() {
    let cells = [(100, 2), (100, 4), (1_000, 2), (1_000, 3), (1_000, 4), (1_000, 8), (100_000, 3), (1_000_000, 3)];
    let row = |(nodes, fanout): (u32, u32)| {
        let (n, f) = (f64::from(nodes), f64::from(fanout));
        let all = &push(nodes, fanout, 0.0).arrivals[2];
        // Where (1 - f/N)^(fk) leaves one node of N.
        let of_one_caller = n.ln() / (-f * (1.0 - f / n).ln());
        let (mean, p99) = (all.mean().expect("ends"), all.quantile(0.99).expect("ends"));
        format!("| {nodes} | {fanout} | {mean:.1} | {p99} | {:.1} | {of_one_caller:.0} |", n.ln() / f.ln())
    };
    assert_in_page(&cells.map(row));
}

#[test]
fn the_page_has_what_loss_does_to_the_mean_and_to_the_p99() {
    let row = |loss: f64| {
        let all = |mode| {
            let scenario = Scenario { nodes: 1_000, mode, fanout: 3, loss, dead: 0.0 };
            let all = Rounds::of(&Model::try_from(scenario).expect("makes sense")).arrivals[2].clone();
            format!("{:.1} | {}", all.mean().expect("ends"), all.quantile(0.99).expect("ends"))
        };
        format!("| {:.0} % | {} | {} | {} |", loss * 100.0, all(Mode::Push), all(Mode::Pull), all(Mode::PushPull))
    };
    assert_in_page(&[0.0, 0.1, 0.3].map(row));
}
