//! A crash, and what looks like one.

use bruit_terminal::failure::Failure;
use bruit_terminal::output::{bytes, three_digits};

use super::{grouped, millis};
use crate::sim::all::section::Section;
use crate::sim::{detect, false_death, loss, picture};

/// Clusters in which one crashes; the last is drawn.
const CRASHES: [&str; 3] = ["detect --nodes 10", "detect --nodes 100", "detect --nodes 1000 --runs 60"];

/// How soon a crash is noticed.
pub fn detect(section: &mut Section) -> Result<(), Failure> {
    let (mut rows, mut reports) = (Vec::new(), Vec::new());
    for command in CRASHES {
        let all = detect::play(&section.command::<detect::Args>(command)?)?;
        section.keep(&detect::document(&all));
        section.picture("detect.svg", picture::detection(&all).svg());
        let report = all.report;
        rows.push(vec![
            grouped(all.setup.base.nodes.into()),
            three_digits(report.first_pinged_periods.mean),
            millis(report.first_pinged_ms.mean),
            millis(report.first_detected_ms.mean),
            millis(report.all_detected_ms.p50),
            millis(report.theory.all_detected_ms.0),
            millis(report.all_detected_ms.p99),
        ]);
        reports.push(report);
    }
    section.rows("rows", rows);
    section.claim("nobody", reports.iter().all(|report| (report.false_suspicions, report.missed) == (0, 0)));
    section.claim("later", reports.is_sorted_by(|a, b| a.first_detected_ms.mean < b.first_detected_ms.mean));
    Ok(())
}

/// SWIM's run under loss.
pub fn loss(section: &mut Section) -> Result<(), Failure> {
    let all = loss::play(&section.command::<loss::Args>("loss")?)?;
    section.keep(&loss::document(&all));
    section.picture("loss.svg", picture::group(&all).svg());
    let row = |row: &bruit::sim::experiment::loss::RowReport| {
        let paper = row.row.printed().map_or_else(String::new, |left| left.to_string());
        vec![told(row.row).to_owned(), format!("{:.1}", row.stable.mean), format!("{:.0}", row.stable.min), paper]
    };
    section.rows("rows", all.report.rows.iter().map(row));
    let left: Vec<_> = all.report.rows.iter().map(|row| row.stable.mean).collect();
    section.claim("order", left.is_sorted() && left[2] > 3.0 * left[1]);
    Ok(())
}

const fn told(row: bruit::sim::experiment::loss::Row) -> &'static str {
    use bruit::sim::experiment::loss::Row;
    match row {
        Row::Basic => "a failed probe is a verdict, told to all at once",
        Row::Infection => "a failed probe is a verdict, which spreads as an infection does",
        Row::Suspicion => "suspicion for nine periods, and infection",
        Row::Bruit => "bruit as it is",
    }
}

/// Who is held dead that lives.
pub fn false_death(section: &mut Section) -> Result<(), Failure> {
    let small = false_death::play(&section.command::<false_death::Args>("false-death --nodes 100")?)?;
    let large = false_death::play(&section.command::<false_death::Args>("false-death --nodes 1000")?)?;
    section.keep(&false_death::document(&small));
    section.keep(&false_death::document(&large));
    let of = |row: &bruit::sim::experiment::false_death::Row| {
        let count = |n: f64| grouped(n.round() as u64);
        [count(row.verdicts.mean), count(row.accusations.mean), bytes(row.bytes_per_node_s.mean.round() as u64)]
    };
    let rows = small.report.rows.iter().zip(&large.report.rows).map(|(small, large)| {
        let loss = format!("{} %", f64::from(small.loss_permille) / 10.0);
        [loss].into_iter().chain(of(small)).chain(of(large)).collect()
    });
    section.rows("rows", rows);
    section.picture("false-death.svg", picture::false_deaths(&large).svg());
    Ok(())
}
