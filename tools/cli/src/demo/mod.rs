//! What does a cluster do? Eight steps, each with what has to come true and by when, then a quiet time that is measured.

mod cluster;
mod report;
mod rumor;
mod state;

use std::time::{Duration, Instant};

use bruit::Event;
use bruit::net::Handle;
use bruit::wire::State;
use bruit_agent::allocations;
use bruit_agent::view::Distribution;
use bruit_terminal::failure::{Code, Failure};
use bruit_terminal::output::{self, BAD, BOLD, DIM, GOOD, Paint, micros};

use cluster::{Cluster, member};
use report::{Report, Snapshot, Step};
use rumor::Heard;

/// The fewest: one that crashes, one that leaves, and one to see it.
pub const NODES_MIN: usize = 3;
/// The most: each costs a thread, and two cores have to serve them all.
pub const NODES_MAX: usize = 64;

/// How long a step may take. All of them with the quiet time stay below 30 s.
const STEP_MAX: Duration = Duration::from_millis(4_000);
/// Who has just joined takes the rumors that are told meanwhile for the past: until that is over.
const SETTLED_AFTER: Duration = Duration::from_secs(1);
/// What is left over from the steps has passed after this.
const CALM: Duration = Duration::from_millis(1_500);
/// What is measured as quiet.
const QUIET: Duration = Duration::from_secs(4);

/// Of more nodes than this, a step shows the first and the last.
const SHOWN: usize = 8;

/// Plays all steps and reports.
pub fn play(nodes: usize, json: bool) -> Result<(), Failure> {
    let mut demo = Demo {
        teller: Teller { start: Instant::now(), silent: json, paint: Paint::stdout() },
        cluster: Cluster::new(),
        steps: Vec::new(),
        rumor_age: None,
        gone: Snapshot::default(),
    };
    demo.teller.title(&format!("{nodes} nodes on loopback, profile local, each with its own loop and socket"))?;
    demo.join(nodes)?;
    demo.rumor(0)?;
    demo.shared_key(1)?;
    demo.crash_and_restart(nodes / 2)?;
    demo.leave(nodes - 1)?;
    demo.conflict(1)?;
    let report = demo.measure()?;
    if json {
        output::print_json(&report)?;
    } else {
        output::print(&report.text(demo.teller.paint))?;
    }
    demo.cluster.stop();
    let failed: Vec<&str> = report.steps.iter().filter(|step| !step.ok).map(|step| step.name).collect();
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(Code::Failed, format_args!("did not come true: {}", failed.join(", "))))
    }
}

struct Demo {
    teller: Teller,
    cluster: Cluster,
    steps: Vec<Step>,
    /// Until the others had the rumor.
    rumor_age: Option<Distribution>,
    /// What nodes that have ended had counted.
    gone: Snapshot,
}

impl Demo {
    fn join(&mut self, nodes: usize) -> Result<(), Failure> {
        self.teller.happens("starting: the first founds a cluster, the others join through it")?;
        let start = Instant::now();
        for i in 0..nodes {
            self.cluster.start(&format!("n{}", i + 1), None)?;
        }
        let all: Vec<usize> = (0..nodes).collect();
        let sees_all = |node: &Handle| cluster::up(node) == nodes;
        self.step("all_joined", start, &all, sees_all, &format!("sees all {nodes}"))
    }

