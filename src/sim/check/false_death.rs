//! Is anybody held dead who lives? Once all is quiet, nobody who is a member, runs and can be reached both ways.

use super::census::Census;
use crate::sim::HostId;

pub(super) fn found(census: &Census) -> Vec<(HostId, String)> {
    let mut all = Vec::new();
    for holder in census.members() {
        for held in holder.holds.iter().filter(|held| !held.state.is_up()) {
            let lives = |p: &&super::census::Process| p.boot == held.boot && p.side == holder.side;
            if census.members().any(|p| lives(&p)) {
                all.push((holder.host, format!("holds {} to be {}, which lives", held.name, held.state.name())));
            }
        }
    }
    all
}
