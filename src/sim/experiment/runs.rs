//! How are many runs played? Each from a seed of its own, on as many threads as there are processors, in an order that
//! does not show.

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use xxhash_rust::xxh3::Xxh3;

/// Is told how far it is: so many of so many pieces are done. Called from several threads.
pub type Progress<'a> = &'a (dyn Fn(u32, u32) + Sync);

/// How often, and from which seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Runs {
    /// How many. At least 1 is played.
    pub count: u32,
    /// The seed of the first; the next one's is one more, so that each can be played alone.
    pub seed: u64,
}

impl Runs {
    /// Plays each run and gives what came out, in the order of their seeds.
    pub fn play<T: Send>(self, progress: Progress<'_>, run: impl Fn(u64) -> T + Sync) -> Vec<T> {
        let count = self.count.max(1);
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(count as usize);
        let (next, done) = (AtomicU32::new(0), AtomicU32::new(0));
        let results = Mutex::new(Vec::with_capacity(count as usize));
        let work = || {
            loop {
                let nth = next.fetch_add(1, Ordering::Relaxed);
                if nth >= count {
                    return;
                }
                let result = run(self.seed.wrapping_add(u64::from(nth)));
                if let Ok(mut results) = results.lock() {
                    results.push((nth, result));
                }
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, count);
            }
        };
        progress(0, count);
        // A scope hands on the panic of any of its threads: nothing is missing from the results where it returns.
        std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
        let mut results = results.into_inner().unwrap_or_default();
        results.sort_unstable_by_key(|(nth, _)| *nth);
        results.into_iter().map(|(_, result)| result).collect()
    }
}

/// One number for the traces of several worlds, in order.
#[must_use]
pub fn trace_of(traces: impl IntoIterator<Item = u64>) -> u64 {
    let mut hash = Xxh3::new();
    traces.into_iter().for_each(|trace| hash.update(&trace.to_le_bytes()));
    hash.digest()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_their_seeds_and_progress_reaches_the_end() {
        let most = AtomicU32::new(0);
        let progress = |done, _| {
            most.fetch_max(done, Ordering::Relaxed);
        };
        let got = Runs { count: 50, seed: 7 }.play(&progress, |seed| seed * 2);
        assert_eq!(got, (7..57).map(|seed| seed * 2).collect::<Vec<_>>());
        assert_eq!(most.into_inner(), 50);
    }
}
