//! How much do nodes in this process bear? They publish and read what the others publish.

use std::cell::OnceCell;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bruit_agent::allocations;
use bruit_terminal::failure::Failure;
use bruit_terminal::progress::Line;

use super::nodes::Nodes;
use super::publisher::Published;
use super::reader::Heard;
use super::report::{Measured, Outcome};
use super::{LOOK_EVERY, Load, Progress, flat_out, publisher, reader};

/// How long nodes may take to join, and the first rumors to arrive.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// Starts nodes, plays it, ends them; meanwhile a line of that name tells how far it is.
pub fn play(load: &Load, line: &str) -> Result<Outcome, Failure> {
    // The count is the process's, which may have had other nodes before.
    let allocated_before = allocations::counted();
    let nodes = Nodes::start(load)?;
    nodes.get_ready(READY_WITHIN)?;
    let mut measured = measure(load, &nodes, line);
    measured.allocations = allocations::counted().zip(allocated_before).map(|(after, before)| after - before);
    nodes.stop();
    Ok(Outcome::new(load, measured))
}

fn measure(load: &Load, nodes: &Nodes, name: &str) -> Measured {
    let progress = Progress::default();
    let (before, cpu_before, start) = (nodes.counted(), cpu(), Instant::now());
    // With what was refused of the schedule, what has shown why.
    let because = OnceCell::new();
    let refused = || nodes.counted().since(&before).io("rumors_refused") - u64::from(because.get().is_some());
    let (published, heard) = std::thread::scope(|scope| {
        let progress = &progress;
        let readers: Vec<_> =
            nodes.all().iter().map(|node| scope.spawn(move || reader::read(node, start, progress))).collect();
        let publish = if load.flat_out { flat_out::publish } else { publisher::publish };
        let publisher = scope.spawn(move || publish(load, nodes.all(), start, progress));
        let line = Line::new(name);
        while !publisher.is_finished() {
            std::thread::sleep(LOOK_EVERY);
            progress.tell(&line, load, start.elapsed());
            if !load.flat_out && because.get().is_none() && refused() > 0 {
                nodes.refusal(load.class.into()).into_iter().for_each(|why| drop(because.set(why)));
            }
        }
        let published = publisher.join().expect("a publisher does not panic");
        let all_have_all = || published.is_settled(load, refused(), progress.settled.load(Ordering::Relaxed));
        let end = Instant::now() + load.patience;
        while Instant::now() < end && !all_have_all() {
            std::thread::sleep(LOOK_EVERY);
        }
        progress.end();
        let heard: Vec<Heard> = readers.into_iter().map(|r| r.join().expect("a reader does not panic")).collect();
        (published, heard)
    });
    let (elapsed, cpu) = (start.elapsed(), cpu().saturating_sub(cpu_before));
    let counted = nodes.counted().since(&before);
    let refused = counted.io("rumors_refused") - u64::from(because.get().is_some());
    let refused_because = published.refused_because.clone().or(because.into_inner());
    Measured {
        agents: None,
        elapsed,
        cpu: Some(cpu),
        published: Published { refused, refused_because, ..published },
        counted,
        heard: Some(heard),
        allocations: None,
    }
}

/// Of the whole process: loops, publisher and readers.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or_default(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