    fn rumor(&mut self, teller: usize) -> Result<(), Failure> {
        std::thread::sleep(SETTLED_AFTER);
        let name = self.cluster.node(teller).name();
        self.teller.happens(&format!("{name} publishes a rumor, which everybody passes on at once"))?;
        let start = Instant::now();
        let others = self.cluster.others(teller);
        // A refusal shows as a step that does not come true.
        let heard = rumor::spread(&self.cluster, teller, &others, STEP_MAX)
            .unwrap_or_else(|_| others.iter().map(|seat| (*seat, None)).collect());
        let mut missing = Vec::new();
        for (i, (seat, heard_there)) in heard.iter().enumerate() {
            let node = self.cluster.node(*seat);
            let Some(Heard { after, hops }) = *heard_there else {
                missing.push(node.name().to_string());
                continue;
            };
            let way = match hops {
                0 | 1 => format!("from {name} itself"),
                2 => "by way of another".to_owned(),
                hops => format!("by way of {} others", hops - 1),
            };
            let what = format!("{:<4} at {} hears it, {way}", node.name(), node.addr());
            self.teller.one_of(i + 1, heard.len(), after, &what)?;
        }
        self.rumor_age = rumor::distribution(&heard);
        let slowest = heard.iter().filter_map(|(_, heard)| *heard).map(|heard| heard.after).max();
        self.conclude("rumor_heard", slowest.unwrap_or(start.elapsed()), &missing)
    }

    fn shared_key(&mut self, writer: usize) -> Result<(), Failure> {
        let node = self.cluster.node(writer).clone();
        self.teller.happens(&format!("{} writes a key that all share, and every node its own load", node.name()))?;
        let start = Instant::now();
        // A refusal shows as a step that does not come true.
        let written = state::write_shared(&node);
        let everywhere: Vec<usize> = (0..self.cluster.len()).collect();
        for (seat, load) in everywhere.iter().zip(1..) {
            state::write_load(self.cluster.node(*seat), load).unwrap_or_default();
        }
        let owners: Vec<_> = everywhere.iter().map(|seat| self.cluster.node(*seat).id()).collect();
        let holds = |node: &Handle| written.is_ok() && state::holds_all(node, &owners);
        self.step("shared_key", start, &everywhere, holds, "holds the key and the load of all")
    }

    fn crash_and_restart(&mut self, victim: usize) -> Result<(), Failure> {
        let node = self.cluster.node(victim).clone();
        let (name, addr, old) = (node.name(), node.addr(), node.boot());
        self.gone.add(&node);
        self.teller.happens(&format!("{name} at {addr} is killed without a word"))?;
        let start = Instant::now();
        node.stop();
        let others = self.cluster.others(victim);
        let dead = |node: &Handle| member(node, name).is_none_or(|m| m.state == State::Dead);
        self.step("crash_detected", start, &others, dead, "holds it dead")?;
        let gone = |node: &Handle| matches!(node.value(name.id(), state::ATTRIBUTE), Ok(None));
        self.step("attribute_gone", start, &others, gone, "holds nothing of its load any more")?;

        // The port is free once the loop has closed its socket.
        let free = node.wait_stopped(Duration::from_secs(1));
        self.teller.happens(&format!(
            "{name} is started again{}",
            if free { " on the same port" } else { " on another port" }
        ))?;
        let start = Instant::now();
        self.cluster.restart(victim, free.then_some(addr))?;
        let up = self.cluster.len();
        let back = |node: &Handle| {
            cluster::up(node) == up && member(node, name).is_some_and(|m| m.state == State::Alive && m.boot != old)
        };
        let all: Vec<usize> = (0..up).collect();
        self.step("restarted", start, &all, back, "sees it back, in a new life")
    }

    fn leave(&mut self, leaver: usize) -> Result<(), Failure> {
        let node = self.cluster.node(leaver).clone();
        let name = node.name();
        self.teller.happens(&format!("{name} says goodbye"))?;
        let start = Instant::now();
        // A refusal shows as a step that does not come true.
        let asked = node.leave();
        let others = self.cluster.others(leaver);
        let left = |node: &Handle| asked.is_ok() && member(node, name).is_none_or(|m| m.state == State::Left);
        self.step("left", start, &others, left, "knows that it has left")?;
        self.gone.add(&node);
        self.cluster.end(leaver);
        Ok(())
    }

    fn conflict(&mut self, older: usize) -> Result<(), Failure> {
        let name = self.cluster.node(older).name();
        self.teller.happens(&format!("a second node calls itself {name}"))?;
        let start = Instant::now();
        let second = self.cluster.start(name.as_str(), None)?;
        let reported = |node: &Handle| {
            std::iter::from_fn(|| node.try_event()).any(|event| matches!(event, Event::NameConflict { .. }))
        };
        self.step("name_conflict", start, &[older, second], reported, "reports the conflict")?;
        let node = self.cluster.node(second).clone();
        self.gone.add(&node);
        self.cluster.end(second);
        Ok(())
    }

