//! What have I got of the list? A walk through a member's pages: each page is applied on its own, lost ones are asked for
//! again, nothing at the other side remembers it.

use core::net::SocketAddr;

use crate::id::{BootId, NodeId};
use crate::time::Instant;

/// Pages asked for at once.
pub const PAGES_AT_ONCE: u8 = 8;
/// Pieces ahead of a gap that are remembered; beyond, a page is applied and asked for again later.
const AHEAD_MAX: usize = 16;
/// Requests without any new page before the walk is given up and another member is asked.
const PATIENCE: u8 = 20;

/// A walk through the pages of one member.
#[derive(Clone, Copy, Debug)]
pub struct Walk {
    /// Whose pages.
    pub peer: (NodeId, BootId, SocketAddr),
    /// Names the walk (R5).
    pub nonce: u64,
    /// To be shown with each request.
    pub cookie: u64,
    /// When pages were last asked for.
    pub asked_at: Instant,
    /// Everything below has come.
    frontier: u32,
    end: u32,
    ahead: [(u32, u32); AHEAD_MAX],
    ahead_len: u8,
    /// Pages that came since the last request.
    came: u8,
    tries: u8,
}

/// What a page means for the walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Everything has come.
    Done,
    /// All that was asked for has come: ask for more.
    AskMore,
    /// More is under way.
    Wait,
}

impl Walk {
    /// At the beginning of a list that ends at `end`.
    #[must_use]
    pub const fn new(peer: (NodeId, BootId, SocketAddr), nonce: u64, cookie: u64, end: u32, now: Instant) -> Self {
        Self {
            peer,
            nonce,
            cookie,
            asked_at: now,
            frontier: 0,
            end,
            ahead: [(0, 0); AHEAD_MAX],
            ahead_len: 0,
            came: 0,
            tries: 0,
        }
    }

    /// Where to ask from.
    #[must_use]
    pub const fn cursor(&self) -> u32 {
        self.frontier
    }

    /// Whether everything has come.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.frontier >= self.end
    }

    /// Asks again or for more; `false` when patience has run out.
    pub fn ask(&mut self, now: Instant) -> bool {
        self.asked_at = now;
        self.came = 0;
        self.tries += 1;
        self.tries <= PATIENCE
    }

    /// A page that covers `cursor..next` has come.
    pub fn page(&mut self, cursor: u32, next: u32, end: u32) -> Progress {
        self.end = end;
        self.came = self.came.saturating_add(1);
        if cursor <= self.frontier {
            if next > self.frontier {
                self.frontier = next;
                self.tries = 0;
                self.join_ahead();
            }
        } else if usize::from(self.ahead_len) < AHEAD_MAX && next > cursor {
            self.ahead[usize::from(self.ahead_len)] = (cursor, next);
            self.ahead_len += 1;
        }
        if self.is_done() {
            Progress::Done
        } else if self.came >= PAGES_AT_ONCE {
            Progress::AskMore
        } else {
            Progress::Wait
        }
    }

    fn join_ahead(&mut self) {
        let mut i = 0;
        while i < usize::from(self.ahead_len) {
            let (cursor, next) = self.ahead[i];
            if cursor > self.frontier {
                i += 1;
                continue;
            }
            self.ahead_len -= 1;
            self.ahead[i] = self.ahead[usize::from(self.ahead_len)];
            if next > self.frontier {
                self.frontier = next;
                i = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    fn walk() -> Walk {
        let peer = (NodeId::from_u64(1), BootId::from_u64(1), ([127, 0, 0, 1], 1).into());
        Walk::new(peer, 1, 1, 100, Instant::ZERO)
    }

    #[test]
    fn pages_out_of_order_join_up() {
        let mut w = walk();
        assert_eq!(w.page(20, 40, 100), Progress::Wait);
        assert_eq!((w.page(0, 20, 100), w.cursor()), (Progress::Wait, 40));
        assert_eq!(w.page(60, 100, 100), Progress::Wait);
        assert_eq!(w.page(40, 60, 100), Progress::Done);
    }

    #[test]
    fn a_third_of_the_pages_lost_is_a_longer_walk_and_no_other() {
        let mut rng = Rng::from_seed(4);
        for _ in 0..200 {
            let mut w = walk();
            let mut requests = 0;
            'walk: loop {
                requests += 1;
                assert!(w.ask(Instant::ZERO) && requests < 50, "stuck at {}", w.cursor());
                let from = w.cursor();
                for page in 0..u32::from(PAGES_AT_ONCE) {
                    let cursor = (from + page * 10).min(100);
                    if rng.below(3) > 0 && cursor < 100 && w.page(cursor, (cursor + 10).min(100), 100) == Progress::Done
                    {
                        break 'walk;
                    }
                }
            }
        }
    }

    #[test]
    fn patience_runs_out_when_nothing_comes() {
        let mut w = walk();
        assert_eq!((0..100).take_while(|_| w.ask(Instant::ZERO)).count(), usize::from(PATIENCE));
    }
}
