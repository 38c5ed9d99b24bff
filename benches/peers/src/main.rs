//! bruit and its peers doing the same work, side by side in one run. `docs/benchmarks.md` says what is compared and how.
//!
//! ```text
//! cargo run --release -p bruit-peers --features peers [-- [--json] [--repetitions R]]
//! ```
//! Each task is given to one and to the other in turn, `R` times (31), and the medians are printed: whatever else the machine
//! does meanwhile disturbs both alike.

mod bruit_side;
mod codec;
mod foca_side;
mod report;
mod side;
#[path = "../../support/mod.rs"]
mod support;

use bruit_side::BruitSide;
use foca_side::FocaSide;
use report::{Row, Table};
use side::{Cost, Side, hear, sends, serve};
use support::allocations::Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

const SIZES: [usize; 3] = [100, 1_000, 3_000];
const PINGS: usize = 1_000;
const DATAGRAMS: usize = 20;

/// Costs of one repetition, of each task, per unit of the task.
#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    ping_ns: f64,
    ping_bytes: f64,
    ping_allocations: f64,
    known_ns: f64,
    known_allocations: f64,
    news_ns: f64,
    news_allocations: f64,
    fill_ns: f64,
    fill_bytes: f64,
    fill_allocations: f64,
}

/// One engine twice: one that has nothing to tell, and one that has.
struct Pair<S> {
    quiet: S,
    loud: S,
    members: usize,
}

impl<S: Side> Pair<S> {
    fn new(members: usize) -> Self {
        Self { quiet: S::quiet(members), loud: S::quiet(members), members }
    }

    fn repetition(&mut self) -> Figures {
        let mut figures = Figures::default();
        self.ping(&mut figures);
        self.known(&mut figures);
        self.news(&mut figures);
        self.fill(&mut figures);
        figures
    }

    fn ping(&mut self, figures: &mut Figures) {
        let pings = self.quiet.pings(PINGS);
        let extent = S::extent(&pings);
        let cost = serve(&mut self.quiet, &pings);
        assert_eq!(cost.sent.datagrams, extent.datagrams, "an ack for each ping");
        figures.ping_ns = per(cost.spent.as_nanos() as f64, PINGS);
        figures.ping_bytes = per((extent.bytes + cost.sent.bytes) as f64, PINGS);
        figures.ping_allocations = per(cost.tally.allocations as f64, PINGS);
    }

    fn known(&mut self, figures: &mut Figures) {
        let batch = self.quiet.redundant(DATAGRAMS);
        let cost = hear(&mut self.quiet, &batch);
        let updates = DATAGRAMS * self.quiet.updates_in();
        figures.known_ns = per(cost.spent.as_nanos() as f64, updates);
        figures.known_allocations = per(cost.tally.allocations as f64, updates);
    }

    fn news(&mut self, figures: &mut Figures) {
        let mut total = Cost::default();
        for _ in 0..DATAGRAMS {
            let batch = self.loud.news(1);
            total = total.plus(hear(&mut self.loud, &batch));
        }
        let updates = DATAGRAMS * self.loud.updates_in();
        figures.news_ns = per(total.spent.as_nanos() as f64, updates);
        figures.news_allocations = per(total.tally.allocations as f64, updates);
    }

    fn fill(&mut self, figures: &mut Figures) {
        // Half of what can be sent before the first update has been sent often enough, were there 110 in a datagram.
        let datagrams = ((self.members - 1) * sends(self.members) / 2 / 110).clamp(1, DATAGRAMS);
        self.loud.load();
        self.loud.tidy();
        let pings = self.loud.pings(datagrams);
        let cost = serve(&mut self.loud, &pings);
        assert_eq!(cost.sent.datagrams as usize, datagrams, "an ack for each ping");
        figures.fill_ns = per(cost.spent.as_nanos() as f64, datagrams);
        figures.fill_bytes = per(cost.sent.bytes as f64, datagrams);
        figures.fill_allocations = per(cost.tally.allocations as f64, datagrams);
    }
}

fn per(total: f64, units: usize) -> f64 {
    total / units as f64
}

fn median(all: &[Figures], figure: impl Fn(&Figures) -> f64) -> f64 {
    let mut values: Vec<f64> = all.iter().map(figure).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn compare(members: usize, repetitions: usize) -> Table {
    let mut bruit = Pair::<BruitSide>::new(members);
    let mut foca = Pair::<FocaSide>::new(members);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..repetitions {
        ours.push(bruit.repetition());
        theirs.push(foca.repetition());
    }
    let row = |task, unit, figure: fn(&Figures) -> f64| Row {
        task,
        unit,
        bruit: median(&ours, figure),
        foca: median(&theirs, figure),
    };
    let memory = |task, tell| Row {
        task,
        unit: "bytes",
        bruit: BruitSide::bytes_per_member(members, tell),
        foca: FocaSide::bytes_per_member(members, tell),
    };
    Table {
        members,
        rows: vec![
            row("ping in, ack out", "ns", |f| f.ping_ns),
            row("ping and ack", "bytes", |f| f.ping_bytes),
            row("ping in, ack out", "allocations", |f| f.ping_allocations),
            row("a known update", "ns", |f| f.known_ns),
            row("a known update", "allocations", |f| f.known_allocations),
            row("a new update", "ns", |f| f.news_ns),
            row("a new update", "allocations", |f| f.news_allocations),
            row("ping in, full ack out", "ns", |f| f.fill_ns),
            row("the full ack", "bytes", |f| f.fill_bytes),
            row("ping in, full ack out", "allocations", |f| f.fill_allocations),
            Row {
                task: "one update on the wire",
                unit: "bytes",
                bruit: size_of::<bruit::wire::RawClaim>() as f64,
                foca: codec::UPDATE as f64,
            },
            memory("a member, nothing to tell", false),
            memory("a member, all to be told", true),
        ],
    }
}

fn main() -> std::process::ExitCode {
    let mut json = false;
    let mut repetitions = 31;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--json" => json = true,
            "--repetitions" => match args.next().and_then(|n| n.parse().ok()).filter(|n| (1..=10_000).contains(n)) {
                Some(n) => repetitions = n,
                None => return usage("--repetitions takes a number from 1 to 10000"),
            },
            other => return usage(&format!("{other} is not known")),
        }
    }
    let tables: Vec<Table> = SIZES.iter().map(|&members| compare(members, repetitions)).collect();
    if json {
        println!("{}", report::json(&tables));
    } else {
        print!("{}", report::text(&tables));
    }
    std::process::ExitCode::SUCCESS
}

fn usage(why: &str) -> std::process::ExitCode {
    eprintln!("peers: {why}\nusage: peers [--json] [--repetitions R]");
    std::process::ExitCode::from(2)
}
