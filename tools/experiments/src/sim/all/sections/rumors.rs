//! Rumors that nodes publish, one at a time and all at once.

use bruit::Class;
use bruit::sim::experiment::rumors::Row;
use bruit_config::Setting;
use bruit_terminal::failure::Failure;
use bruit_terminal::output::{bytes, three_digits};
use bruit_terminal::plot;

use super::{grouped, millis};
use crate::sim::all::section::Section;
use crate::sim::mongering::small;
use crate::sim::rumors::{Args, Played, document, play as played, rule_of};
use crate::sim::{picture, storm};

/// The rules that are compared, in the clusters that are.
const RULES: &str = "feedback-counter-1,feedback-counter-2,feedback-counter-3,feedback-coin-2,blind-counter-4,blind-counter-6,\
                     blind-counter-8";
const CLUSTERS: [&str; 4] = ["-n 100", "-n 100 --loss 0.1", "-n 1000", "-n 1000 --loss 0.1"];
/// How many rumors each is asked for.
const RUNS: u32 = 20;
/// How many of those that are passed on at once: hardly one in ten leaves anybody out.
const URGENT: &str = "rumors --class urgent --runs 200 --latency 100us";

/// Plays one at a time.
pub fn play(section: &mut Section) -> Result<(), Failure> {
    let mut all = Vec::new();
    for cluster in CLUSTERS {
        let line = format!("rumors {cluster} --runs {RUNS} --latency 100us --rule {RULES}");
        all.push(one(section, &line)?);
    }
    let [calm, lossy] = ["", " --loss 0.1"].map(|loss| one(section, &format!("{URGENT}{loss}")));
    let urgent = [calm?, lossy?];
    section.rows("rows", all.iter().flat_map(|of| of.report.rows.iter().map(move |row| cells(of, row))));
    section.rows("urgent", urgent.iter().flat_map(|of| of.report.rows.iter().map(move |row| at_once(of, row))));
    section.picture("rumors.svg", plot::stacked(&all.iter().map(picture::left_to_repair).collect::<Vec<_>>()));
    let rows = || all.iter().chain(&urgent).flat_map(|of| &of.report.rows);
    section.claim("nobody", rows().all(|row| row.missed == 0));
    let default = |of: &Played| of.report.rows.iter().find(|row| row.rule == of.setup.base.config.rumor_rule).cloned();
    let beats = |ours: &Row, row: &Row| {
        !row.rule.feedback || row.bytes.mean >= ours.bytes.mean || row.residue.mean > ours.residue.mean
    };
    let best = |of: &Played| default(of).is_some_and(|ours| of.report.rows.iter().all(|row| beats(&ours, row)));
    let [calm, lossy] = &urgent;
    let interval_ms = |of: &Played| of.setup.base.config.gossip_interval.as_secs_f64() * 1e3;
    section.claim("at once", calm.report.rows.iter().all(|row| row.all_ms.p99 <= 2.0 && row.copies.max <= 6.0));
    let promised =
        |row: &Row| row.nearly_ms.p99 <= 3.0 && row.all_ms.max <= 2.0 * interval_ms(lossy) && row.copies.max <= 6.0;
    section.claim("under loss", lossy.report.rows.iter().all(promised));
    section.claim("beats", all.iter().all(best));
    let soon = |of: &Played| {
        let soonest = of.report.rows.iter().map(|row| row.all_ms.p50).fold(f64::INFINITY, f64::min);
        default(of).is_some_and(|row| row.all_ms.p50 <= soonest + interval_ms(of))
    };
    section.claim("soon", all.iter().all(soon));
    section.set("default", all.first().map_or_else(String::new, |of| of.setup.base.config.rumor_rule.show()));
    section.set("commands", commands());
    Ok(())
}

fn commands() -> String {
    let normal = CLUSTERS.map(|cluster| format!("`{cluster}`")).join(", ");
    let rounds = format!("`bruit sim rumors --runs {RUNS} --latency 100us --rule {RULES}` with {normal}");
    format!("{rounds}; `bruit sim {URGENT}`, also with `--loss 0.1`")
}

fn one(section: &mut Section, line: &str) -> Result<Played, Failure> {
    let all = played(&section.command::<Args>(line)?)?;
    section.keep(&document(&all));
    Ok(all)
}

fn cluster(Played { setup, .. }: &Played) -> [String; 2] {
    [grouped(setup.base.nodes.into()), format!("{} %", setup.base.link.loss_permille / 10)]
}

fn cells(of: &Played, row: &Row) -> Vec<String> {
    let figures = [
        rule_of(&of.setup, row),
        small(row.residue.mean),
        three_digits(row.copies.mean),
        bytes(row.bytes.mean.round() as u64),
        millis(row.all_ms.p50),
        millis(row.all_ms.p99),
    ];
    cluster(of).into_iter().chain(figures).collect()
}

fn at_once(of: &Played, row: &Row) -> Vec<String> {
    debug_assert_eq!(of.setup.class, Class::Urgent, "told at once");
    let planned = of.report.planned.map_or([f64::NAN; 2], |planned| planned.all_ms);
    let times = [row.nearly_ms.p99, row.all_ms.p50, row.all_ms.p99, row.all_ms.max].map(millis);
    let figures = [small(row.residue.mean), three_digits(row.copies.mean)];
    cluster(of).into_iter().chain(figures).chain(times).chain(planned.map(millis)).collect()
}

/// Plays all at once, smaller than it is demanded: the whole takes too long for a report.
pub fn storm(section: &mut Section) -> Result<(), Failure> {
    let all = storm::play(&section.command::<storm::Args>("storm -n 200 --rate 10 --watch 5s")?)?;
    section.keep(&storm::document(&all));
    section.picture("storm.svg", picture::storm(&all).svg());
    let dash = |d: bruit::sim::experiment::Distribution, ms: f64| if d.count > 0 { millis(ms) } else { "-".to_owned() };
    let row = |row: &bruit::sim::experiment::storm::Row| {
        let [joined, left] = row.known_ms;
        vec![
            row.part.name().to_owned(),
            grouped(row.delivered),
            grouped(row.lost),
            dash(row.over_ms, row.over_ms.mean),
            bytes(row.bytes_per_node.mean.round() as u64),
            dash(joined, joined.p99),
            dash(left, left.p99),
        ]
    };
    section.rows("rows", all.report.rows.iter().map(row));
    let rows = &all.report.rows;
    section.claim("all", rows.iter().all(|row| (row.missing, row.refused, row.unknown) == (0, 0, 0)));
    section.claim("nobody", rows.iter().all(|row| row.suspicions == 0));
    // The burst of a fifth of a second, and what leaves whatever the budgets say.
    section.claim("caps", rows.iter().all(|row| row.ahead_ms.max <= 210.0));
    Ok(())
}
