use super::support::{cluster, contribute, rounds, set_loss, worst};

/// Loss in permille.
const LOSSES: [u32; 4] = [0, 100, 200, 300];

fn all_are_right_after(within: u64, nodes: usize) {
    for loss in LOSSES {
        let (mut world, hosts) = cluster(u64::from(loss) + 1, nodes);
        set_loss(&mut world, loss);
        let numbers = contribute(&mut world, &hosts);
        let mut course = Vec::new();
        for _ in 0..within {
            rounds(&mut world, 1);
            course.push(worst(&world, &hosts, &numbers));
        }
        let last = course[course.len() - 1];
        assert!(last <= 0.01, "{nodes} nodes, {loss} permille lost, after {within} rounds: {last}; {course:?}");
    }
}

#[test]
fn every_node_is_within_one_percent_after_twenty_rounds_whatever_is_lost() {
    all_are_right_after(20, 200);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "full size is for release")]
fn a_thousand_nodes_take_hardly_more_rounds() {
    all_are_right_after(22, 1_000);
}
