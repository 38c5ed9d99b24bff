//! bruit and its peers doing the same work, side by side in one run. `docs/benchmarks.md` says what is compared and how.
//!
//! ```text
//! cargo run --release -p bruit-peers --features peers [-- [--json] [--state] [--repetitions R]]
//! ```
//! Each task is given to one and to the other in turn, `R` times (31), and the medians are printed: whatever else the machine
//! does meanwhile disturbs both alike. `--state`: state beside chitchat and nothing else.

mod bruit_rumors;
mod bruit_side;
mod bruit_state;
mod chitchat_state;
mod codec;
mod foca_rumors;
mod foca_side;
mod heard;
mod report;
mod rumors;
mod series;
mod side;
mod states;
#[path = "../../support/mod.rs"]
mod support;

use bruit_rumors::BruitRumors;
use bruit_side::BruitSide;
use foca_rumors::FocaRumors;
use foca_side::FocaSide;
use report::{Row, Table};
use rumors::Telling;
use series::Series;
use side::{Side, hear, sends, serve};
use support::allocations::Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

const SIZES: [usize; 3] = [100, 1_000, 3_000];
/// Samples are short, so that few of them are cut in two by whatever else runs on the machine.
const PINGS: usize = 200;
const SAMPLES: usize = 10;

/// One engine twice: one that has nothing to tell, and one that has. What can be said to the first over and over, and
/// what came of it all.
struct Pair<S: Side> {
    quiet: S,
    pings: S::Batch,
    known: S::Batch,
    loud: S,
    members: usize,
    ping: Series,
    redundant: Series,
    news: Series,
    fill: Series,
}

impl<S: Side> Pair<S> {
    fn new(members: usize) -> Self {
        let mut quiet = S::quiet(members);
        let pings = quiet.pings(PINGS);
        let known = quiet.redundant(1);
        let loud = S::quiet(members);
        let [ping, redundant, news, fill] = std::array::from_fn(|_| Series::default());
        Self { quiet, pings, known, loud, members, ping, redundant, news, fill }
    }

    fn repetition(&mut self) {
        // Once for the caches, which the other engine has had until now.
        serve(&mut self.quiet, &self.pings);
        for _ in 0..SAMPLES {
            let cost = serve(&mut self.quiet, &self.pings);
            assert_eq!(cost.sent.datagrams as usize, PINGS, "an ack for each ping");
            self.ping.add(cost, PINGS);
        }
        hear(&mut self.quiet, &self.known);
        for _ in 0..SAMPLES {
            let cost = hear(&mut self.quiet, &self.known);
            self.redundant.add(cost, self.quiet.updates_in());
        }
        // All wait to be told already.
        self.load();
        for news in (0..SAMPLES).map(|_| self.loud.news(1)).collect::<Vec<_>>() {
            let cost = hear(&mut self.loud, &news);
            self.news.add(cost, self.loud.updates_in());
        }
        self.load();
        // Half of what can be sent before the first update has been sent often enough, were there 110 in a datagram.
        let datagrams = ((self.members - 1) * sends(self.members) / 2 / 110).clamp(1, SAMPLES);
        for ping in (0..datagrams).map(|_| self.loud.pings(1)).collect::<Vec<_>>() {
            let cost = serve(&mut self.loud, &ping);
            assert_eq!(cost.sent.datagrams, 1, "an ack for the ping");
            self.fill.add(cost, 1);
        }
    }

    /// Fills the queue up.
    fn load(&mut self) {
        self.loud.load();
        self.loud.tidy();
    }

    fn ping_and_ack_bytes(&self) -> f64 {
        let pings = S::extent(&self.pings);
        pings.bytes as f64 / pings.datagrams as f64 + self.ping.sent_bytes()
    }

    fn updates_told(&self) -> f64 {
        S::updates_told(self.fill.sent_bytes() as usize) as f64
    }
}

fn compare(members: usize, repetitions: usize) -> Table {
    let mut bruit = Pair::<BruitSide>::new(members);
    let mut foca = Pair::<FocaSide>::new(members);
    let mut rumors = (Telling::<BruitRumors>::new(members), Telling::<FocaRumors>::new(members));
    for _ in 0..repetitions {
        bruit.repetition();
        foca.repetition();
        rumors.0.repetition();
        rumors.1.repetition();
    }
    let mut rows = rows(members, &bruit, &foca);
    rows.extend(rumors::rows(&rumors.0, &rumors.1));
    Table { peer: "foca", members, rows }
}

fn rows(members: usize, bruit: &Pair<BruitSide>, foca: &Pair<FocaSide>) -> Vec<Row> {
    let ns = |task, bruit: &Series, foca: &Series| Row::cost(task, "ns", bruit.median(), foca.median());
    let allocations =
        |task, bruit: &Series, foca: &Series| Row::cost(task, "allocations", bruit.allocations(), foca.allocations());
    let (told, told_by_foca) = (bruit.updates_told(), foca.updates_told());
    let per_update = [bruit.fill.median() / told, foca.fill.median() / told_by_foca];
    let memory = |task, tell| {
        let [ours, theirs] = [BruitSide::bytes_per_member(members, tell), FocaSide::bytes_per_member(members, tell)];
        Row::cost(task, "bytes", ours, theirs)
    };
    vec![
        ns("ping in, ack out", &bruit.ping, &foca.ping),
        allocations("ping in, ack out", &bruit.ping, &foca.ping),
        Row::cost("ping and ack", "bytes", bruit.ping_and_ack_bytes(), foca.ping_and_ack_bytes()),
        ns("a known update in", &bruit.redundant, &foca.redundant),
        allocations("a known update in", &bruit.redundant, &foca.redundant),
        ns("a new update in", &bruit.news, &foca.news),
        allocations("a new update in", &bruit.news, &foca.news),
        ns("ping in, full ack out", &bruit.fill, &foca.fill),
        allocations("ping in, full ack out", &bruit.fill, &foca.fill),
        Row::cost("the same, per update out", "ns", per_update[0], per_update[1]),
        Row::gain("updates in a full ack", "updates", told, told_by_foca),
        memory("a member, nothing to tell", false),
        memory("a member, all to be told", true),
    ]
}

fn main() -> std::process::ExitCode {
    let (mut json, mut state_alone) = (false, false);
    let mut repetitions = 31;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--json" => json = true,
            "--state" => state_alone = true,
            "--repetitions" => match args.next().and_then(|n| n.parse().ok()).filter(|n| (1..=10_000).contains(n)) {
                Some(n) => repetitions = n,
                None => return usage("--repetitions takes a number from 1 to 10000"),
            },
            other => return usage(&format!("{other} is not known")),
        }
    }
    let sizes = if state_alone { &[][..] } else { &SIZES[..] };
    let mut tables: Vec<Table> = sizes.iter().map(|&members| compare(members, repetitions)).collect();
    tables.extend(states::SIZES.iter().map(|&members| states::compare(members, repetitions)));
    if json {
        println!("{}", report::json(&tables));
    } else {
        print!("{}", report::text(&tables));
    }
    std::process::ExitCode::SUCCESS
}

fn usage(why: &str) -> std::process::ExitCode {
    eprintln!("peers: {why}\nusage: peers [--json] [--state] [--repetitions R]");
    std::process::ExitCode::from(2)
}
