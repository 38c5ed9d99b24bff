//! Whose is it? What is held of each origin, in one of its starts (R9: another start begins from nothing).

use super::links::Links;
use super::window::Window;
use crate::bounded::{Index, bought};
use crate::id::NodeId;
use crate::time::Instant;

/// Those who have asked for missing rumors lately, and what came of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    /// Before this nobody else is asked.
    pub until: Instant,
    /// How often this node has asked since the gap opened.
    pub times: u8,
    /// All that is missing up to here was asked for.
    pub up_to: u64,
}

/// What is missing first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Since when.
    pub since: Instant,
    /// Everything up to this number had come or was given up.
    pub behind: u64,
    /// The highest number that had been heard of then.
    pub heard_of: u64,
}

/// Who cannot give what is missing any more.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gone {
    /// How many have said so, one after the other.
    pub said_by: u8,
    /// Who was the last.
    pub last: Option<u32>,
    /// Whether the origin itself was among them, or cannot be asked.
    pub by_itself: bool,
    /// Up to which number not one of them can give anything.
    pub up_to: u64,
}

/// One start of an origin.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Who.
    pub id: NodeId,
    /// Which start: the low half of its boot id.
    pub boot: u32,
    /// What has come.
    pub window: Window,
    /// Everything above this that has come is retained.
    pub kept_from: u64,
    /// How many of its rumors are retained.
    pub retained: u32,
    /// How many of them wait for an earlier one.
    pub held: u32,
    /// When the last new one came.
    pub last_at: Instant,
    /// What the root counts for it; 0 while it is not settled.
    pub counted: u64,
    /// Whether it is known from where on its rumors concern this node.
    pub anchored: bool,
    /// The first gap, if there is one.
    pub gap: Option<Gap>,
    /// Who was asked for it.
    pub asked: Asked,
    /// Who cannot give it.
    pub gone: Gone,
    /// How its rumors travel on.
    pub links: Links,
}

/// The origins, at places that stay theirs.
#[derive(Debug)]
pub struct Origins {
    /// Grows into its room once: places that never hold anything are never touched.
    list: Vec<Option<Origin>>,
    capacity: usize,
    /// Words of a window.
    words: usize,
    bits: Box<[u64]>,
    index: Index,
    len: u32,
    /// Where the last search ended: rumors of one origin come together.
    last: u32,
}

impl Origins {
    /// Room for so many, with windows of so many bits.
    #[must_use]
    pub fn new(origins: usize, window: usize) -> Self {
        let words = window / 64;
        Self {
            list: Vec::with_capacity(origins),
            capacity: origins,
            words,
            bits: bought(origins * words, 0),
            index: Index::new(origins),
            len: 0,
            last: 0,
        }
    }

    /// Bytes that [`Origins::new`] buys.
    #[must_use]
    pub const fn memory_bytes(origins: usize, window: usize) -> usize {
        origins * (size_of::<Option<Origin>>() + window / 64 * size_of::<u64>()) + Index::memory_bytes(origins)
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.len
    }

    /// The place of an origin's start.
    pub fn find(&mut self, id: NodeId, boot: u32) -> Option<u32> {
        let is = |place: u32| self.at(place).is_some_and(|o| o.id == id && o.boot == boot);
        if is(self.last) {
            return Some(self.last);
        }
        self.last = self.index.find(key(id, boot), is)?;
        Some(self.last)
    }

    /// The same, without remembering where the search ended.
    #[must_use]
    pub fn look_up(&self, id: NodeId, boot: u32) -> Option<u32> {
        self.index.find(key(id, boot), |place| self.at(place).is_some_and(|o| o.id == id && o.boot == boot))
    }

    /// The origin at a place, if there is one.
    #[must_use]
    pub fn at(&self, place: u32) -> Option<&Origin> {
        self.list.get(place as usize).and_then(Option::as_ref)
    }

    /// The origin at a place that holds one.
    #[must_use]
    pub fn get(&self, place: u32) -> &Origin {
        self.at(place).expect("the place is taken")
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, place: u32) -> &mut Origin {
        self.list[place as usize].as_mut().expect("the place is taken")
    }

