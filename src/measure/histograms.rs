//! How long? `hdrhistogram`s with fixed bounds: bought at start, never resized, two significant digits.

use hdrhistogram::Histogram as Hdr;

use crate::rumor::Class;
use crate::time::Span;

/// The longest time told apart; anything longer counts as this. One minute.
const MAX_MICROS: u64 = 60_000_000;
const DIGITS: u8 = 2;

/// A distribution of times in microseconds, from 1 µs to 60 s.
#[derive(Clone, Debug)]
pub struct Histogram(Hdr<u32>);

/// A distribution in eight numbers, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many times were recorded.
    pub count: u64,
    /// The shortest.
    pub min: u64,
    /// The median.
    pub p50: u64,
    /// 90 % are at most this.
    pub p90: u64,
    /// 99 % are at most this.
    pub p99: u64,
    /// 99.9 % are at most this.
    pub p999: u64,
    /// The longest.
    pub max: u64,
}

impl Histogram {
    /// An empty one.
    ///
    /// # Panics
    /// Never: the bounds are constants that `hdrhistogram` accepts.
    #[must_use]
    pub fn new() -> Self {
        // `Histogram::new(digits)` would resize itself on the way; only fixed bounds never allocate again.
        Self(Hdr::new_with_bounds(1, MAX_MICROS, DIGITS).expect("constant bounds are valid"))
    }

    /// Bytes of counts that one histogram buys.
    #[must_use]
    pub fn memory_bytes() -> usize {
        Self::new().0.distinct_values() * size_of::<u32>()
    }

    /// Counts one time.
    pub fn record(&mut self, span: Span) {
        self.0.saturating_record(span.as_micros().max(1));
    }

    /// Loads what leads to the counts.
    #[cfg(feature = "sim")]
    pub(crate) fn warm(&self) {
        core::hint::black_box((self.0.len(), self.0.max()));
    }

    /// Loads where a time is counted that is like the longest so far.
    #[cfg(feature = "sim")]
    pub(crate) fn warm_counts(&self) {
        core::hint::black_box(self.0.count_at(self.0.max()));
    }

    /// The distribution so far.
    #[must_use]
    pub fn summary(&self) -> Summary {
        if self.0.is_empty() {
            return Summary::default();
        }
        let at = |q| self.0.value_at_quantile(q);
        Summary {
            count: self.0.len(),
            min: self.0.min(),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: self.0.max(),
        }
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

/// What a node measures itself. The loop around it measures more.
#[derive(Clone, Debug, Default)]
pub struct NodeHistograms {
    /// From a direct ping to its ack.
    pub probe_rtt: Histogram,
    /// How late the node's timers fired.
    pub lateness: Histogram,
    /// How old a rumor was when it arrived, by its class.
    pub rumor_age: [Histogram; Class::ALL.len()],
}

impl NodeHistograms {
    /// How many there are.
    pub(crate) const COUNT: usize = 2 + Class::ALL.len();
}
