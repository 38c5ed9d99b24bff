//! What have I got of the list? A walk through the id space, page by page: each is applied on its own, lost ones are asked
//! for again, nothing at the other side remembers it.
//!
//! Places on the way are points of the id space and mean the same everywhere, so a walk goes on at another member where one
//! has given its share: a thousand joiners that were given one address do not all hang on it for the whole list.

use core::net::SocketAddr;

use crate::id::{BootId, NodeId};
use crate::time::Instant;

/// Pages asked of one member at once.
pub const PAGES_AT_ONCE: u8 = 8;
/// Pages asked of the first member: the one that all who start together ask.
pub const PAGES_AT_FIRST: u8 = 2;
/// The end of the way.
pub const END: u32 = u32::MAX;
/// Pieces ahead of a gap that are remembered; beyond, a page is applied and asked for again later.
const AHEAD_MAX: usize = 16;
/// Requests without any new page before the walk is given up and another member is asked.
const PATIENCE: u8 = 20;

/// A walk through the list of all members.
#[derive(Clone, Copy, Debug)]
pub struct Walk {
    /// Whose pages.
    pub peer: (NodeId, BootId, SocketAddr),
    /// Names the walk at that member (R5).
    pub nonce: u64,
    /// The hello to another member, which shall go on from here, where one waits for its answer.
    pub next_nonce: Option<u64>,
    /// Pages to be asked for at once.
    pub pages: u8,
    /// To be shown with each request.
    pub cookie: u64,
    /// When pages were last asked for.
    pub asked_at: Instant,
    /// Everything below has come.
    frontier: u32,
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
    /// At the beginning, with a member that has answered a hello.
    #[must_use]
    pub const fn new(peer: (NodeId, BootId, SocketAddr), nonce: u64, cookie: u64, now: Instant) -> Self {
        Self {
            peer,
            nonce,
            next_nonce: None,
            pages: PAGES_AT_FIRST,
            cookie,
            asked_at: now,
            frontier: 0,
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
        self.frontier == END
    }

    /// Asks again or for more; `false` when patience has run out.
    pub fn ask(&mut self, now: Instant) -> bool {
        self.asked_at = now;
        self.came = 0;
        self.tries += 1;
        self.tries <= PATIENCE
    }

    /// Goes on with another member, which has answered a hello.
    pub const fn go_on_with(&mut self, peer: (NodeId, BootId, SocketAddr), nonce: u64, cookie: u64) {
        self.peer = peer;
        self.nonce = nonce;
        self.cookie = cookie;
        self.next_nonce = None;
        self.pages = PAGES_AT_ONCE;
    }

    /// Whether nothing has come though it was asked for twice: the member asked may be gone.
    #[must_use]
    pub const fn is_stuck(&self) -> bool {
        self.tries > 2
    }

    /// A page that covers `cursor..next` has come.
    pub fn page(&mut self, cursor: u32, next: u32) -> Progress {
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
        } else if self.came >= self.pages {
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
        Walk { pages: PAGES_AT_ONCE, ..Walk::new(peer, 1, 1, Instant::ZERO) }
    }

    #[test]
    fn pages_out_of_order_join_up() {
        let mut w = walk();
        assert_eq!(w.page(20, 40), Progress::Wait);
        assert_eq!((w.page(0, 20), w.cursor()), (Progress::Wait, 40));
        assert_eq!(w.page(60, END), Progress::Wait);
        assert_eq!(w.page(40, 60), Progress::Done);
    }

    #[test]
    fn another_member_goes_on_where_the_first_has_stopped() {
        let peer = (NodeId::from_u64(2), BootId::from_u64(2), ([127, 0, 0, 1], 2).into());
        let mut w = Walk::new(peer, 1, 1, Instant::ZERO);
        assert_eq!([w.page(0, 10), w.page(10, 20)], [Progress::Wait, Progress::AskMore]);
        w.go_on_with(peer, 2, 2);
        assert!(w.ask(Instant::ZERO));
        assert_eq!((w.cursor(), w.page(20, 30)), (20, Progress::Wait), "now eight at once");
    }

    #[test]
    fn a_third_of_the_pages_lost_is_a_longer_walk_and_no_other() {
        const STEP: u32 = END / 10 + 1;
        let mut rng = Rng::from_seed(4);
        for _ in 0..200 {
            let mut w = walk();
            let mut requests = 0;
            'walk: loop {
                requests += 1;
                assert!(w.ask(Instant::ZERO) && requests < 50, "stuck at {}", w.cursor());
                let from = w.cursor();
                for page in 0..u32::from(PAGES_AT_ONCE) {
                    let cursor = from.saturating_add(page * STEP);
                    if rng.below(3) > 0 && cursor < END && w.page(cursor, cursor.saturating_add(STEP)) == Progress::Done
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
        assert!(w.is_stuck());
    }
}
