//! Can it be had? What is said of a demand that is met, and of one that is not.

use std::time::Duration;

use bruit::plan::{Answer, Binding, Demand, Milestone};

use crate::failure::{Code, Failure};
use crate::output::{bytes, three_digits};

/// What was asked for, as a sentence's subject.
fn asked(milestone: Milestone) -> &'static str {
    match milestone {
        Milestone::Suspected => "somebody suspects a silent host",
        Milestone::Dead => "somebody declares a silent host dead",
        Milestone::Known => "everybody knows that a silent host is dead",
    }
}

/// A time for people: three digits, and no zeros behind the point.
pub fn seconds(s: f64) -> String {
    if s >= 600.0 {
        return humantime::format_duration(Duration::from_secs(s as u64)).to_string();
    }
    let (number, unit) = if s < 1.0 { (s * 1e3, "ms") } else { (s, "s") };
    let digits = three_digits(number);
    let short = if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { &digits };
    format!("{short} {unit}")
}

/// The answer, in two lines.
pub fn met(demand: &Demand, answer: &Answer) -> String {
    let config = &answer.watch.config;
    let within = seconds(demand.within.as_secs_f64());
    let bound = match answer.binding {
        Binding::Within => format!("the {within} decide: a longer interval costs less and is too slow"),
        Binding::Bytes | Binding::Suspicion | Binding::Nothing => {
            "nothing decides: the longest interval does".to_owned()
        }
    };
    format!(
        "{} within {} in {} of 100 cases ({within} asked)\n  with a probe every {}, {} helpers, gossip to {} peers every {}: {} B/s per node; {bound}\n",
        asked(demand.milestone),
        seconds(answer.reached),
        percent(demand.confidence),
        seconds(config.probe_interval.as_secs_f64()),
        config.helpers,
        config.fanout,
        seconds(config.gossip_interval.as_secs_f64()),
        three_digits(answer.traffic.bytes),
    )
}

fn percent(share: f64) -> String {
    let text = format!("{:.6}", share * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Why it cannot be had, and what can.
pub fn refused(demand: &Demand, answer: &Answer) -> Failure {
    let within = seconds(demand.within.as_secs_f64());
    let nearest = format!(
        "the nearest that can be had: {} with a probe every {}, at {}/s per node",
        seconds(answer.reached),
        seconds(answer.watch.config.probe_interval.as_secs_f64()),
        bytes(answer.traffic.bytes as u64),
    );
    let suspicion = seconds(answer.detection.suspicion_min());
    let pause = seconds(answer.watch.config.pause_to_forgive.as_secs_f64());
    let allowed = demand.bytes_max.map(|max| bytes(max as u64)).unwrap_or_default();
    let (why, advice) = match answer.binding {
        Binding::Suspicion => (
            format!(
                "no probe interval is fast enough, since a suspicion alone lasts {suspicion}, of which {pause} forgive pauses"
            ),
            "lower --pause-to-forgive, or ask for more time",
        ),
        Binding::Bytes => (
            format!("{allowed}/s per node do not pay for probes as frequent as that"),
            "raise --max-bytes-per-node, or ask for more time",
        ),
        Binding::Within | Binding::Nothing => (String::new(), ""),
    };
    let asked = asked(demand.milestone);
    let cause = format!("{asked} within {within} in {} of 100 cases: {why};\n  {nearest}", percent(demand.confidence));
    Failure::new(Code::NotMet, cause).advise(advice)
}
