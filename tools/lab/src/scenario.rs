//! What happens to a cluster in a bad network? The steps that the measurement and the test go through alike.

use std::time::{Duration, Instant};

use bruit::Config;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::failure::Failure;
use crate::figures::rounded;
use crate::network::Network;
use crate::progress::Progress;
use crate::views::{Views, Wrong};
use crate::watch::Watch;

/// How long each step may take: for a broken build, not a measurement.
const STEP_WITHIN: Duration = Duration::from_secs(180);

/// What is done.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How long the cluster runs before the cut.
    pub lossy: Duration,
    /// The host that is cut off.
    pub cut: usize,
}

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// What was to come true.
    pub name: &'static str,
    /// How long that took; `None` when it never came.
    pub took_ms: Option<f64>,
    /// What else there is to say.
    pub note: String,
}

impl Step {
    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({ "name": self.name, "took_ms": self.took_ms.map(rounded) })
    }
}

/// How it went.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// In their order.
    pub steps: Vec<Step>,
    /// What nobody should have seen until the cut was healed, where neither of the two was cut off.
    pub wrong: Wrong,
    /// The same after it was healed: verdicts that the one who was cut off had come to alone, and that others took over
    /// until their subject refuted. Told and not judged: nobody may be left dead by them, which the last step shows.
    pub carried_over: Wrong,
    /// Datagrams that the hosts lost on purpose.
    pub lost: u64,
}

/// All join and run under loss; one is cut off until all others know, and put back until all see all.
///
/// # Errors
/// Ctrl-C, or a tool that refuses.
pub fn lose_cut_and_heal<C: Cluster>(
    watch: &mut Watch<C>,
    network: &Network,
    config: &Config,
    plan: &Plan,
    progress: &mut Progress,
) -> Result<Outcome, Failure> {
    let began = Instant::now();
    let mut steps = vec![until(watch, "all see all", began, progress, Views::all_alive)?];
    let before = watch.views.wrong(0).deaths;
    watch.during(plan.lossy, |_, _| progress.say(format_args!("running under loss")))?;
    let deaths = watch.views.wrong(0).deaths - before;
    let took_ms = Some(plan.lossy.as_secs_f64() * 1e3);
    steps.push(Step { name: "ran under loss", took_ms, note: format!("{deaths} false deaths") });
    // Somebody may be suspected at the moment, which is no fault; the cut begins from a healthy cluster.
    steps.push(until(watch, "all see all before the cut", Instant::now(), progress, Views::all_alive)?);

    watch.views.pauses(plan.cut);
    watch.views.set_apart(plan.cut, true);
    network.cut(plan.cut)?;
    let known = |views: &Views| views.all_hold_down(plan.cut);
    steps.push(until(watch, "cut off, all others know", Instant::now(), progress, known)?);
    // It has to give up the others as well, so that both sides have to find back.
    watch.during(config.probe_interval * 5, |_, _| {})?;

    let wrong = watch.views.wrong(0);
    network.heal(plan.cut)?;
    steps.push(until(watch, "healed, all see all", Instant::now(), progress, Views::all_alive)?);
    watch.views.resumes(plan.cut);
    watch.views.set_apart(plan.cut, false);
    // What the other side had decided may still be on its way; whoever it is about refutes, and nobody stays dead.
    watch.during(config.probe_interval * 5, |_, _| progress.say(format_args!("settling")))?;
    steps.push(until(watch, "all see all at the end", Instant::now(), progress, Views::all_alive)?);
    let carried_over = watch.wrong()?.beyond(&wrong);
    Ok(Outcome { steps, wrong, carried_over, lost: network.lost()? })
}

fn until<C: Cluster>(
    watch: &mut Watch<C>,
    name: &'static str,
    began: Instant,
    progress: &mut Progress,
    mut is_true: impl FnMut(&Views) -> bool,
) -> Result<Step, Failure> {
    progress.say(format_args!("{name}?"));
    let at = watch.until(STEP_WITHIN, &mut is_true)?;
    let took_ms = at.map(|at| at.saturating_duration_since(began).as_secs_f64() * 1e3);
    Ok(Step { name, took_ms, note: String::new() })
}
