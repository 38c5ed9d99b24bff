//! State that all agree on.

use std::time::Duration;

use bruit_terminal::failure::Failure;
use bruit_terminal::output::{bytes, three_digits};

use super::{grouped, millis};
use crate::sim::all::section::Section;
use crate::sim::picture;
use crate::sim::state::{Args, Played, Row, document, play as play_args};

/// Bytes of a key, its value and what stands in front of them.
const ENTRY: f64 = bruit::sim::experiment::state::ENTRY as f64;

/// What others send for a member, or an owner, each time that two of them meet.
const FULL_SWAP: [f64; 2] = [2.0 * 73.0, 2.0 * 207.0];
const FLAT_DIGEST: f64 = 15.0;

/// Plays it. Processor time is left out: it is the machine's, and no two runs have the same.
pub fn play(section: &mut Section) -> Result<(), Failure> {
    let played = |section: &mut Section, line: &str| -> Result<Played, Failure> {
        let played = play_args(&section.command::<Args>(line)?, &|| Duration::ZERO)?;
        section.keep(&document(&played));
        Ok(played)
    };
    let rest: Vec<Played> = [0, 10, 100, 1_000, 10_000]
        .into_iter()
        .map(|owners| played(section, &format!("state in-step --owners {owners}")))
        .collect::<Result<_, _>>()?;
    let few = played(section, "state repair --runs 100")?;
    let many = played(section, "state repair --owners 10000 --runs 100")?;
    let news = played(section, "state news --runs 40")?;
    let unrest = played(section, "state unrest")?;
    let newcomer = played(section, "state newcomer --runs 40 --losses 0,0.2,0.3")?;
    in_step(section, &rest);
    repair(section, [&few, &many]);
    section.rows("news", news.rows.iter().map(told));
    let planned = |row: &Row| {
        let (took, plan) = (row.of("intervals"), row.of("planned_push_pull"));
        let rare = row.loss_permille > 0 || took.p99 <= plan.max + 1.0;
        plan.count == 0 || took.mean <= plan.min + 1.0 && rare
    };
    section.claim("planned", news.rows.iter().all(planned));
    section.rows("unrest", unrest.rows.iter().map(agreed));
    section.claim("agree", unrest.rows.iter().all(|row| row.of("agree_percent").min >= 95.0));
    section.rows("newcomer", newcomer.rows.iter().map(joined));
    let soon = |row: &Row| row.of("all_ms").max <= if row.loss_permille == 0 { 1_000.0 } else { 5_000.0 };
    section.claim("complete", newcomer.rows.iter().all(soon));
    let lossless = |row: &&Row| row.loss_permille == 0;
    section.claim("lean", newcomer.rows.iter().filter(lossless).all(|row| row.of("times_state").max <= 1.3));
    Ok(())
}

fn in_step(section: &mut Section, rest: &[Played]) {
    let rows = || rest.iter().flat_map(|played| played.rows.iter().map(move |row| (played, row)));
    section.rows("rest", rows().filter(|(_, row)| row.loss_permille == 0).map(|(played, row)| rested(played, row)));
    section.claim("silent", rows().all(|(_, row)| row.of("about_state").max == 0.0));
    let figures =
        |row: &Row| ["datagrams_per_node_s", "bytes_per_node_s", "calls_per_node_s"].map(|of| row.of(of).mean);
    let lossless: Vec<_> = rows().filter(|(_, row)| row.loss_permille == 0).map(|(_, row)| figures(row)).collect();
    section.claim("even", lossless.windows(2).all(|pair| pair[0] == pair[1]));
}

fn repair(section: &mut Section, both: [&Played; 2]) {
    section.rows("rows", both.into_iter().flat_map(|played| played.rows.iter().map(|row| repaired(played, row))));
    section.picture("state.svg", picture::repair(&both).svg());
    let all = |lossy: bool, keeps: &dyn Fn(&Row) -> bool| {
        let few = |row: &&Row| row.differ <= 10 && (row.loss_permille > 0) == lossy;
        both.into_iter().flat_map(|played| &played.rows).filter(few).all(keeps)
    };
    let allowed = |row: &Row| 3.0 * ENTRY * f64::from(row.differ) + 2_500.0;
    section.claim("cheap", all(false, &|row| row.of("bytes").max <= allowed(row)));
    section.claim("soon", all(false, &|row| row.of("round_trips").max <= 2.0));
    section.claim("lossy", all(true, &|row| row.of("bytes").mean <= allowed(row)));
    section.rows("beside", both.into_iter().map(beside));
}

/// What others send however little differs.
fn beside(played: &Played) -> Vec<String> {
    let size = |n: f64| bytes(n.round() as u64);
    let owners = f64::from(played.owners);
    let one = played.rows.iter().find(|row| row.differ == 1 && row.loss_permille == 0);
    let ours = one.map_or(f64::NAN, |row| row.of("bytes").mean);
    let [least, most] = FULL_SWAP.map(|each| size(each * owners));
    vec![grouped(played.owners.into()), size(ours), format!("{least} to {most}"), size(FLAT_DIGEST * owners)]
}

fn rested(played: &Played, row: &Row) -> Vec<String> {
    let keys = u64::from(played.owners) * u64::from(bruit::sim::experiment::state::KEYS);
    let per = |name: &str| three_digits(row.of(name).mean);
    vec![
        grouped(played.owners.into()),
        grouped(keys),
        grouped(row.of("about_state").max as u64),
        per("datagrams_per_node_s"),
        per("bytes_per_node_s"),
        per("calls_per_node_s"),
    ]
}

fn agreed(row: &Row) -> Vec<String> {
    vec![
        loss(row),
        format!("{} %", three_digits(row.of("agree_percent").mean)),
        three_digits(row.of("repairs_per_node_min").mean),
    ]
}

fn loss(row: &Row) -> String {
    format!("{} %", f64::from(row.loss_permille) / 10.0)
}

fn repaired(played: &Played, row: &Row) -> Vec<String> {
    let size = |n: f64| bytes(n.round() as u64);
    let (sent, trips) = (row.of("bytes"), row.of("round_trips"));
    vec![
        grouped(played.owners.into()),
        loss(row),
        grouped(row.differ.into()),
        size(ENTRY * f64::from(row.differ)),
        format!("{}, {}", size(sent.mean), size(sent.max)),
        [trips.mean, trips.p50, trips.p99].map(three_digits).join(", "),
        three_digits(row.of("comparisons").mean),
    ]
}

fn told(row: &Row) -> Vec<String> {
    let (all, intervals, plan) = (row.of("all_ms"), row.of("intervals"), row.of("planned_push_pull"));
    let pair = |mean: f64, p99: f64| format!("{}, {}", three_digits(mean), three_digits(p99));
    let planned = if plan.count == 0 { "-".to_owned() } else { pair(plan.min, plan.max) };
    vec![
        row.case.clone(),
        loss(row),
        millis(row.of("most_ms").mean),
        format!("{}, {}", millis(all.mean), millis(all.max)),
        pair(intervals.mean, intervals.p99),
        planned,
    ]
}

fn joined(row: &Row) -> Vec<String> {
    let (joined, all, sent) = (row.of("joined_ms"), row.of("all_ms"), row.of("bytes"));
    let pair = |d: bruit::sim::experiment::Distribution| format!("{}, {}", millis(d.mean), millis(d.max));
    vec![loss(row), pair(joined), pair(all), bytes(sent.mean.round() as u64), three_digits(row.of("times_state").mean)]
}
