//! And whom do I tell of a stream? Peers that stay the same, fewer and fewer of them.
//!
//! Where an origin publishes steadily each rumor need not go everywhere along every edge. Whoever has had a rumor already when
//! it comes says so, and the link it came on is *lazy* from then on: payloads go past it, digests do not. What is left is a
//! tree of the ways that were fastest; who is cut off learns from a digest what it misses, asks for it, and is told at once
//! again (Plumtree's prune and graft).

use arrayvec::ArrayVec;

use crate::time::{Instant, Span};

/// Peers that one node may tell of one stream.
pub const LINKS_MAX: usize = 8;
/// Rumors in close succession that make a stream.
const STREAM_AFTER: u8 = 8;
/// A stream's first deliverer keeps that place until as many rumors in a row came from others first.
const PARENT_MISSES: u8 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Link {
    slot: u32,
    lazy: bool,
}

/// Who delivers first.
#[derive(Clone, Copy, Debug)]
struct Parent {
    slot: u32,
    /// How often what it tells has been forwarded.
    hops: u8,
    /// Since when it does.
    since: Instant,
}

/// How one origin's rumors travel through this node.
#[derive(Clone, Debug, Default)]
pub struct Links {
    list: ArrayVec<Link, LINKS_MAX>,
    /// Of which version of the membership they are.
    version: u32,
    /// Rumors in close succession, up to [`STREAM_AFTER`].
    run: u8,
    /// Who delivers first, and how often it has not lately.
    parent: Option<Parent>,
    misses: u8,
}

impl Links {
    /// Whether the origin publishes steadily.
    #[must_use]
    pub const fn is_stream(&self) -> bool {
        self.run >= STREAM_AFTER
    }

    /// A rumor has come, `since` after the last one, from a peer, forwarded so often; two of a stream are no more than `gap` apart.
    pub fn note(&mut self, now: Instant, since: Span, gap: Span, from: Option<(u32, u8)>) {
        if since > gap {
            *self = Self { version: self.version, ..Self::default() };
        }
        self.run = (self.run + 1).min(STREAM_AFTER);
        let Some((slot, hops)) = from else { return };
        match &mut self.parent {
            Some(parent) if parent.slot == slot => (parent.hops, self.misses) = (hops, 0),
            Some(_) if self.misses < PARENT_MISSES => self.misses += 1,
            Some(_) | None => (self.parent, self.misses) = (Some(Parent { slot, hops, since: now }), 0),
        }
    }

    /// Whether a second copy from this peer, forwarded so often, shall make it lazy: never the first deliverer, or two rumors under
    /// way at once could cut this node off from both. Nor a shorter way for a longer one that has not been the faster for `settled`:
    /// where much is under way, two who have just got it from each other would cut off both.
    #[must_use]
    pub fn may_prune(&self, now: Instant, (from, hops): (u32, u8), settled: Span) -> bool {
        let Some(parent) = self.parent.filter(|_| self.is_stream()) else { return true };
        parent.slot != from && (hops >= parent.hops || now.since(parent.since) >= settled)
    }

    /// Whether this version of the membership has been looked at.
    #[must_use]
    pub fn is_of(&self, version: u32) -> bool {
        self.version == version && !self.list.is_empty()
    }

    /// The membership has changed, or the stream begins: who is down goes, and those who are told of single rumors fill the
    /// list up to as many as they are.
    pub fn renew(&mut self, version: u32, told: &[u32], is_up: impl Fn(u32) -> bool) {
        self.version = version;
        self.list.retain(|link| is_up(link.slot));
        for slot in told {
            if self.list.len() < told.len() {
                self.set(*slot, false, false);
            }
        }
    }

    /// Sets how a peer is told. One that is no link yet becomes one if there is room; one that is stays as it is unless
    /// `anew`.
    fn set(&mut self, slot: u32, lazy: bool, anew: bool) {
        match self.list.iter_mut().find(|link| link.slot == slot) {
            Some(link) if anew => link.lazy = lazy,
            Some(_) => {}
            // Full, it is answered when it asks, and goes on asking.
            None => drop(self.list.try_push(Link { slot, lazy })),
        }
    }

