//! Does a node allocate? Counted by whoever has a counting allocator, around each of a node's calls and nothing else.

/// The allocations of this thread, and how many there were before the present call.
#[derive(Debug)]
pub(super) struct Allocation {
    count: fn() -> u64,
    before: u64,
}

impl Allocation {
    pub const fn new(count: fn() -> u64) -> Self {
        Self { count, before: 0 }
    }

    pub fn calling(&mut self) {
        self.before = (self.count)();
    }

    pub fn called(&self) -> Option<String> {
        let made = (self.count)() - self.before;
        (made > 0).then(|| format!("{made} allocations in one call"))
    }
}
