//! Who asks for memory? A global allocator that counts, thread by thread, what is bought and given back.
//!
//! Counted by thread so that the harness around a test (its timers, its captured output) is never blamed on the code
//! under test. Whoever includes this file declares `#[global_allocator] static COUNTING: Counting = Counting;`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, with a tally.
pub struct Counting;

/// What one thread has asked for since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Calls that bought memory: allocations, and reallocations of any size.
    pub allocations: u64,
    /// Bytes bought, whatever became of them.
    pub bought: u64,
    /// Bytes given back.
    pub returned: u64,
}

impl Tally {
    /// Bytes bought and not given back.
    pub fn held(&self) -> u64 {
        self.bought.wrapping_sub(self.returned)
    }

    /// This and another.
    pub fn and(self, other: Self) -> Self {
        Self {
            allocations: self.allocations + other.allocations,
            bought: self.bought + other.bought,
            returned: self.returned + other.returned,
        }
    }

    /// What was added since `earlier`.
    pub fn since(&self, earlier: Self) -> Self {
        Self {
            allocations: self.allocations - earlier.allocations,
            bought: self.bought - earlier.bought,
            returned: self.returned - earlier.returned,
        }
    }
}

thread_local! {
    // Constant and without a destructor: reading it never allocates, at any point of a thread's life.
    static TALLY: Cell<Tally> = const { Cell::new(Tally { allocations: 0, bought: 0, returned: 0 }) };
}

/// The tally of this thread.
pub fn tally() -> Tally {
    TALLY.get()
}

/// What `work` asks for, and its result.
pub fn counted<T>(work: impl FnOnce() -> T) -> (Tally, T) {
    let before = tally();
    let result = work();
    (tally().since(before), result)
}

fn note(allocations: u64, bought: usize, returned: usize) {
    let t = TALLY.get();
    TALLY.set(Tally {
        allocations: t.allocations + allocations,
        bought: t.bought + bought as u64,
        returned: t.returned + returned as u64,
    });
}

// SAFETY: every call is handed on unchanged to `System`, which upholds the contract; the tally is a thread-local `Cell` of
// plain numbers that neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(1, layout.size(), 0);
        // SAFETY: the caller's promises about `layout` are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(1, layout.size(), 0);
        // SAFETY: the caller's promises about `layout` are passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        note(0, 0, layout.size());
        // SAFETY: `ptr` came from `System` with this `layout`, as every block here does.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        note(1, new_size, layout.size());
        // SAFETY: `ptr` came from `System` with this `layout`; the caller's promises about `new_size` are passed on.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}
