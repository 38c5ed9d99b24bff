//! What is in the set? Elements that one writer has put in, and those of others that it has taken out.
//!
//! ```text
//!  0  elements u8     1  removals u8
//!  2  elements, each: 0 life u32   4 tag u32   8 length u8   9 the element
//! ..  removals, each: 0 owner's id u64   8 life u32   12 tag u32
//! ```
//! Life and tag are the life and the version in which the writer put the element in, so each putting in is one of its own: who takes
//! an element out takes out what it has seen of it, and what somebody puts in at the same time stays (an observed-remove set).

use crate::id::NodeId;

/// The elements that a writer has put in.
#[derive(Clone, Copy, Debug)]
pub struct Elements<'a> {
    left: u8,
    rest: &'a [u8],
}

/// The elements of others that a writer has taken out.
#[derive(Clone, Copy, Debug)]
pub struct Removals<'a> {
    left: u8,
    rest: &'a [u8],
}

/// One putting in: whose, in which of its lives, under which tag.
pub type Dot = (NodeId, u32, u32);

impl<'a> Elements<'a> {
    /// Those in what a contribution says.
    #[must_use]
    pub fn of(said: &'a [u8]) -> Self {
        match said {
            [elements, _, rest @ ..] => Self { left: *elements, rest },
            _ => Self { left: 0, rest: &[] },
        }
    }
}

impl<'a> Iterator for Elements<'a> {
    /// Life and tag, and the element.
    type Item = (u32, u32, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let ([a, b, c, d, e, f, g, h, len], rest) = self.rest.split_first_chunk()?;
        let (element, rest) = rest.split_at_checked(usize::from(*len))?;
        self.rest = rest;
        Some((u32::from_le_bytes([*a, *b, *c, *d]), u32::from_le_bytes([*e, *f, *g, *h]), element))
    }
}

impl<'a> Removals<'a> {
    /// Those in what a contribution says.
    #[must_use]
    pub fn of(said: &'a [u8]) -> Self {
        let mut elements = Elements::of(said);
        while elements.next().is_some() {}
        Self { left: said.get(1).copied().unwrap_or(0), rest: elements.rest }
    }
}

impl Iterator for Removals<'_> {
    type Item = Dot;

    fn next(&mut self) -> Option<Dot> {
        self.left = self.left.checked_sub(1)?;
        let ([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p], rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        let owner = NodeId::from_u64(u64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h]));
        Some((owner, u32::from_le_bytes([*i, *j, *k, *l]), u32::from_le_bytes([*m, *n, *o, *p])))
    }
}

/// Writes elements, and behind them removals.
#[derive(Debug)]
pub struct ElementsWriter<'b> {
    buf: &'b mut [u8],
    len: usize,
}

impl<'b> ElementsWriter<'b> {
    /// None so far; `None` where there is no room even for that.
    pub fn new(buf: &'b mut [u8]) -> Option<Self> {
        buf.get_mut(..2)?.fill(0);
        Some(Self { buf, len: 2 })
    }

    /// Adds an element; `None` where it does not fit, or removals have begun.
    pub fn element(&mut self, (life, tag): (u32, u32), element: &[u8]) -> Option<()> {
        let len = u8::try_from(element.len()).ok().filter(|_| self.buf[1] == 0)?;
        self.buf[0] = self.buf[0].checked_add(1)?;
        self.append(&life.to_le_bytes())?;
        self.append(&tag.to_le_bytes())?;
        self.append(&[len])?;
        self.append(element)
    }

    /// Adds a removal; `None` where it does not fit.
    pub fn removal(&mut self, (owner, life, tag): Dot) -> Option<()> {
        self.buf[1] = self.buf[1].checked_add(1)?;
        self.append(&owner.as_u64().to_le_bytes())?;
        self.append(&life.to_le_bytes())?;
        self.append(&tag.to_le_bytes())
    }

    /// How many bytes it has written.
    #[must_use]
    pub const fn written(&self) -> usize {
        self.len
    }

    fn append(&mut self, bytes: &[u8]) -> Option<()> {
        self.buf.get_mut(self.len..)?.get_mut(..bytes.len())?.copy_from_slice(bytes);
        self.len += bytes.len();
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_and_removals_are_read_as_they_were_written_and_nothing_beyond_the_room() {
        let mut buf = [0xff; 64];
        let mut writer = ElementsWriter::new(&mut buf).expect("room");
        writer.element((1, 7), b"seven").expect("room");
        writer.element((1, 8), b"").expect("room");
        writer.removal((NodeId::from_u64(3), 4, 5)).expect("room");
        assert_eq!(writer.element((1, 9), b"late"), None, "removals have begun");
        let len = writer.written();
        let said = &buf[..len];
        assert_eq!(Elements::of(said).collect::<Vec<_>>(), [(1, 7, &b"seven"[..]), (1, 8, &b""[..])]);
        assert_eq!(Removals::of(said).collect::<Vec<_>>(), [(NodeId::from_u64(3), 4, 5)]);
        assert_eq!(Elements::of(&[]).count() + Removals::of(&[]).count(), 0);
        // Cut off anywhere it gives less, and never what was not written.
        for cut in 0..len {
            assert!(Elements::of(&said[..cut]).count() <= 2 && Removals::of(&said[..cut]).count() <= 1);
        }
        let mut small = [0; 8];
        let mut writer = ElementsWriter::new(&mut small).expect("room");
        assert_eq!(writer.element((1, 1), b"too long"), None);
    }
}
