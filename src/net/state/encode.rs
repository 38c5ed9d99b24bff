//! How do keys and values get from the loop to a reader? One behind the other in a buffer that the reader has brought.

use core::time::Duration;

use super::{Contributed, Merged, SharedKey, Surveyed, Value};
use crate::aggregate::Aggregate;
use crate::id::NodeId;
use crate::node::{Coverage, Estimate, Node, SharedValue, StateView};
use crate::rumor::Class;
use crate::state::{MergeRule, Stamp};
use crate::time::Span;
use crate::wire::Progress;

/// Adds bytes that fit the room that the buffer has, all of them or none.
pub(super) struct Out<'b> {
    buf: &'b mut Vec<u8>,
    begin: usize,
    fits: bool,
}

impl<'b> Out<'b> {
    pub(super) fn new(buf: &'b mut Vec<u8>) -> Self {
        let begin = buf.len();
        Self { buf, begin, fits: true }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.fits &= self.buf.capacity() - self.buf.len() >= bytes.len();
        if self.fits {
            self.buf.extend_from_slice(bytes);
        }
    }

    fn byte(&mut self, byte: u8) {
        self.bytes(&[byte]);
    }

    fn word(&mut self, word: u64) {
        self.bytes(&word.to_le_bytes());
    }

    fn text(&mut self, text: &[u8]) {
        self.bytes(&(text.len() as u32).to_le_bytes());
        self.bytes(text);
    }

    /// Whether all of it fitted; else none of it is there.
    pub(super) fn end(self) -> bool {
        if !self.fits {
            self.buf.truncate(self.begin);
        }
        self.fits
    }
}

pub(super) fn put_value(buf: &mut Vec<u8>, view: &StateView<'_>) -> bool {
    let mut out = Out::new(buf);
    out.word(view.owner.as_u64());
    out.word(u64::from(view.life));
    out.word(view.version);
    out.word(view.age.as_nanos());
    out.word(view.ttl.map_or(0, |ttl| ttl.as_nanos()));
    out.byte(view.class as u8);
    out.byte(u8::from(view.durable) | u8::from(view.shared) << 1);
    out.text(view.key);
    out.text(view.value);
    out.end()
}

/// Writes what a shared key is; `false` where it does not fit.
pub(super) fn put_shared(buf: &mut Vec<u8>, node: &Node, key: &[u8]) -> bool {
    let Some((rule, value)) = node.shared(key) else { return true };
    let mut out = Out::new(buf);
    out.byte(rule as u8);
    match value {
        SharedValue::Absent => out.byte(0),
        SharedValue::Bytes(value) => {
            out.byte(1);
            out.text(value);
        }
        SharedValue::Number(number) => {
            out.byte(2);
            out.word(number as u64);
        }
        SharedValue::Set => {
            out.byte(3);
            out.word(node.shared_elements(key).count() as u64);
            node.shared_elements(key).for_each(|element| out.text(element));
        }
        SharedValue::Conflict => out.byte(4),
    }
    for held in node.shared_contributions(key) {
        out.bytes(&held.stamp.to_bytes());
        out.byte(u8::from(held.absent) | u8::from(held.dominated) << 1);
        out.word(held.wall_ms);
        out.text(held.said);
    }
    out.end()
}

/// Writes how far a survey has come; `false` where it does not fit.
pub(super) fn put_surveyed(buf: &mut Vec<u8>, node: &Node) -> bool {
    let Some(coverage) = node.coverage() else { return true };
    let mut out = Out::new(buf);
    out.word(coverage.owner.as_u64());
    out.word(u64::from(coverage.life));
    out.word(coverage.version);
    out.word(u64::from(coverage.held));
    out.word(u64::from(coverage.of));
    out.word(coverage.asked);
    out.byte(u8::from(coverage.running));
    out.word(coverage.settle.as_nanos());
    for (id, progress) in node.surveyed() {
        out.word(id.as_u64());
        out.byte(u8::from(progress.is_some()));
        let Progress { complete, membership, rumors, state } = progress.unwrap_or_default();
        [complete, membership, rumors, state].into_iter().for_each(|word| out.word(word));
    }
    out.end()
}

/// Writes what a fold came to: at most 29 KiB.
pub(super) fn put_aggregate(buf: &mut Vec<u8>, fold: &Aggregate) -> bool {
    let mut out = Out::new(buf);
    out.word(u64::from(fold.owners()));
    out.word(u64::from(fold.not_numbers()));
    if !out.end() || fold.count() == 0 {
        return fold.count() == 0;
    }
    let len = buf.len();
    buf.resize(buf.capacity(), 0);
    let written = fold.sketch().encode(&mut buf[len..]);
    buf.truncate(len + written.unwrap_or(0));
    written.is_some()
}

