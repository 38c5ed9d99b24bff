//! Many come, go and come back.

use bruit::sim::experiment::Distribution;
use bruit::sim::experiment::churn::Row;
use bruit_terminal::failure::Failure;
use bruit_terminal::output::{bytes, three_digits};
use bruit_terminal::plot;

use super::{mean_and_most, millis};
use crate::sim::all::section::Section;
use crate::sim::rows::time;
use crate::sim::{churn, join_storm, mass_restart, partition, picture};

fn size(bytes_per_node: f64) -> String {
    bytes(bytes_per_node.round() as u64)
}

/// All join at once.
pub fn join_storm(section: &mut Section) -> Result<(), Failure> {
    let all = join_storm::play(&section.command::<join_storm::Args>("join-storm --runs 3")?)?;
    section.keep(&join_storm::document(&all));
    section.picture("join-storm.svg", picture::join_storm(&all).svg());
    let report = all.report;
    section.set("all_know_all", mean_and_most(report.all_know_all_ms));
    section.set("bytes", size(report.bytes_per_node.mean));
    section.set("late_knows_all", mean_and_most(report.late_knows_all_ms));
    let [half, known] = [report.late_known_by_half_ms, report.late_known_by_all_ms].map(|d| millis(d.mean));
    section.set("late_known", format!("{half}, {known}"));
    section.claim("nobody", report.suspicions == 0 && report.unfinished == 0);
    Ok(())
}

/// All but a few restart.
pub fn mass_restart(section: &mut Section) -> Result<(), Failure> {
    let all = mass_restart::play(&section.command::<mass_restart::Args>("mass-restart --runs 1")?)?;
    section.keep(&mass_restart::document(&all));
    section.picture("mass-restart.svg", picture::mass_restart(&all).svg());
    section.set("all_back", millis(all.report.all_back_ms.mean));
    section.set("bytes", size(all.report.bytes_per_node.mean));
    section.claim("nobody", all.report.false_deaths == 0 && all.report.unfinished == 0);
    Ok(())
}

/// What a piece of news costs where two are told of it, `ln N` times, and comparison finds whoever is missed.
const SPARING: &str = "--set fanout=2 --set one_miss_in=1 --set expected_loss_permille=0";
/// What memberlist's constants allow a node to send in a second at 10,000 nodes, in bytes.
const MEMBERLIST_SENDS: f64 = 21_000.0;

/// So many come and go.
pub fn churn(section: &mut Section) -> Result<(), Failure> {
    let all = churn::play(&section.command::<churn::Args>("churn --rate 4.5,10,22.5,50 --watch 10s")?)?;
    section.keep(&churn::document(&all));
    section.picture("churn.svg", plot::stacked(&picture::churn(&all)));
    let spared = churn::play(&section.command::<churn::Args>(&format!("churn --rate 22.5 --watch 10s {SPARING}"))?)?;
    section.keep(&churn::document(&spared));
    let (rows, spared) = (&all.report.rows, &spared.report.rows);
    let named = |row: &Row| {
        let rate = row.rate.to_string();
        if row.rate == 4.5 { format!("{rate} (memberlist's ceiling at 10,000 nodes)") } else { rate }
    };
    section.rows("rows", rows.iter().map(|row| cells(named(row), row)));
    section.rows("spared", spared.iter().map(|row| cells(format!("{}, sparingly", row.rate), row)));
    let all_well = |row: &Row| (row.unknown, row.skipped, row.false_deaths, row.lags) == (0, 0, 0, false);
    section.claim("nobody", rows.iter().chain(spared).all(all_well));
    section.claim("no_more", spared.iter().all(|row| row.bytes_per_node_s <= MEMBERLIST_SENDS));
    Ok(())
}

fn cells(named: String, row: &Row) -> Vec<String> {
    let pair = |d: Distribution| format!("{}, {}", time(d, |d| d.p50), time(d, |d| d.p99));
    vec![named, pair(row.join_known_ms), pair(row.leave_known_ms), size(row.bytes_per_node_s)]
}

/// Cut and healed.
pub fn partition(section: &mut Section) -> Result<(), Failure> {
    let all = partition::play(&section.command::<partition::Args>("partition --held 24h --runs 1")?)?;
    section.keep(&partition::document(&all));
    section.picture("partition.svg", picture::partition(&all).svg());
    let report = all.report;
    section.set("apart", millis(report.apart_ms.mean));
    section.set("one_view", millis(report.one_view_ms.mean));
    section.set("bytes", size(report.bytes_per_node.mean));
    section.set("nodes", all.setup.base.nodes.to_string());
    let minutes = three_digits(all.setup.base.config.down_retention.as_secs_f64() / 60.0);
    section.set("forgets", minutes.trim_end_matches('0').trim_end_matches('.').to_owned());
    section.claim("nobody", report.false_deaths == 0 && report.unfinished == 0);
    Ok(())
}
