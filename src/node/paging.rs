//! Which members go onto a page? Those of a stretch of the id space that is as long as fits.

use arrayvec::ArrayVec;

use super::outbox::{Outgoing, What};
use super::receive::Sender;
use super::{Node, Phase};
use crate::error::DropReason;
use crate::id::NodeId;
use crate::membership::{END, PAGES_AT_ONCE};
use crate::time::Instant;
use crate::wire::{Kind, RawPage, RawPageRequest, SECTION_HEADER, Writer};

/// Members looked at for one page: more than a datagram holds of the shortest profiles, at the default size.
const LOOKED_AT: usize = 64;
/// A guess at a profile's length, to choose how far to look; a wrong one costs another look or some room.
const USUAL_PROFILE: u64 = 64;

/// Who may go onto a page: the point of the id space, what the profile takes, and the place in the table.
type Candidates = ArrayVec<(u32, u16, u32), LOOKED_AT>;

impl Node {
    pub(super) fn on_page_request(
        &mut self,
        now: Instant,
        sender: Sender,
        raw: &RawPageRequest,
    ) -> Result<(), DropReason> {
        if self.phase != Phase::Joined {
            return Err(DropReason::NotRunning);
        }
        if !self.join.jar.check(now, sender.addr, sender.boot, raw.cookie.get()) {
            return Err(DropReason::BadCookie);
        }
        if !self.budgets.strangers.spend(now, 1) {
            return Err(DropReason::OverBudget);
        }
        let left = raw.pages.min(PAGES_AT_ONCE);
        self.answer(sender, What::Pages { nonce: raw.nonce.get(), cursor: raw.cursor.get(), left })
    }

    /// One page from a point on; the next is queued behind it.
    pub(super) fn write_page(
        &mut self,
        now: Instant,
        outgoing: &Outgoing,
        (nonce, cursor, left): (u64, u32, u8),
        writer: &mut Writer<'_>,
    ) {
        let head = size_of::<RawPage>() + SECTION_HEADER;
        let (members, next) = self.page(cursor, writer.room(Kind::Page).saturating_sub(head));
        self.put(writer, Kind::Page, &RawPage::new(nonce, cursor, next, END));
        for (_, _, slot) in members {
            let claim = self.claim_to_tell(slot, 0);
            let written = self.table.profile(slot, claim).write(writer);
            debug_assert!(written, "room was counted");
        }
        self.counters.pages_sent += 1;
        if left > 1 && next < END && self.budgets.strangers.spend(now, 1) {
            let what = What::Pages { nonce, cursor: next, left: left - 1 };
            let queued = self.push_answer(Outgoing { what, ..*outgoing });
            self.counters.budget_held += u64::from(!queued);
        }
    }

    /// The members that are up from a point on, as many as `room` bytes hold, and the point up to which these are all.
    fn page(&self, cursor: u32, room: usize) -> (Candidates, u32) {
        let (mut found, mut next) = self.candidates(cursor, room);
        found.sort_unstable();
        let mut left = room;
        let fits = found.iter().take_while(|(_, len, _)| {
            let rest = left.checked_sub(usize::from(*len));
            left = rest.unwrap_or(0);
            rest.is_some()
        });
        let fitting = fits.count();
        if fitting < found.len() {
            next = found[fitting].0;
            // Whom one point has in common with the first who is left out comes with it; but one page goes on at least.
            let whole = found.iter().take_while(|(point, ..)| *point < next).count();
            found.truncate(if whole > 0 { whole } else { fitting });
            next = if whole > 0 { next } else { next.saturating_add(1) };
        }
        (found, next)
    }

    /// Members from a point on, in no order, and the point up to which these are all: about twice as many as fit.
    fn candidates(&self, cursor: u32, room: usize) -> (Candidates, u32) {
        let wanted = (2 * room as u64 / USUAL_PROFILE).min(LOOKED_AT as u64 * 3 / 4);
        let mut stretch = (wanted << 32) / u64::from(self.table.len().max(1));
        loop {
            let next = u32::try_from(u64::from(cursor) + stretch.max(1)).unwrap_or(END);
            let last = if next == END { u64::MAX } else { (u64::from(next) << 32) - 1 };
            let mut found = Candidates::new();
            let mut all = true;
            for slot in self.table.range(NodeId::from_u64(u64::from(cursor) << 32), NodeId::from_u64(last)) {
                let member = self.table.get(slot);
                if member.state.is_up() {
                    let len = self.table.profile(slot, member.claim()).wire_len() as u16;
                    all &= found.try_push(((member.id.as_u64() >> 32) as u32, len, slot)).is_ok();
                }
            }
            if all || stretch <= 1 {
                return (found, next);
            }
            stretch /= 2;
        }
    }
}
