//! How does a run look in the language of the scripts in `tests/scenarios`? One command a line, as it was done: playing
//! it there gives the same trace.

use core::fmt::Write as _;
use core::time::Duration;

use super::plan::Plan;
use crate::config::Config;
use crate::limits::Limits;
use crate::sim::{Latency, Link};
use crate::time::Span;

/// The commands so far.
#[derive(Debug, Default)]
pub(super) struct Script {
    text: String,
    /// The time that the commands so far have let pass.
    at: Span,
}

impl Script {
    /// A plan's parameters, as commands.
    pub fn of(plan: &Plan) -> Self {
        let mut script = Self::default();
        script.text += &format!("# What seed {} of the swarm draws, or what is left of it.\n", plan.seed);
        script.say(&format!("seed {}", plan.seed));
        script.say(&format!("profile {}", plan.profile.name()));
        let set = settings(&plan.config, &Config::new(plan.profile));
        if !set.is_empty() {
            script.say(&format!("set{set}"));
        }
        let Limits { members, probes, relays, book, origins, rumors, rumor_window, rumor_bytes, .. } = plan.limits;
        let Limits { state_owners, state_keys, .. } = plan.limits;
        script.say(&format!("limits members={members} probes={probes} relays={relays} book={book}"));
        script.say(&format!(
            "limits origins={origins} rumors={rumors} rumor_window={rumor_window} rumor_bytes={rumor_bytes} \
             state_owners={state_owners} state_keys={state_keys}"
        ));
        script
    }

    pub fn say(&mut self, command: &str) {
        self.text += &format!("> {command}\n");
    }

    /// Lets time pass up to a moment.
    pub fn run_to(&mut self, at: Span) {
        if at > self.at {
            self.say(&format!("run {}", time(at.saturating_sub(self.at))));
            self.at = at;
        }
    }

    pub fn into_text(self) -> String {
        self.text
    }
}

/// One field of a configuration.
type NumberOf = fn(&Config) -> u32;

/// The fields in which a configuration differs from another one.
fn settings(config: &Config, from: &Config) -> String {
    let mut set = String::new();
    let mut put = |name: &str, value: String, before: String| {
        if value != before {
            write!(set, " {name}={value}").expect("a string takes all");
        }
    };
    let span = |duration: Duration| time(duration.into());
    put("down_retention", span(config.down_retention), span(from.down_retention));
    put("rumor_retention", span(config.rumor_retention), span(from.rumor_retention));
    put("tombstone_retention", span(config.tombstone_retention), span(from.tombstone_retention));
    put("kernel_evidence", config.kernel_evidence.to_string(), from.kernel_evidence.to_string());
    let numbers: [(&str, NumberOf); 8] = [
        ("fanout", |c| c.fanout),
        ("helpers", |c| c.helpers),
        ("confirmations", |c| c.confirmations),
        ("datagrams_per_second", |c| c.datagrams_per_second),
        ("bytes_per_second", |c| c.bytes_per_second),
        ("eager_per_second", |c| c.eager_per_second),
        ("strangers_per_second", |c| c.strangers_per_second),
        ("repair_per_second", |c| c.repair_per_second),
    ];
    for (name, of) in numbers {
        put(name, of(config).to_string(), of(from).to_string());
    }
    set
}

/// A link as the options of a command.
pub(super) fn link(link: &Link) -> String {
    let Link { latency, loss_permille, duplicate_permille, reorder_permille, reorder_by } = link;
    format!(
        "latency={} loss={loss_permille} duplicate={duplicate_permille} reorder={reorder_permille} reorder_by={}",
        span_of(latency),
        time(*reorder_by)
    )
}

fn span_of(latency: &Latency) -> String {
    match latency {
        Latency::Constant(span) => time(*span),
        Latency::Uniform(least, most) => format!("{}..{}", time(*least), time(*most)),
        Latency::LogNormal { median, sigma_permille } => format!("{}~{sigma_permille}", time(*median)),
    }
}

/// In the largest unit that is exact.
pub(super) fn time(span: Span) -> String {
    let units = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")];
    let exact = units.into_iter().find(|(nanos, _)| span.as_nanos() % nanos == 0);
    let (nanos, unit) = exact.unwrap_or((1, "ns"));
    format!("{}{unit}", span.as_nanos() / nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_exact_in_the_largest_unit_that_is() {
        let spans = [Span::secs(90), Span::millis(1_500), Span::micros(2_500), Span::nanos(7), Span::ZERO];
        assert_eq!(spans.map(time), ["90s", "1500ms", "2500us", "7ns", "0s"]);
    }
}
