//! What is a key called, where it has to outlive the entry that it is of?

use core::fmt;

use super::entry::KEY_MAX;

/// A key in a place of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key {
    len: u8,
    bytes: [u8; KEY_MAX],
}

impl Key {
    /// A copy; `None` where no key is so long.
    #[must_use]
    pub fn new(key: &[u8]) -> Option<Self> {
        let mut bytes = [0; KEY_MAX];
        bytes.get_mut(..key.len())?.copy_from_slice(key);
        Some(Self { len: key.len() as u8, bytes })
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_bytes().escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_copied_whole_or_not_at_all() {
        for len in [0, 1, KEY_MAX] {
            let text = [b'k'; KEY_MAX];
            assert_eq!(Key::new(&text[..len]).expect("short enough").as_bytes(), &text[..len]);
        }
        assert_eq!(Key::new(&[b'k'; KEY_MAX + 1]), None);
        assert_eq!(format!("{:?}", Key::new(b"a\n\xff").expect("short")), r#""a\n\xff""#);
    }
}
