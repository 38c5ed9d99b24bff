//! What did it cost the processor? The process by `getrusage`, single threads by the scheduler's own books.

use std::fs;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};

use crate::failure::Failure;

/// What the threads of this process have used so far, but for the one that asks: it only watches, and wakes up for that.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    at: Instant,
    user: Duration,
    system: Duration,
    switches: u64,
}

/// What it has used between two looks.
#[derive(Clone, Copy, Debug)]
pub struct Used {
    /// How long that was.
    pub time: Duration,
    /// CPU time in the process's own code.
    pub user: Duration,
    /// CPU time in the kernel on its behalf, loopback's delivery included.
    pub system: Duration,
    /// Times that a thread gave up its core or lost it.
    pub switches: u64,
}

impl Usage {
    /// Now.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn now() -> Result<Self, Failure> {
        let usage = |who| getrusage(who).map_err(Failure::doing("asking what was used"));
        let (all, own) = (usage(UsageWho::RUSAGE_SELF)?, usage(UsageWho::RUSAGE_THREAD)?);
        let micros = |time: TimeVal| Duration::from_micros(u64::try_from(time.num_microseconds()).unwrap_or_default());
        let switches = |usage: &nix::sys::resource::Usage| {
            let switches = usage.voluntary_context_switches() + usage.involuntary_context_switches();
            u64::try_from(switches).unwrap_or_default()
        };
        Ok(Self {
            at: Instant::now(),
            user: micros(all.user_time()).saturating_sub(micros(own.user_time())),
            system: micros(all.system_time()).saturating_sub(micros(own.system_time())),
            switches: switches(&all).saturating_sub(switches(&own)),
        })
    }

    /// From an earlier look until this one.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Used {
        Used {
            time: self.at - earlier.at,
            user: self.user.saturating_sub(earlier.user),
            system: self.system.saturating_sub(earlier.system),
            switches: self.switches.saturating_sub(earlier.switches),
        }
    }
}

/// Nanoseconds that each thread of this process whose name begins so has run, by thread id; empty where the kernel keeps no
/// such books (`/proc/PID/task/TID/schedstat`).
#[must_use]
pub fn threads(name_begins: &str) -> Vec<(u32, u64)> {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return Vec::new() };
    let one = |task: std::io::Result<fs::DirEntry>| {
        let path = task.ok()?.path();
        let tid = path.file_name()?.to_str()?.parse().ok()?;
        if !fs::read_to_string(path.join("comm")).ok()?.starts_with(name_begins) {
            return None;
        }
        let ran = fs::read_to_string(path.join("schedstat")).ok()?.split_whitespace().next()?.parse().ok()?;
        Some((tid, ran))
    };
    tasks.filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_of_another_thread_shows_in_the_books() {
        let before = Usage::now().expect("getrusage");
        let (done, end) = std::sync::mpsc::channel::<()>();
        let work = std::thread::spawn(move || {
            while end.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
                std::hint::spin_loop();
            }
        });
        let began = Instant::now();
        let used = |used: Used| used.user + used.system;
        while used(Usage::now().expect("getrusage").since(&before)) == Duration::ZERO {
            assert!(began.elapsed() < Duration::from_secs(20), "nothing is booked");
            std::thread::sleep(Duration::from_millis(1));
        }
        drop(done);
        work.join().expect("no panic");
    }
}
