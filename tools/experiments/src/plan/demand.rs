//! Can it be had? What is said of a demand that is met, and of one that is not.

use std::time::Duration;

use bruit::plan::{Answer, Binding, Demand, Milestone};
use bruit_terminal::failure::{Code, Failure};
use bruit_terminal::output::{bytes, three_digits};

use super::text::small;

/// One of the things that were asked for.
struct Asked {
    /// As a sentence's subject.
    what: String,
    within: f64,
    reached: f64,
}

fn asked(demand: &Demand, answer: &Answer) -> Vec<Asked> {
    let everybody = |others: &str| match demand.coverage {
        1.0 => others.to_owned(),
        share => format!("{} % of the living", percent(share)),
    };
    let detect = demand.detect.zip(answer.detected).map(|(detect, reached)| Asked {
        what: match detect.milestone {
            Milestone::Suspected => "somebody suspects a silent host".to_owned(),
            Milestone::Dead => "somebody declares a silent host dead".to_owned(),
            Milestone::Known if demand.coverage < 1.0 => {
                format!("{} know that a silent host is dead", everybody(""))
            }
            Milestone::Known => "everybody knows that a silent host is dead".to_owned(),
        },
        within: detect.within.as_secs_f64(),
        reached,
    });
    let know = demand.know_within.zip(answer.known).map(|(within, reached)| Asked {
        what: format!("news is known to {}", everybody("everybody")),
        within: within.as_secs_f64(),
        reached,
    });
    detect.into_iter().chain(know).collect()
}

/// A time for people: three digits, and no zeros behind the point.
pub fn seconds(s: f64) -> String {
    if s >= 600.0 {
        return humantime::format_duration(Duration::from_secs(s as u64)).to_string();
    }
    let (number, unit) = match s {
        _ if s >= 1.0 => (s, "s"),
        _ if s >= 1e-3 || s == 0.0 => (s * 1e3, "ms"),
        _ => (s * 1e6, "µs"),
    };
    let digits = three_digits(number);
    let short = if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { &digits };
    format!("{short} {unit}")
}

/// The answer: a line for each thing asked for, the parameters, what decides.
pub fn met(demand: &Demand, answer: &Answer) -> String {
    let cases = percent(demand.confidence);
    let mut text = String::new();
    for Asked { what, within, reached } in asked(demand, answer) {
        text += &format!("{what} within {} in {cases} of 100 cases ({} asked)\n", time(reached), seconds(within));
    }
    let time_of = |time: Option<Duration>| time.map_or_else(String::new, |t| seconds(t.as_secs_f64()));
    let too_slow = |time: String| format!("the {time} decide: whatever costs less is too slow");
    let bound = match answer.binding {
        Binding::DetectWithin => too_slow(time_of(demand.detect.map(|d| d.within))),
        Binding::KnowWithin => too_slow(time_of(demand.know_within)),
        Binding::FalsePositives => format!(
            "the {} false suspicions per node and hour decide: whatever costs less accuses more",
            small(demand.false_positives_max.unwrap_or(f64::INFINITY))
        ),
        Binding::Bytes | Binding::PauseToForgive(_) | Binding::Nothing => {
            "nothing decides: even the cheapest parameters do".to_owned()
        }
    };
    let average = match answer.news.bytes {
        0.0 => String::new(),
        _ => format!("; {} on average", three_digits(answer.traffic().bytes)),
    };
    text + &format!(
        "  with {}:\n  {} B/s per node in quiet, {} while there is news, {} B for a piece of it{average}\n  {bound}\n",
        parameters(answer),
        three_digits(answer.quiet.bytes),
        three_digits(answer.busy().bytes),
        three_digits(answer.piece.bytes),
    )
}

/// The parameters, as far as the search has found them.
fn parameters(answer: &Answer) -> String {
    let config = &answer.watch.config;
    format!(
        "a probe every {}, {}, gossip to {} every {}",
        seconds(config.probe_interval.as_secs_f64()),
        count(config.helpers, "helper"),
        count(config.fanout, "peer"),
        seconds(config.gossip_interval.as_secs_f64()),
    )
}

fn count(n: u32, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// A time that may never come.
fn time(s: f64) -> String {
    if s.is_finite() { seconds(s) } else { "never".to_owned() }
}

fn percent(share: f64) -> String {
    let text = format!("{:.6}", share * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Why it cannot be had, and what can.
pub fn refused(demand: &Demand, answer: &Answer) -> Failure {
    let (why, advice) = because(demand, answer);
    let asked = asked(demand, answer);
    let wanted: Vec<_> = asked.iter().map(|a| format!("{} within {}", a.what, seconds(a.within))).collect();
    let reached: Vec<_> = asked.iter().map(|a| time(a.reached)).collect();
    let cause = format!(
        "{} in {} of 100 cases: {why};\n  the nearest that can be had: {} with {}, at {}/s per node while there is news",
        wanted.join(", and "),
        percent(demand.confidence),
        reached.join(" and "),
        parameters(answer),
        bytes(answer.busy().bytes as u64),
    );
    Failure::new(Code::NotMet, cause).advise(advice)
}

/// Two digits that are not below.
fn above(x: f64) -> String {
    let digit = 10_f64.powf(x.log10().floor() - 1.0);
    format!("{:.1e}", (x / digit).ceil() * digit)
}

fn because(demand: &Demand, answer: &Answer) -> (String, String) {
    let accused_max = demand.false_positives_max.unwrap_or(f64::INFINITY);
    let pause = seconds(answer.watch.config.pause_to_forgive.as_secs_f64());
    let allowed = demand.bytes_max.map(|max| bytes(max as u64)).unwrap_or_default();
    match answer.binding {
        Binding::PauseToForgive(Some(would_do)) => (
            format!(
                "no parameters are fast enough, since a suspicion alone lasts {}, of which {pause} forgive pauses",
                seconds(answer.detection.suspicion_min()),
            ),
            format!("lower --pause-to-forgive to {}, or ask for more time", humantime::format_duration(would_do)),
        ),
        Binding::PauseToForgive(None) => (
            format!(
                "no parameters are fast enough while pauses of {pause} are forgiven, and none within the other limits"
            ),
            "lower --pause-to-forgive and raise the other limits, or ask for more time".to_owned(),
        ),
        // The nearest is above a limit only where nothing keeps it, however much time there is.
        Binding::Bytes if demand.bytes_max.is_some_and(|max| answer.busy().bytes > max) => (
            format!("no probes and rounds cost as little as {allowed}/s per node"),
            format!("raise --max-bytes-per-node to {} at least", answer.busy().bytes.ceil()),
        ),
        Binding::Bytes => (
            format!("{allowed}/s per node do not pay for probes and rounds as frequent as that"),
            "raise --max-bytes-per-node, or ask for more time".to_owned(),
        ),
        Binding::FalsePositives if answer.false_positives > accused_max => (
            format!("no probes accuse as few as {} living members per node and hour", small(accused_max)),
            format!("raise --max-false-positives to {} at least", above(answer.false_positives)),
        ),
        Binding::FalsePositives => (
            format!("what is fast enough accuses more than {} living members per node and hour", small(accused_max)),
            "raise --max-false-positives, or ask for more time".to_owned(),
        ),
        Binding::DetectWithin | Binding::KnowWithin | Binding::Nothing => {
            ("no parameters are fast enough, whatever is spent".to_owned(), "ask for more time".to_owned())
        }
    }
}