/// Writes what averaging came to.
pub(super) fn put_estimate(buf: &mut Vec<u8>, estimate: &Estimate) -> bool {
    let mut out = Out::new(buf);
    [estimate.mean, estimate.sum, estimate.count].into_iter().for_each(|number| out.word(number.to_bits()));
    out.word(u64::from(estimate.rounds));
    out.end()
}

/// Reads what was put in, in the same order.
pub(super) struct In<'b>(pub &'b [u8]);

impl<'b> In<'b> {
    fn chunk<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (chunk, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*chunk)
    }

    fn byte(&mut self) -> Option<u8> {
        self.chunk().map(|[byte]| byte)
    }

    fn word(&mut self) -> Option<u64> {
        self.chunk().map(u64::from_le_bytes)
    }

    fn text(&mut self) -> Option<&'b [u8]> {
        let len = u32::from_le_bytes(self.chunk()?);
        let (text, rest) = self.0.split_at_checked(len as usize)?;
        self.0 = rest;
        Some(text)
    }

    pub(super) fn value(&mut self) -> Option<Value> {
        let owner = NodeId::from_u64(self.word()?);
        let (life, version) = (self.word()? as u32, self.word()?);
        let (age, ttl) = (self.word()?, self.word()?);
        let (class, flags) = (Class::from_code(self.byte()?)?, self.byte()?);
        Some(Value {
            owner,
            life,
            version,
            key: self.text()?.to_vec(),
            value: self.text()?.to_vec(),
            class,
            durable: flags & 1 != 0,
            shared: flags & 2 != 0,
            age: Duration::from_nanos(age),
            ttl: (ttl > 0).then(|| Duration::from_nanos(ttl)),
        })
    }

    pub(super) fn aggregate(&mut self) -> Option<Aggregate> {
        let (owners, not_numbers) = (self.word()? as u32, self.word()? as u32);
        Some(Aggregate::of(owners, not_numbers, self.0))
    }

    pub(super) fn estimate(&mut self) -> Option<Estimate> {
        let [mean, sum, count] = [self.word()?, self.word()?, self.word()?].map(f64::from_bits);
        Some(Estimate { mean, sum, count, rounds: self.word()? as u32 })
    }

    pub(super) fn surveyed(&mut self) -> Option<Surveyed> {
        let coverage = Coverage {
            owner: NodeId::from_u64(self.word()?),
            life: self.word()? as u32,
            version: self.word()?,
            held: self.word()? as u32,
            of: self.word()? as u32,
            asked: self.word()?,
            running: self.byte()? != 0,
            settle: Span::nanos(self.word()?),
        };
        let mut members = Vec::new();
        while !self.0.is_empty() {
            let (id, answered) = (NodeId::from_u64(self.word()?), self.byte()? != 0);
            let (complete, membership) = (self.word()?, self.word()?);
            let progress = Progress { complete, membership, rumors: self.word()?, state: self.word()? };
            members.push((id, answered.then_some(progress)));
        }
        Some(Surveyed { coverage, members })
    }

    pub(super) fn shared(&mut self) -> Option<SharedKey> {
        let rule = MergeRule::from_code(self.byte()?)?;
        let value = match self.byte()? {
            0 => Merged::Absent,
            1 => Merged::Bytes(self.text()?.to_vec()),
            2 => Merged::Number(self.word()? as i64),
            3 => {
                let count = self.word()?;
                let mut elements = (0..count).map(|_| Some(self.text()?.to_vec())).collect::<Option<Vec<_>>>()?;
                elements.sort_unstable();
                elements.dedup();
                Merged::Set(elements)
            }
            _ => Merged::Conflict,
        };
        let mut contributions = Vec::new();
        while !self.0.is_empty() {
            let stamp = Stamp::from_bytes(&self.chunk()?);
            let flags = self.byte()?;
            let (wall_ms, said) = (self.word()?, self.text()?.to_vec());
            let (absent, dominated) = (flags & 1 != 0, flags & 2 != 0);
            contributions.push(Contributed { stamp, absent, dominated, wall_ms, said });
        }
        contributions.sort_unstable_by_key(|held| held.stamp);
        Some(SharedKey { rule, value, contributions })
    }
}