    /// A peer had a rumor already: it is told of digests only.
    pub fn prune(&mut self, slot: u32) {
        if self.list.iter().any(|link| link.slot == slot) {
            self.set(slot, true, true);
        }
    }

    /// A peer misses what it was told of by digest: it is told payloads at once again.
    pub fn graft(&mut self, slot: u32) {
        if self.is_stream() {
            self.set(slot, false, true);
        }
    }

    /// Those who are told payloads.
    pub fn eager(&self) -> impl Iterator<Item = u32> + '_ {
        self.list.iter().filter(|link| !link.lazy).map(|link| link.slot)
    }

    /// Whether a peer is told payloads.
    #[must_use]
    pub fn is_eager(&self, slot: u32) -> bool {
        self.eager().any(|other| other == slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::from_nanos(1_000_000_000);

    fn stream(from: u32) -> Links {
        let mut links = Links::default();
        (0..STREAM_AFTER).for_each(|_| links.note(NOW, Span::millis(1), Span::secs(1), Some((from, 2))));
        links.renew(1, &[10, 11, 12], |_| true);
        links
    }

    #[test]
    fn a_link_is_lazy_from_a_second_copy_until_its_peer_asks() {
        let mut links = stream(5);
        assert!(
            links.is_stream()
                && links.may_prune(NOW, (6, 2), Span::millis(50))
                && !links.may_prune(NOW, (5, 2), Span::millis(50))
        );
        links.prune(11);
        links.prune(77);
        assert_eq!(links.eager().collect::<Vec<_>>(), [10, 12]);
        links.graft(11);
        links.graft(40);
        assert_eq!(links.eager().collect::<Vec<_>>(), [10, 11, 12, 40]);
    }

    #[test]
    fn whoever_goes_is_replaced_and_a_prune_outlasts_the_change() {
        let mut links = stream(5);
        links.prune(10);
        links.renew(2, &[10, 13, 14], |slot| slot != 11);
        assert_eq!(links.eager().collect::<Vec<_>>(), [12, 13]);
        assert!(links.is_of(2) && !links.is_of(1));
    }

    #[test]
    fn after_a_pause_it_is_no_stream_any_more() {
        let mut links = stream(5);
        links.note(NOW, Span::secs(2), Span::secs(1), Some((5, 2)));
        assert!(!links.is_stream() && links.eager().count() == 0);
    }

    #[test]
    fn another_first_deliverer_takes_over_when_the_old_one_stays_behind() {
        let mut links = stream(5);
        (0..PARENT_MISSES).for_each(|_| links.note(NOW, Span::millis(1), Span::secs(1), Some((6, 2))));
        assert!(!links.may_prune(NOW, (5, 2), Span::millis(50)), "late a few times");
        links.note(NOW, Span::millis(1), Span::secs(1), Some((6, 2)));
        assert!(links.may_prune(NOW, (5, 2), Span::millis(50)) && !links.may_prune(NOW, (6, 2), Span::millis(50)));
    }

    #[test]
    fn a_longer_way_takes_the_place_of_a_shorter_one_only_after_it_was_the_faster_for_a_while() {
        let mut links = Links::default();
        (0..STREAM_AFTER).for_each(|_| links.note(NOW, Span::millis(1), Span::secs(1), Some((5, 3))));
        let settled = Span::millis(50);
        let cases = [
            // hops, after, prunes, because
            (2, Span::millis(49), false, "a shorter way, and the other is young"),
            (2, settled, true, "the longer is the faster"),
            (3, Span::ZERO, true, "no shorter"),
            (4, Span::ZERO, true, "longer"),
        ];
        for (hops, after, prunes, because) in cases {
            assert_eq!(links.may_prune(NOW + after, (6, hops), settled), prunes, "{because}");
        }
        assert!(!links.may_prune(NOW + Span::secs(9), (5, 1), settled), "the first deliverer never");
    }
}