    /// Waits until all of `seats` agree, and tells when each does.
    fn step(
        &mut self,
        name: &'static str,
        start: Instant,
        seats: &[usize],
        holds: impl Fn(&Handle) -> bool,
        what: &str,
    ) -> Result<(), Failure> {
        let teller = &self.teller;
        let mut done = 0;
        let told = |node: &Handle| {
            done += 1;
            let what = format!("{:<4} at {} {what}", node.name(), node.addr());
            teller.one_of(done, seats.len(), start.elapsed(), &what)
        };
        let missing = self.cluster.until_all(seats, start + STEP_MAX, holds, told)?;
        self.conclude(name, start.elapsed(), &missing)
    }

    /// A step is over.
    fn conclude(&mut self, name: &'static str, took: Duration, missing: &[String]) -> Result<(), Failure> {
        self.teller.verdict(name, took, missing)?;
        self.steps.push(Step { name, ok: missing.is_empty(), took_ms: took.as_secs_f64() * 1e3 });
        Ok(())
    }

    /// Leaves the cluster alone for a while and counts what it does.
    fn measure(&mut self) -> Result<Report, Failure> {
        self.teller
            .happens(&format!("leaving them alone for {} s, to see what quiet costs", (CALM + QUIET).as_secs_f64()))?;
        std::thread::sleep(CALM);
        let (before, at) = (self.cluster.snapshot(), Instant::now());
        std::thread::sleep(QUIET);
        let (after, seconds) = (self.cluster.snapshot(), at.elapsed().as_secs_f64());
        let nodes = self.cluster.len();
        let mut whole = std::mem::take(&mut self.gone);
        whole.merge(&after);
        Ok(Report::new(
            (std::mem::take(&mut self.steps), self.rumor_age.take()),
            &whole,
            (&before, &after, seconds, nodes),
            allocations::counted(),
        ))
    }
}

/// Says what happens when it happens.
struct Teller {
    start: Instant,
    silent: bool,
    paint: Paint,
}

impl Teller {
    fn print(&self, text: &str) -> Result<(), Failure> {
        if self.silent { Ok(()) } else { output::print(text) }
    }

    fn title(&self, text: &str) -> Result<(), Failure> {
        self.print(&format!("{}\n", self.paint.paint(BOLD, text)))
    }

    fn happens(&self, text: &str) -> Result<(), Failure> {
        let now = format!("{:7.3} s", self.start.elapsed().as_secs_f64());
        self.print(&format!("\n{}  {text}\n", self.paint.paint(DIM, &now)))
    }

    fn detail(&self, after: Duration, text: &str) -> Result<(), Failure> {
        let after = format!("{:>9}", micros(u64::try_from(after.as_micros()).unwrap_or(u64::MAX)));
        self.print(&format!("  {}  {text}\n", self.paint.paint(DIM, &after)))
    }

    /// The `i`th of `n` who are all told of; of many, the first and the last are.
    fn one_of(&self, i: usize, n: usize, after: Duration, text: &str) -> Result<(), Failure> {
        match i {
            SHOWN if n > SHOWN + 1 => self.detail(after, "and so on"),
            i if i > SHOWN && i < n => Ok(()),
            _ => self.detail(after, text),
        }
    }

    fn verdict(&self, name: &str, took: Duration, missing: &[String]) -> Result<(), Failure> {
        let name = name.replace('_', " ");
        let took = micros(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        self.print(&if missing.is_empty() {
            format!("  {}  {name} after {took}\n", self.paint.paint(GOOD, "       ok"))
        } else {
            format!("  {}  {name}: not by {} within {took}\n", self.paint.paint(BAD, "   FAILED"), missing.join(", "))
        })
    }
}
