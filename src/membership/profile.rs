//! What belongs to a member beside its state? Name, zone and tags.

/// The tags of a profile as pairs of key and value, read from their wire form.
#[derive(Clone, Copy, Debug)]
pub struct Tags<'a>(&'a [u8]);

impl<'a> Tags<'a> {
    /// Reads the wire form; it ends where the bytes stop making sense.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl<'a> Iterator for Tags<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let (key, rest) = text(self.0)?;
        let (value, rest) = text(rest)?;
        self.0 = rest;
        Some((key, value))
    }
}

fn text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (&len, rest) = bytes.split_first()?;
    let (part, rest) = rest.split_at_checked(usize::from(len))?;
    Some((core::str::from_utf8(part).ok()?, rest))
}
