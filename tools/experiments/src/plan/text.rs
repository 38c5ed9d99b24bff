//! What does a person read? First the answer, then what it costs, then what was assumed.

use bruit::plan::Milestone;
use bruit::plan::cost::{self, Traffic, UDP_MAX};
use bruit_terminal::output::{Cell, DIM, Paint, Table, bytes, three_digits};
use libm::pow;

use super::demand::seconds;
use super::figures::{Figures, Times};
use super::inputs::{Inputs, Timing};

/// What is printed as 100 %.
const ALL_BUT_ROUNDED: f64 = 0.999_95;

/// A number of rounds, or `-` where it is never reached.
pub fn rounds(x: Option<f64>, timing: Timing) -> String {
    match (x, timing) {
        (None, Timing::Rounds | Timing::Event) => "-".to_owned(),
        (Some(x), Timing::Rounds) => format!("{x:.0}"),
        (Some(x), Timing::Event) => format!("{x:.1}"),
    }
}

/// A time, or `-`.
pub fn time(x: Option<f64>) -> String {
    x.map_or_else(|| "-".to_owned(), seconds)
}

/// The whole text.
pub fn plan(inputs: &Inputs, figures: &Figures, paint: Paint) -> String {
    let parts = [
        headline(inputs, figures),
        spread(inputs, figures).render(paint),
        coverage(inputs, figures).render(paint),
        detection(figures).render(paint),
        traffic(inputs, figures).render(paint),
        payload(inputs, figures),
        assumed(inputs, figures, paint),
    ];
    parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join("\n")
}

fn headline(inputs: &Inputs, figures: &Figures) -> String {
    let all = figures.spread.rounds[2];
    let in_time = figures.spread.seconds[2];
    let unit = inputs.timing.unit();
    let (mid, late) = (rounds(all.p50, inputs.timing), rounds(all.p99, inputs.timing));
    match all.p99 {
        Some(_) => format!(
            "All {} living know after {mid} {unit} (p50) or {late} (p99): {} or {}.\n",
            figures.members,
            time(in_time.p50),
            time(in_time.p99)
        ),
        None => format!("All {} living do not know within {} {unit}.\n", figures.members, bruit::plan::ROUNDS_MAX),
    }
}

fn spread(inputs: &Inputs, figures: &Figures) -> Table {
    let title = match inputs.timing {
        Timing::Rounds => "rounds, all at once, until",
        Timing::Event => "intervals, each in its own phase, until",
    };
    let mut table = Table::new(&[title, ">p50", ">p99", ">mean", ">time p50", ">time p99"]);
    let names = ["99 % know", "99.9 % know", "all know"];
    for ((name, r), s) in names.into_iter().zip(figures.spread.rounds).zip(figures.spread.seconds) {
        let Times { mean, p50, p99 } = r;
        table.row([
            name.into(),
            rounds(p50, inputs.timing).into(),
            rounds(p99, inputs.timing).into(),
            mean.map_or_else(|| "-".to_owned(), |m| format!("{m:.1}")).into(),
            time(s.p50).into(),
            time(s.p99).into(),
        ]);
    }
    table
}

fn coverage(inputs: &Inputs, figures: &Figures) -> Table {
    let title = match inputs.timing {
        Timing::Rounds => ">round",
        Timing::Event => ">interval",
    };
    let mut table = Table::new(&[title, ">informed", ">p5", ">p95"]);
    let share = |x: f64| Cell::from(format!("{:.2} %", x * 100.0));
    for (round, c) in figures.spread.coverage.iter().filter(|(round, _)| round.fract() == 0.0) {
        table.row([round.to_string().into(), share(c.mean), share(c.p5), share(c.p95)]);
        if c.p5 >= ALL_BUT_ROUNDED {
            break;
        }
    }
    table
}

fn detection(figures: &Figures) -> Table {
    let mut table = Table::new(&["a host that falls silent is", ">p50", ">p99"]);
    let names = ["suspected by somebody", "declared dead by somebody", "known dead to all"];
    for (name, milestone) in names.into_iter().zip(Milestone::ALL) {
        let at = |chance| Cell::from(seconds(figures.detection.quantile(milestone, chance)));
        table.row([name.into(), at(0.5), at(0.99)]);
    }
    table
}

