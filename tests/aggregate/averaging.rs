use super::support::{cluster, contribute, rounds, set_loss, worst};

const NODES: usize = if cfg!(debug_assertions) { 200 } else { 1_000 };
/// Rounds after which all are right: five times as many nodes take two more.
const WITHIN: u64 = if cfg!(debug_assertions) { 20 } else { 22 };
/// Loss in permille.
const LOSSES: [u32; 4] = [0, 100, 200, 300];

#[test]
fn every_node_is_within_one_percent_after_some_twenty_rounds_whatever_is_lost() {
    for loss in LOSSES {
        let (mut world, hosts) = cluster(u64::from(loss) + 1, NODES);
        set_loss(&mut world, loss);
        let numbers = contribute(&mut world, &hosts);
        let mut course = Vec::new();
        for _ in 0..WITHIN {
            rounds(&mut world, 1);
            course.push(worst(&world, &hosts, &numbers));
        }
        let last = course[course.len() - 1];
        assert!(last <= 0.01, "{NODES} nodes, {loss} permille lost, after {WITHIN} rounds: {last}; {course:?}");
    }
}
