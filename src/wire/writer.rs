//! Writing a datagram: a header, then sections as long as there is room, then the checksum.

use zerocopy::{Immutable, IntoBytes};

use super::header::{self, Binding, CHECK_LEN, Header};
use super::section::{Kind, RawSection, SECTION_HEADER};

/// Fills one datagram. Every push says whether there was room; what does not fit is left out whole.
#[derive(Debug)]
pub struct Writer<'b> {
    buf: &'b mut [u8],
    len: usize,
    max: usize,
    /// Where the section that can still grow begins, its kind and how many records it has.
    open: Option<(usize, Kind, u8)>,
}

impl<'b> Writer<'b> {
    /// Begins a datagram of at most `max` bytes in `buf`; `None` when `buf` is shorter than that.
    #[must_use]
    pub fn new(buf: &'b mut [u8], max: usize, header: &Header) -> Option<Self> {
        if buf.len() < max || max < super::MIN_MAX_DATAGRAM {
            return None;
        }
        let len = header::write(header, buf);
        Some(Self { buf, len, max: max - CHECK_LEN, open: None })
    }

    /// Bytes written so far, without the checksum.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether no section has been written.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.open.is_none()
    }

    /// Bytes that are left.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.max - self.len
    }

    /// Bytes that one more record of `kind` may take.
    #[must_use]
    pub fn room(&self, kind: Kind) -> usize {
        let header = if self.joins(kind) { 0 } else { SECTION_HEADER };
        self.remaining().saturating_sub(header)
    }

    /// Adds one record; `false`, and nothing changed, when it does not fit.
    #[must_use]
    pub fn push<T: IntoBytes + Immutable>(&mut self, kind: Kind, record: &T) -> bool {
        let fits = size_of::<T>() <= self.room(kind);
        if fits {
            self.begin(kind);
            self.append(record.as_bytes());
            self.count_one();
        }
        fits
    }

    /// Adds one record made of a fixed part and up to three trailing ones; `false`, and nothing changed, when it does
    /// not fit.
    #[must_use]
    pub fn push_parts(&mut self, kind: Kind, fixed: &[u8], tail: &[&[u8]]) -> bool {
        let size = fixed.len() + tail.iter().map(|part| part.len()).sum::<usize>();
        if size > self.room(kind) {
            return false;
        }
        self.begin(kind);
        self.append(fixed);
        for part in tail {
            self.append(part);
        }
        self.count_one();
        true
    }

    /// Adds bytes to the record that was pushed last: the claims of a listing. `false` when they do not fit.
    #[must_use]
    pub fn extend<T: IntoBytes + Immutable>(&mut self, kind: Kind, record: &T) -> bool {
        if !self.grows(kind) || size_of::<T>() > self.remaining() {
            return false;
        }
        self.append(record.as_bytes());
        self.count_one();
        true
    }

    /// Lets the record that was pushed last grow by so many bytes, which the caller fills: the entries of a page. `None` when they
    /// do not fit.
    #[must_use]
    pub(super) fn grow(&mut self, kind: Kind, len: usize) -> Option<&mut [u8]> {
        if !self.grows(kind) || len > self.remaining() {
            return None;
        }
        let begin = self.len;
        self.len += len;
        self.count_one();
        self.buf.get_mut(begin..begin + len)
    }

    /// Adds to the number in eight bytes at `at` of the section that is open; `false` when there is none.
    #[must_use]
    pub(super) fn add_within(&mut self, at: usize, number: u64) -> bool {
        let Some((begin, ..)) = self.open else { return false };
        let Some(bytes) = self.buf.get_mut(begin + at..).and_then(|rest| rest.first_chunk_mut()) else { return false };
        *bytes = u64::from_le_bytes(*bytes).wrapping_add(number).to_le_bytes();
        true
    }

    /// Closes the datagram and returns its length.
    #[must_use]
    pub fn finish(self, binding: &Binding) -> usize {
        header::seal(self.buf, self.len, binding)
    }

    /// Whether a further record of `kind` becomes part of the section that was written last.
    fn joins(&self, kind: Kind) -> bool {
        kind.holds_many() && self.grows(kind)
    }

    /// Whether the section that was written last is of `kind` and can count one more.
    fn grows(&self, kind: Kind) -> bool {
        self.open.is_some_and(|(_, open, count)| open == kind && count < u8::MAX)
    }

    fn begin(&mut self, kind: Kind) {
        if self.joins(kind) {
            return;
        }
        self.open = Some((self.len, kind, 0));
        self.append(RawSection { kind: kind.code(), count: 0, len: 0.into() }.as_bytes());
    }

    fn append(&mut self, bytes: &[u8]) {
        self.buf[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    fn count_one(&mut self) {
        let Some((at, _, count)) = &mut self.open else {
            return;
        };
        *count += 1;
        let body = (self.len - *at - SECTION_HEADER) as u16;
        self.buf[*at + 1] = *count;
        self.buf[*at + 2..*at + SECTION_HEADER].copy_from_slice(&body.to_le_bytes());
    }
}
