//! What is played unless one says otherwise? The help says so, as the experiment's setup has it.

use std::fmt::Display;
use std::time::Duration;

use bruit::Span;
use bruit::sim::experiment::{Base, Runs};
use clap::{Arg, Command};

/// Says in the help of flags what is played where they are not given.
pub trait Usual: Sized {
    /// Of one flag.
    fn unless_given(self, flag: &'static str, default: impl Display) -> Self;

    /// Of those that all experiments have.
    fn usually(self, base: &Base, runs: Runs) -> Self {
        self.unless_given("nodes", base.nodes)
            .unless_given("loss", f64::from(base.link.loss_permille) / 1e3)
            .unless_given("runs", runs.count)
    }
}

impl Usual for Command {
    fn unless_given(self, flag: &'static str, default: impl Display) -> Self {
        let said = |arg: Arg| {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            arg.help(format!("{help} [default: {default}]"))
        };
        self.mut_arg(flag, said)
    }
}

/// A time as it is given to a flag.
pub fn as_typed(span: Span) -> String {
    humantime::format_duration(Duration::from_nanos(span.as_nanos())).to_string().replace(' ', "")
}

/// Several values as they are given to a flag.
pub fn list<T: Display>(values: impl IntoIterator<Item = T>) -> String {
    values.into_iter().map(|value| value.to_string()).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use clap::Subcommand;

    use crate::sim::Experiment;

    #[test]
    fn the_help_of_every_experiment_says_what_is_played_unless_one_says_otherwise() {
        let all = Experiment::augment_subcommands(clap::Command::new("sim"));
        let mut seen = 0;
        for experiment in all.get_subcommands() {
            let flags = ["nodes", "runs", "loss", "rate", "survivors", "split", "held", "over", "retained", "starved"];
            for flag in experiment.get_arguments().filter(|arg| flags.contains(&arg.get_id().as_str())) {
                let said = flag.get_help().map(ToString::to_string).unwrap_or_default();
                let is_said = said.contains("[default: ") || !flag.get_default_values().is_empty();
                assert!(is_said, "{}: {}", experiment.get_name(), flag.get_id());
                seen += 1;
            }
        }
        assert!(seen > 45, "{seen}");
        let detect = all.get_subcommands().find(|experiment| experiment.get_name() == "detect").expect("it is one");
        let help = detect.get_arguments().find(|arg| arg.get_id() == "runs").and_then(|arg| arg.get_help());
        assert!(help.expect("it has one").to_string().ends_with(", each time from the next seed [default: 200]"));
    }
}
