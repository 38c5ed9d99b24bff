//! One piece of news.

use bruit::sim::experiment::Engine;
use bruit::sim::experiment::spread::Report;
use bruit_terminal::failure::{Code, Failure};
use bruit_terminal::output::three_digits;

use crate::sim::all::section::Section;
use crate::sim::common::engine_line;
use crate::sim::picture;
use crate::sim::spread::{Args, Played, document, play as played};

/// What is played beside theory, by its flags.
const BESIDE_THEORY: [&str; 12] = [
    "",
    "--loss 0.1",
    "--fanout 1",
    "--mode pull",
    "--mode pull --fanout 1",
    "--mode pull --loss 0.1",
    "--mode push-pull --fanout 1",
    "--mode push-pull --loss 0.1",
    "--timing event",
    "--timing event --latency 0.5",
    "--timing event --mode pull --fanout 1",
    "--timing event --mode push-pull --fanout 1",
];
/// Of those, the one that is drawn.
const DRAWN: &str = "--timing event";
/// The sizes that are drawn, at equal distances by powers of ten.
const SIZES: &str = "spread --sizes 10,32,100,316,1000";
/// How far a mean may be from what is expected, in rounds or intervals, beside this many standard errors; and how far a p99.
const NEAR: (f64, f64) = (0.1, 4.0);
const NEAR_P99: f64 = 1.0;

/// Plays it.
pub fn play(section: &mut Section) -> Result<(), Failure> {
    let mut rows = Vec::new();
    let mut near = true;
    for flags in BESIDE_THEORY {
        let all = one(section, flags)?;
        near &= is_as_expected(&all.report);
        if flags == DRAWN {
            section.picture("spread-time.svg", picture::coverage(&all).svg());
        }
        rows.push(row(flags, &all));
    }
    section.rows("rows", rows);
    section.claim("near", near);
    let eager = [3, 4].map(|fanout| one(section, &format!("--timing event --eager --fanout {fanout}")));
    let [three, four] = eager.map(|all| all.map(|all| all.report.rounds_to[0].mean));
    let (three, four) = (three?, four?);
    section.set("eager_3", three_digits(three));
    section.set("eager_4", three_digits(four));
    // The model without it has 1.1 and 0.7.
    section.claim("half", [1.1 - three, 0.7 - four].iter().all(|saved| (0.4..=0.65).contains(saved)));
    let sizes = played(&section.command::<Args>(SIZES)?)?;
    sizes.iter().for_each(|size| section.keep(&document(size)));
    section.picture("spread-sizes.svg", picture::by_size(&sizes).svg());
    Ok(())
}

fn is_as_expected(report: &Report) -> bool {
    let Some(theory) = &report.theory else { return false };
    theory.rounds_to.iter().zip(report.rounds_to).all(|((mean, p99), ours)| {
        (ours.mean - mean).abs() <= NEAR.0 + NEAR.1 * ours.standard_error && (ours.p99 - p99).abs() <= NEAR_P99
    })
}

fn one(section: &mut Section, flags: &str) -> Result<Played, Failure> {
    let args = section.command::<Args>(format!("spread {flags}").trim_end())?;
    let all = played(&args)?.pop().ok_or_else(|| Failure::new(Code::Failed, "nothing was played"))?;
    section.keep(&document(&all));
    Ok(all)
}

fn row(flags: &str, Played { setup, report }: &Played) -> Vec<String> {
    let flags = if flags.is_empty() { format!("(fanout {})", setup.base.config.fanout) } else { format!("`{flags}`") };
    let all = report.rounds_to[2];
    let mut cells = vec![flags, engine_line(Engine::Node).to_owned()];
    let theory = report.theory.as_ref();
    let (mean, p99) = theory.map_or((f64::NAN, f64::NAN), |theory| theory.rounds_to[2]);
    cells.extend([all.mean, mean, all.p99, p99].map(three_digits));
    let closed = theory.and_then(|theory| theory.closed);
    let closed =
        closed.map_or_else(String::new, |closed| format!("; {}: {}", closed.name, three_digits(closed.rounds)));
    cells.push(format!("{}{closed}", theory.map_or("", |theory| theory.name)));
    cells
}
