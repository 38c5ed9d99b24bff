//! Who wins where writes were concurrent? The rule that a key is given by who writes it first.

use crate::error::closed_enum;

closed_enum! {
    /// What becomes of concurrent writes of a shared key.
    MergeRule {
        /// All values stand, and the conflict is reported until somebody writes over it.
        Conflict = "conflict",
        /// The last write wins by a hybrid logical clock: the only use of wall time, and only as data. Concurrent writes are lost.
        Latest = "latest",
        /// The highest value stands.
        Max = "max",
        /// The lowest value stands.
        Min = "min",
        /// What all have added and taken away is summed.
        Counter = "counter",
        /// The elements that anybody has put in and nobody who saw them has taken out.
        Set = "set",
    }
}

impl MergeRule {
    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// Whether a write takes the place of all that its writer sees. Otherwise it adds to it.
    #[must_use]
    pub const fn replaces(self) -> bool {
        match self {
            Self::Conflict | Self::Latest => true,
            Self::Max | Self::Min | Self::Counter | Self::Set => false,
        }
    }
}

/// Whether a value is above another: as numbers where both are, else as bytes. Numbers are above everything else, so that this is an
/// order in every case.
#[must_use]
pub fn greater(a: &[u8], b: &[u8]) -> bool {
    let number = |bytes: &[u8]| {
        let number = core::str::from_utf8(bytes).ok()?.trim().parse::<f64>().ok()?;
        number.is_finite().then_some(number)
    };
    match (number(a), number(b)) {
        (Some(x), Some(y)) => x.total_cmp(&y).then_with(|| a.cmp(b)).is_gt(),
        (Some(_), None) => true,
        (None, Some(_)) => false,
        (None, None) => a > b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_as_such_and_everything_is_ordered() {
        assert!(greater(b"10", b"9") && greater(b"-1", b"-2") && greater(b"1.5", b"1"));
        assert!(greater(b"b", b"a") && greater(b"0", b"zzz") && !greater(b"zzz", b"0"));
        // One number written in two ways: one of them is above, the same at every node.
        assert!(greater(b"1.0", b"1") != greater(b"1", b"1.0"));
        let all: [&[u8]; 8] = [b"", b"1", b"1.0", b"2", b"nan", b"inf", b"x", b"\xff"];
        for (a, b) in all.iter().flat_map(|a| all.iter().map(move |b| (*a, *b))) {
            assert_eq!(a == b, !greater(a, b) && !greater(b, a));
        }
    }
}