    /// The same, with the bits of its window.
    pub fn with_bits(&mut self, place: u32) -> (&mut Origin, &mut [u64]) {
        let at = place as usize;
        let origin = self.list[at].as_mut().expect("the place is taken");
        (origin, &mut self.bits[at * self.words..][..self.words])
    }

    /// The bits of the window at a place.
    #[must_use]
    pub fn bits(&self, place: u32) -> &[u64] {
        &self.bits[place as usize * self.words..][..self.words]
    }

    /// Adds an origin that is not in; `None` when there is no place.
    #[must_use]
    pub fn add(&mut self, id: NodeId, boot: u32, window: Window, now: Instant) -> Option<u32> {
        let free = if (self.len as usize) < self.list.len() {
            self.list.iter().position(Option::is_none)?
        } else {
            self.list.len()
        };
        let origin = Origin {
            id,
            boot,
            window,
            kept_from: window.complete(),
            retained: 0,
            held: 0,
            last_at: now,
            counted: 0,
            anchored: true,
            gap: None,
            asked: Asked::default(),
            gone: Gone::default(),
            links: Links::default(),
        };
        match self.list.get_mut(free) {
            Some(place) => *place = Some(origin),
            None if free < self.capacity => self.list.push(Some(origin)),
            None => return None,
        }
        Window::clear(&mut self.bits[free * self.words..][..self.words]);
        self.index.insert(key(id, boot), free as u32);
        self.len += 1;
        Some(free as u32)
    }

    /// Forgets an origin.
    pub fn remove(&mut self, place: u32) {
        let Some(origin) = self.at(place) else { return };
        let gone = key(origin.id, origin.boot);
        let list = &self.list;
        let key_of = |place: u32| list[place as usize].as_ref().map_or(gone, |o| key(o.id, o.boot));
        self.index.remove_slot(gone, place, key_of);
        self.list[place as usize] = None;
        self.len -= 1;
    }

    /// The places of origins in `first..=last`, in no order.
    pub fn range(&self, first: NodeId, last: NodeId) -> impl Iterator<Item = u32> + '_ {
        self.index
            .near(first, last)
            .filter(move |place| self.at(*place).is_some_and(|o| (first..=last).contains(&o.id)))
    }
}

/// Starts of one name lie close together, in the order of the names.
const fn key(id: NodeId, boot: u32) -> NodeId {
    NodeId::from_u64(id.as_u64() ^ boot as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use std::collections::BTreeMap;

    #[test]
    fn agrees_with_an_ordered_map_and_gives_each_a_clear_window() {
        let mut rng = Rng::from_seed(8);
        let mut origins = Origins::new(30, 128);
        let mut model: BTreeMap<(NodeId, u32), u32> = BTreeMap::new();
        for n in 0..20_000 {
            let (id, boot) = (NodeId::from_u64(u64::from(rng.below(15)) << 60), rng.below(4));
            match model.get(&(id, boot)) {
                Some(place) if rng.below(2) == 0 => {
                    origins.remove(*place);
                    model.remove(&(id, boot));
                }
                Some(place) => {
                    let (origin, bits) = origins.with_bits(*place);
                    origin.window.mark(bits, origin.window.complete() + 2 + n % 9, |_, _| ());
                }
                None => {
                    let added = origins.add(id, boot, Window::starting_after(n), Instant::ZERO);
                    assert_eq!(added.is_some(), model.len() < 30);
                    if let Some(place) = added {
                        assert!(origins.bits(place).iter().all(|word| *word == 0));
                        model.insert((id, boot), place);
                    }
                }
            }
            assert_eq!(origins.find(id, boot), model.get(&(id, boot)).copied());
            assert_eq!(origins.len() as usize, model.len());
            let (a, b) = (NodeId::from_u64(3 << 60), NodeId::from_u64(9 << 60));
            let mut found: Vec<u32> = origins.range(a, b).collect();
            let mut expected: Vec<u32> = model.range((a, 0)..=(b, u32::MAX)).map(|(_, place)| *place).collect();
            found.sort_unstable();
            expected.sort_unstable();
            assert_eq!(found, expected);
        }
    }
}
