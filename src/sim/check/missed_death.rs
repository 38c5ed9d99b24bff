//! Is anybody held up who is gone? Once all is quiet, no start whose process is down, has left or was refused its name.

use super::census::Census;
use crate::node::Phase;
use crate::sim::HostId;

pub(super) fn found(census: &Census) -> Vec<(HostId, String)> {
    let mut all = Vec::new();
    for holder in census.members() {
        for held in holder.holds.iter().filter(|held| held.state.is_up()) {
            // Who is halted may be held to be up still, or not: neither is wrong.
            if !census.0.iter().any(|p| p.boot == held.boot && p.phase == Phase::Joined) {
                all.push((holder.host, format!("holds {} {} to be {}", held.name, held.boot, held.state.name())));
            }
        }
    }
    all
}
