//! Which changes does the embedder want to hear of? Prefixes of keys.

use arrayvec::ArrayVec;

use super::entry::KEY_MAX;
use crate::bounded::bought;

/// A prefix of keys.
type Prefix = ArrayVec<u8, KEY_MAX>;

/// What is watched.
#[derive(Debug)]
pub struct Watches {
    prefixes: Box<[Prefix]>,
    len: usize,
}

impl Watches {
    /// Nothing, room for so many prefixes.
    #[must_use]
    pub fn new(watches: usize) -> Self {
        Self { prefixes: bought(watches, Prefix::new()), len: 0 }
    }

    /// Bytes that [`Watches::new`] buys.
    #[must_use]
    pub const fn memory_bytes(watches: usize) -> usize {
        watches * size_of::<Prefix>()
    }

    /// How many prefixes are watched.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.len as u32
    }

    /// Watches the keys that begin so, all of them where it is empty; `false` when the list is full or no key can begin so.
    #[must_use]
    pub fn add(&mut self, prefix: &[u8]) -> bool {
        if self.find(prefix).is_some() {
            return true;
        }
        let Ok(prefix) = Prefix::try_from(prefix) else { return false };
        let Some(free) = self.prefixes.get_mut(self.len) else { return false };
        *free = prefix;
        self.len += 1;
        true
    }

    /// Watches them no more.
    pub fn remove(&mut self, prefix: &[u8]) {
        if let Some(at) = self.find(prefix) {
            self.len -= 1;
            self.prefixes.swap(at, self.len);
        }
    }

    fn find(&self, prefix: &[u8]) -> Option<usize> {
        self.prefixes[..self.len].iter().position(|other| other.as_slice() == prefix)
    }

    /// Whether a key is watched.
    #[must_use]
    pub fn has(&self, key: &[u8]) -> bool {
        self.prefixes[..self.len].iter().any(|prefix| key.starts_with(prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_watched_under_each_of_its_beginnings_until_the_last_is_taken_back() {
        let mut watches = Watches::new(2);
        assert!(!watches.has(b"load"));
        assert!(watches.add(b"lo") && watches.add(b"load") && watches.add(b"lo"));
        assert!(!watches.add(b"x"), "two are all there is room for");
        assert!(watches.has(b"load") && watches.has(b"low") && !watches.has(b"l"));
        watches.remove(b"lo");
        assert!(watches.has(b"load") && !watches.has(b"low"));
        watches.remove(b"load");
        watches.remove(b"load");
        assert!(!watches.has(b"load") && watches.len() == 0);
        assert!(watches.add(b"") && watches.has(b"anything"));
        assert!(!watches.add(&[0; KEY_MAX + 1]), "no key begins so");
    }
}
