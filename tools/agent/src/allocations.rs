//! What does a running loop allocate? Counted with feature `count-alloc`, which brings an allocator that counts.

#[cfg(feature = "count-alloc")]
pub use bruit_allocations::count;

/// How many allocations counted threads have made so far; `None` without feature `count-alloc`.
#[cfg(feature = "count-alloc")]
pub fn counted() -> Option<u64> {
    Some(bruit_allocations::counted())
}

/// Runs `work`; nothing is counted.
#[cfg(not(feature = "count-alloc"))]
pub fn count<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// Nothing is counted.
#[cfg(not(feature = "count-alloc"))]
pub const fn counted() -> Option<u64> {
    None
}