fn traffic(inputs: &Inputs, figures: &Figures) -> Table {
    let mut table = Table::new(&["each node sends", ">datagrams", ">bytes", ">with IP and UDP", ">all nodes"]);
    let rates = &figures.rates;
    let mut rows = vec![
        ("in a quiet second", rates.quiet),
        ("in a second with news to tell", figures.busy()),
        ("for a piece of news, in all", rates.piece),
    ];
    let average = format!("in a second with {} of them, on average", small(inputs.news_per_second));
    if inputs.news_per_second > 0.0 {
        rows.push((&average, figures.traffic()));
    }
    for (name, Traffic { datagrams, bytes: payload }) in rows {
        let framed = payload + datagrams * f64::from(cost::IPV4_UDP);
        table.row([
            name.into(),
            format!("{datagrams:.2}").into(),
            three_digits(payload).into(),
            three_digits(framed).into(),
            bytes((payload * f64::from(figures.members)) as u64).into(),
        ]);
    }
    table
}

/// What becomes of a payload that one frame does not hold.
fn payload(inputs: &Inputs, figures: &Figures) -> String {
    let size = bytes(u64::from(inputs.payload));
    let in_one = match figures.whole {
        Some(whole) if whole.fragments > 1 => format!(
            "{size} in one datagram are {} fragments at an MTU of {}: lost with any of them, {:.2} % of the time, and then sent whole again.",
            whole.fragments,
            inputs.mtu,
            whole.lost * 100.0
        ),
        None if inputs.payload > UDP_MAX => format!("{size} do not go into one datagram: UDP takes {UDP_MAX} bytes."),
        Some(_) | None => return String::new(),
    };
    let pages = figures.pages.datagrams;
    let any = 1.0 - pow(1.0 - inputs.loss, f64::from(pages));
    format!(
        "{in_one}\nIn {pages} datagrams that stand alone ({}), {:.2} % of the time one is missing, and only that one is sent again.\n",
        bytes(figures.pages.bytes() as u64),
        any * 100.0,
    )
}

fn timing(inputs: &Inputs, figures: &Figures) -> String {
    match (inputs.timing, figures.spread.growth) {
        (Timing::Event, Some(growth)) => {
            format!("event time: each node calls at its own moment; the informed grow by e^{growth:.2} an interval")
        }
        (Timing::Rounds, _) | (Timing::Event, None) => {
            "rounds: all call at once (--timing event: each at its own moment)".to_owned()
        }
    }
}

fn assumed(inputs: &Inputs, figures: &Figures, paint: Paint) -> String {
    let detection = &figures.detection;
    let config = &detection.watch().config;
    let mut table = Table::new(&["", ""]);
    let facts = [
        ("timing", timing(inputs, figures)),
        (
            "spread",
            format!(
                "{} nodes, {} to {} distinct peers every {}, {} B of news, loss {} %, dead {} %",
                inputs.nodes,
                inputs.mode.name(),
                inputs.fanout(),
                inputs.interval(),
                inputs.payload,
                percent(inputs.loss),
                percent(inputs.dead)
            ),
        ),
        (
            "detection",
            format!(
                "profile {}, a probe every {}, {} helpers, gossip to {} every {}, one way {}{}",
                inputs.profile.name(),
                seconds(config.probe_interval.as_secs_f64()),
                config.helpers,
                config.fanout,
                seconds(config.gossip_interval.as_secs_f64()),
                seconds(inputs.latency().as_secs_f64()),
                match inputs.dead {
                    0.0 => String::new(),
                    _ => format!("; among the {} living, who have taken the dead off", figures.members),
                }
            ),
        ),
        (
            "suspicion",
            format!(
                "lasts {} at least: {} forgive pauses, the rest is for the news and its answer",
                seconds(detection.suspicion_min()),
                seconds(config.pause_to_forgive.as_secs_f64()),
            ),
        ),
        (
            "false suspicions",
            format!(
                "{} per node and hour from loss; each is refuted by who lives",
                small(detection.false_suspicions_per_hour())
            ),
        ),
        (
            "membership news",
            format!(
                "sent {} times by each node; one piece in {} misses somebody, which repair finds; on pings and acks alone {}",
                detection.sends(),
                three_digits(1.0 / detection.misses_somebody().max(1e-12)),
                figures
                    .piggyback_s
                    .map_or_else(|| "hardly any arrives".to_owned(), |s| format!("99 % know after {}", seconds(s)))
            ),
        ),
        (
            "repair",
            format!("in step nothing (fingerprints ride along); one difference {}", bytes(figures.repair.bytes as u64)),
        ),
        (
            "memory",
            format!(
                "{} bought by each node at its start, for {} members",
                bytes(figures.memory_bytes),
                figures.members
            ),
        ),
    ];
    for (name, value) in facts {
        table.row([Cell::new(DIM, name), value.into()]);
    }
    table.render(paint)
}

fn percent(share: f64) -> String {
    let text = format!("{:.3}", share * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A figure that may be very small.
pub fn small(x: f64) -> String {
    if x == 0.0 || x >= 0.01 { three_digits(x) } else { format!("{x:.1e}") }
}
