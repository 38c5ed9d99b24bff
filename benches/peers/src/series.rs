//! What did the samples of one task show?

use crate::side::{Cost, Sent};

/// The samples of one task.
#[derive(Default)]
pub struct Series {
    /// Nanoseconds per unit of the task, sample by sample.
    ns: Vec<f64>,
    allocations: f64,
    sent: Sent,
    units: f64,
}

impl Series {
    /// One sample, of so many units.
    pub fn add(&mut self, cost: Cost, units: usize) {
        self.ns.push(cost.spent.as_nanos() as f64 / units as f64);
        self.allocations += cost.tally.allocations as f64;
        self.sent = self.sent.and(cost.sent);
        self.units += units as f64;
    }

    /// Units of all samples.
    pub fn units(&self) -> f64 {
        self.units
    }

    /// Nanoseconds of a unit in the middle one of all samples.
    pub fn median(&self) -> f64 {
        let mut ns = self.ns.clone();
        ns.sort_by(f64::total_cmp);
        ns[ns.len() / 2]
    }

    /// Per unit.
    pub fn allocations(&self) -> f64 {
        self.allocations / self.units
    }

    /// Per unit.
    pub fn sent_bytes(&self) -> f64 {
        self.sent.bytes as f64 / self.units
    }

    /// Per unit.
    pub fn datagrams(&self) -> f64 {
        self.sent.datagrams as f64 / self.units
    }

    /// Bytes of the longest datagram of all.
    pub fn longest(&self) -> f64 {
        self.sent.longest as f64
    }
}
