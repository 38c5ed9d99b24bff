//! What does a running loop allocate? Nothing, and this counts it.
//!
//! A program that is linked with this crate has its allocator: the system's, which counts every allocation and reallocation
//! of the threads that have declared themselves counted. Those are the loops' threads, from the moment their loop begins to
//! run until it ends. What the rest of the program allocates (arguments, tables, connections) is not the node's and is not
//! counted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

static COUNT: AtomicU64 = AtomicU64::new(0);

thread_local! {
    // Constant and without a destructor, so that looking at it never allocates.
    static COUNTED: Cell<bool> = const { Cell::new(false) };
}

/// How many allocations and reallocations counted threads have made since the process began.
#[must_use]
pub fn counted() -> u64 {
    COUNT.load(Relaxed)
}

/// Runs `work` with the allocations of this thread counted.
pub fn count<T>(work: impl FnOnce() -> T) -> T {
    COUNTED.set(true);
    let result = work();
    COUNTED.set(false);
    result
}

fn note() {
    // A thread that is ending has no thread-locals any more; it counts no longer either.
    if COUNTED.try_with(Cell::get) == Ok(true) {
        COUNT.fetch_add(1, Relaxed);
    }
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call is passed on unchanged to the system's allocator, which keeps the contract; `note` neither allocates
// nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note();
        // SAFETY: the caller's contract is `System`'s.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note();
        // SAFETY: the caller's contract is `System`'s.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note();
        // SAFETY: the caller's contract is `System`'s.
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract is `System`'s.
        unsafe { System.dealloc(at, layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // One test, since the count is of all threads.
    #[test]
    fn only_counted_work_counts_and_every_allocation_of_it_does() {
        let before = counted();
        drop(std::hint::black_box(vec![1_u8; 100]));
        assert_eq!(counted(), before, "this thread is not counted");
        count(|| {
            let mut grown = std::hint::black_box(Vec::<u8>::with_capacity(1));
            grown.reserve_exact(1_000);
            drop(std::hint::black_box(grown));
        });
        assert_eq!(counted(), before + 2, "one allocation and one reallocation");
    }
}
