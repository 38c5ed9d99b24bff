//! How is a record read while it is being written? A sequence lock over atomic words: the writer never waits, the reader
//! notices that it was disturbed and reads again.
//!
//! The version is odd while the words are being written. Words are atomics, so a disturbed read yields numbers that do not
//! belong together but nothing undefined; the versions before and after tell. The fences are those of Boehm, "Can seqlocks
//! get along with programming language memory models?" (2012): with `Relaxed` words, `Release` between the odd version and
//! the words, `Acquire` between the words and the second look at the version.

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use core::sync::atomic::{AtomicU64, fence};

use zerocopy::FromZeros;

/// Reads that are tried before a reader gives up. The writer needs well under a microsecond for a record; a reader that
/// is disturbed this often is better told so than held.
const TRIES: usize = 1_000;

/// Boxed words, all zero, as the kernel hands out its pages: what is never written takes no memory of the machine.
///
/// # Panics
/// When there is not so much memory.
pub(super) fn words(n: usize) -> Box<[AtomicU64]> {
    <[AtomicU64]>::new_box_zeroed_with_elems(n).expect("memory for the limits that are configured")
}

/// Marks the beginning of a write. There must be one writer only.
pub(super) fn begin(version: &AtomicU64) {
    version.store(version.load(Relaxed) | 1, Relaxed);
    fence(Release);
}

/// Marks the end of a write.
pub(super) fn end(version: &AtomicU64) {
    version.store((version.load(Relaxed) | 1) + 1, Release);
}

/// The version before a read; `None` while a write is going on.
pub(super) fn before(version: &AtomicU64) -> Option<u64> {
    let seen = version.load(Acquire);
    (seen & 1 == 0).then_some(seen)
}

/// Whether nothing was written since [`before`] returned `seen`.
pub(super) fn undisturbed(version: &AtomicU64, seen: u64) -> bool {
    fence(Acquire);
    version.load(Relaxed) == seen
}

/// Calls `read` until nothing was written meanwhile; `None` when that never happened.
pub(super) fn read<T>(version: &AtomicU64, mut read: impl FnMut() -> T) -> Option<T> {
    for i in 0..TRIES {
        if let Some(seen) = before(version) {
            let value = read();
            if undisturbed(version, seen) {
                return Some(value);
            }
        }
        // The writer may have been put to sleep in the middle; after some tries it is given the core.
        if i % 64 == 63 { std::thread::yield_now() } else { core::hint::spin_loop() }
    }
    None
}

/// Stores `values` into as many words.
pub(super) fn store(words: &[AtomicU64], values: &[u64]) {
    for (word, value) in words.iter().zip(values) {
        word.store(*value, Relaxed);
    }
}

/// Loads as many words as `values` has places.
pub(super) fn load(words: &[AtomicU64], values: &mut [u64]) {
    for (word, value) in words.iter().zip(values) {
        *value = word.load(Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_is_going_on_is_never_read() {
        let version = AtomicU64::new(0);
        assert_eq!(read(&version, || 1), Some(1));
        begin(&version);
        assert_eq!(read(&version, || 1), None);
        end(&version);
        assert_eq!(read(&version, || 1), Some(1));
    }

    #[test]
    fn a_write_in_the_middle_of_a_read_has_it_read_again() {
        let version = AtomicU64::new(0);
        let mut reads = 0;
        let got = read(&version, || {
            reads += 1;
            if reads < 3 {
                begin(&version);
                end(&version);
            }
            reads
        });
        assert_eq!(got, Some(3));
    }
}
