//! And whom do I tell of a stream? Peers that stay the same, fewer and fewer of them.
//!
//! Where an origin publishes steadily each rumor need not go everywhere along every edge. Whoever has had a rumor already when
//! it comes says so, and the link it came on is *lazy* from then on: payloads go past it, digests do not. What is left is a
//! tree of the ways that were fastest; who is cut off learns from a digest what it misses, asks for it, and is told at once
//! again (Plumtree's prune and graft).

use arrayvec::ArrayVec;

use crate::time::Span;

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

/// How one origin's rumors travel through this node.
#[derive(Clone, Debug, Default)]
pub struct Links {
    list: ArrayVec<Link, LINKS_MAX>,
    /// Of which version of the membership they are.
    version: u32,
    /// Rumors in close succession, up to [`STREAM_AFTER`].
    run: u8,
    /// Who delivers first, and how often it has not lately.
    parent: Option<u32>,
    misses: u8,
}

impl Links {
    /// Whether the origin publishes steadily.
    #[must_use]
    pub const fn is_stream(&self) -> bool {
        self.run >= STREAM_AFTER
    }

    /// A rumor has come, `since` after the last one; two of a stream are no more than `gap` apart.
    pub fn note(&mut self, since: Span, gap: Span, from: Option<u32>) {
        if since > gap {
            *self = Self { version: self.version, ..Self::default() };
        }
        self.run = (self.run + 1).min(STREAM_AFTER);
        match from {
            Some(from) if self.parent == Some(from) => self.misses = 0,
            Some(from) if self.parent.is_none() || self.misses >= PARENT_MISSES => {
                (self.parent, self.misses) = (Some(from), 0);
            }
            Some(_) => self.misses += 1,
            None => {}
        }
    }

    /// Whether a second copy from this peer shall make it lazy: never the first deliverer, or two rumors under way at once
    /// could cut this node off from both.
    #[must_use]
    pub fn may_prune(&self, from: u32) -> bool {
        !self.is_stream() || self.parent != Some(from)
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

    fn stream(from: u32) -> Links {
        let mut links = Links::default();
        (0..STREAM_AFTER).for_each(|_| links.note(Span::millis(1), Span::secs(1), Some(from)));
        links.renew(1, &[10, 11, 12], |_| true);
        links
    }

    #[test]
    fn a_link_is_lazy_from_a_second_copy_until_its_peer_asks() {
        let mut links = stream(5);
        assert!(links.is_stream() && links.may_prune(6) && !links.may_prune(5));
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
        links.note(Span::secs(2), Span::secs(1), Some(5));
        assert!(!links.is_stream() && links.eager().count() == 0);
    }

    #[test]
    fn another_first_deliverer_takes_over_when_the_old_one_stays_behind() {
        let mut links = stream(5);
        (0..PARENT_MISSES).for_each(|_| links.note(Span::millis(1), Span::secs(1), Some(6)));
        assert!(!links.may_prune(5), "late a few times");
        links.note(Span::millis(1), Span::secs(1), Some(6));
        assert!(links.may_prune(5) && !links.may_prune(6));
    }
}
