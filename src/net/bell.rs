//! Who wants something of a loop? One bit for each of its nodes, and one waker for all.

use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::{AcqRel, Relaxed, Release};
use std::io;
use std::sync::Arc;

use mio::{Registry, Token, Waker};

/// Nodes that one loop drives at most.
pub(super) const NODES_MAX: usize = 1_024;

const WORDS: usize = NODES_MAX / 64;

/// Ends the sleep of a loop and says for whose sake.
#[derive(Debug)]
pub(super) struct Bell {
    /// A selector bears one, however many nodes it watches.
    waker: Waker,
    called: [AtomicU64; WORDS],
}

impl Bell {
    pub(super) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        Ok(Self { waker: Waker::new(registry, token)?, called: [const { AtomicU64::new(0) }; WORDS] })
    }

    /// Names the slots for which it was rung, and forgets them: whatever was queued before is seen by who looks from now on.
    pub(super) fn answer(&self, mut rung: impl FnMut(u32)) {
        for (word, at) in self.called.iter().zip(0_u32..) {
            if word.load(Relaxed) == 0 {
                continue;
            }
            let mut bits = word.swap(0, AcqRel);
            while bits != 0 {
                rung(64 * at + bits.trailing_zeros());
                bits &= bits - 1;
            }
        }
    }
}

/// One node's cord of the [`Bell`].
#[derive(Clone, Debug)]
pub(super) struct Cord {
    bell: Arc<Bell>,
    slot: u32,
}

impl Cord {
    pub(super) const fn new(bell: Arc<Bell>, slot: u32) -> Self {
        Self { bell, slot }
    }

    /// Has the loop look after the node.
    pub(super) fn ring(&self) {
        self.bell.called[self.slot as usize / 64].fetch_or(1 << (self.slot % 64), Release);
        // It fails only when the loop is gone, and then there is nobody to wake.
        let _ = self.bell.waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_who_rang_is_named_once_and_the_sleep_ends() {
        let mut poll = mio::Poll::new().expect("a selector");
        let bell = Arc::new(Bell::new(poll.registry(), Token(7)).expect("a waker"));
        let mut events = mio::Events::with_capacity(2);
        for round in 0..2 {
            for slot in [1_023, 0, 64, 0] {
                Cord::new(Arc::clone(&bell), slot).ring();
            }
            let mut named = Vec::new();
            bell.answer(|slot| named.push(slot));
            assert_eq!(named, [0, 64, 1_023], "round {round}");
            bell.answer(|slot| panic!("{slot} has been named"));
            poll.poll(&mut events, None).expect("it was rung");
            assert_eq!(events.iter().map(|event| event.token()).collect::<Vec<_>>(), [Token(7)]);
        }
    }
}
