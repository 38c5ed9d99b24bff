//! Who is in, for those outside the loop? A copy of the table of members that the loop keeps up to date and that anyone
//! reads without a lock, without stopping the loop, and when it stands still (R29).
//!
//! ```text
//!  a place, in words of 64 bits
//!  0 version   1 id   2 boot   3 incarnation   4-5 IP address, as IPv6   6 port, state, flags, lengths   7 rtt, ns
//!  8..         name, zone, tags as they travel
//! ```
//! Each place has a version of its own, so one record is always whole. A version of the whole table tells whether a copy of
//! all of it is of one moment. The writer stores what has changed and waits for nobody.

use core::net::{IpAddr, Ipv6Addr, SocketAddr};
use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::Relaxed;
use core::time::Duration;

use super::figures::Member;
use super::seqlock;
use crate::id::{BootId, Incarnation, Name, NodeId};
use crate::limits::Limits;
use crate::membership::Tags;
use crate::node::MemberView;
use crate::wire::State;

/// Words of a record before its text, without the version.
const FIXED: usize = 7;
/// Copies of the whole table that are tried before one of several moments will do.
const TRIES: usize = 4;

const PRESENT: u64 = 1;
const VERIFIED: u64 = 1 << 1;
const IS_SELF: u64 = 1 << 2;
const HAS_RTT: u64 = 1 << 3;

/// The shared side.
#[derive(Debug)]
pub(super) struct Snapshot {
    version: AtomicU64,
    /// Places that may hold a member: those above it never did.
    used: AtomicU64,
    places: Box<[AtomicU64]>,
    /// Words of a place, its version included.
    stride: usize,
}

/// Words of a place for profiles of this many bytes.
const fn stride(limits: &Limits) -> usize {
    1 + FIXED + (limits.profile_bytes as usize).div_ceil(8)
}

impl Snapshot {
    pub(super) fn new(limits: &Limits) -> Self {
        let stride = stride(limits);
        Self {
            version: AtomicU64::new(0),
            used: AtomicU64::new(0),
            places: seqlock::words(stride * limits.members as usize),
            stride,
        }
    }

    pub(super) const fn memory_bytes(limits: &Limits) -> usize {
        stride(limits) * size_of::<u64>() * limits.members as usize
    }

    /// Copies every member into `members`, which is cleared first. Whether all are of one moment.
    pub(super) fn read(&self, members: &mut Vec<Member>) -> bool {
        let mut record = vec![0; self.stride - 1];
        for _ in 0..TRIES {
            let seen = seqlock::before(&self.version);
            self.copy(&mut record, members);
            if seen.is_some_and(|seen| seqlock::undisturbed(&self.version, seen)) {
                return true;
            }
            std::thread::yield_now();
        }
        false
    }

    fn copy(&self, record: &mut [u64], members: &mut Vec<Member>) {
        members.clear();
        for place in self.places.chunks_exact(self.stride).take(self.used.load(Relaxed) as usize) {
            let Some((version, words)) = place.split_first() else { continue };
            // A place that is written over and over, or whose writer died in the middle, is left out: never torn.
            if seqlock::read(version, || seqlock::load(words, record)).is_some() {
                members.extend(decode(record));
            }
        }
    }
}

/// The loop's side: the only writer.
pub(super) struct Writer {
    record: Box<[u64]>,
    writing: bool,
}

impl Writer {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { record: vec![0; stride(limits) - 1].into_boxed_slice(), writing: false }
    }

    /// Stores the record of place `at`, or clears it. After the last of several, [`Writer::finish`].
    pub(super) fn put(&mut self, snapshot: &Snapshot, at: u32, member: Option<&MemberView<'_>>) {
        if !self.writing {
            self.writing = true;
            seqlock::begin(&snapshot.version);
        }
        let at = at as usize;
        let Some((version, words)) =
            snapshot.places.chunks_exact(snapshot.stride).nth(at).and_then(<[AtomicU64]>::split_first)
        else {
            return; // the node has no such place
        };
        let len = encode(member, &mut self.record);
        seqlock::begin(version);
        seqlock::store(words, &self.record[..len]);
        seqlock::end(version);
        if at as u64 >= snapshot.used.load(Relaxed) {
            snapshot.used.store(at as u64 + 1, Relaxed);
        }
    }

    /// Ends what [`Writer::put`] began.
    pub(super) fn finish(&mut self, snapshot: &Snapshot) {
        if self.writing {
            self.writing = false;
            seqlock::end(&snapshot.version);
        }
    }
}

/// Writes the record and returns how many words of it count.
fn encode(member: Option<&MemberView<'_>>, record: &mut [u64]) -> usize {
    let (fixed, text) = record.split_at_mut(FIXED);
    let Some(m) = member else {
        fixed[5] = 0;
        return FIXED;
    };
    let parts = [m.name.as_bytes(), m.zone.as_bytes(), m.raw_tags];
    let len: usize = parts.iter().map(|part| part.len()).sum();
    debug_assert!(len <= text.len() * 8, "the node takes no longer profiles");
    let ip = match m.addr.ip() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    let ip = u128::from(ip);
    let flags = PRESENT
        | if m.verified { VERIFIED } else { 0 }
        | if m.is_self { IS_SELF } else { 0 }
        | if m.rtt.is_some() { HAS_RTT } else { 0 };
    fixed.copy_from_slice(&[
        m.id.as_u64(),
        m.boot.as_u64(),
        m.incarnation.as_u64(),
        (ip >> 64) as u64,
        ip as u64,
        flags
            | ((m.state as u64) << 4)
            | (u64::from(m.addr.port()) << 16)
            | ((m.name.len() as u64) << 32)
            | ((m.zone.len() as u64) << 40)
            | ((m.raw_tags.len() as u64) << 48),
        m.rtt.map_or(0, |rtt| rtt.as_nanos()),
    ]);
    let mut bytes = parts.into_iter().flatten();
    let mut words = 0;
    for word in text.iter_mut().take(len.div_ceil(8)) {
        let mut chunk = [0; 8];
        for (to, from) in chunk.iter_mut().zip(&mut bytes) {
            *to = *from;
        }
        *word = u64::from_le_bytes(chunk);
        words += 1;
    }
    FIXED + words
}

/// The member in a record; `None` when the place is free.
fn decode(record: &[u64]) -> Option<Member> {
    let (&[id, boot, incarnation, ip_high, ip_low, packed, rtt], text) = record.split_first_chunk::<FIXED>()?;
    if packed & PRESENT == 0 {
        return None;
    }
    let lens = [packed >> 32 & 0xff, packed >> 40 & 0xff, packed >> 48].map(|len| len as usize);
    let bytes: Vec<u8> = text.iter().flat_map(|word| word.to_le_bytes()).take(lens.iter().sum()).collect();
    let (name, rest) = bytes.split_at_checked(lens[0])?;
    let (zone, tags) = rest.split_at_checked(lens[1])?;
    let ip = Ipv6Addr::from(u128::from(ip_high) << 64 | u128::from(ip_low)).to_canonical();
    Some(Member {
        name: Name::new(core::str::from_utf8(name).ok()?)?,
        id: NodeId::from_u64(id),
        boot: BootId::from_u64(boot),
        addr: SocketAddr::new(ip, (packed >> 16) as u16),
        state: *State::ALL.get((packed >> 4 & 0xf) as usize)?,
        incarnation: Incarnation::from_u64(incarnation),
        zone: core::str::from_utf8(zone).ok()?.to_owned(),
        tags: Tags::new(tags).map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        rtt: (packed & HAS_RTT != 0).then(|| Duration::from_nanos(rtt)),
        verified: packed & VERIFIED != 0,
        is_self: packed & IS_SELF != 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;
    use core::sync::atomic::AtomicBool;

    const PLACES: u32 = 8;

    fn limits() -> Limits {
        Limits { members: PLACES, ..Limits::default() }
    }

    /// A record of which every part follows from two numbers, so that parts of two records are told apart.
    struct Parts {
        name: String,
        zone: String,
        tags: Vec<u8>,
        stamp: u64,
        addr: SocketAddr,
    }

    impl Parts {
        fn new(place: u32, stamp: u64) -> Self {
            let letter = char::from(b'a' + (stamp % 26) as u8);
            let value: String = core::iter::repeat_n(letter, stamp as usize % 100).collect();
            let mut tags = vec![1, b'k', value.len() as u8];
            tags.extend(value.bytes());
            let ip = Ipv6Addr::from(u128::from(stamp + 1) << 64 | u128::from(stamp + 1));
            Self {
                name: format!("{place}-{stamp}"),
                zone: letter.to_string(),
                tags,
                stamp,
                addr: SocketAddr::new(ip.into(), stamp as u16),
            }
        }

        fn view(&self) -> MemberView<'_> {
            MemberView {
                id: NodeId::from_u64(self.stamp),
                boot: BootId::from_u64(self.stamp),
                incarnation: Incarnation::from_u64(self.stamp),
                state: State::ALL[self.stamp as usize % State::ALL.len()],
                addr: self.addr,
                name: &self.name,
                zone: &self.zone,
                raw_tags: &self.tags,
                rtt: (!self.stamp.is_multiple_of(3)).then(|| Span::nanos(self.stamp)),
                verified: self.stamp.is_multiple_of(2),
                is_self: self.stamp.is_multiple_of(5),
            }
        }

        fn member(&self) -> Member {
            let view = self.view();
            Member {
                name: Name::new(view.name).expect("a name"),
                id: view.id,
                boot: view.boot,
                addr: view.addr,
                state: view.state,
                incarnation: view.incarnation,
                zone: self.zone.clone(),
                tags: view.tags().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
                rtt: view.rtt.map(Duration::from),
                verified: view.verified,
                is_self: view.is_self,
            }
        }
    }

    #[test]
    fn what_is_put_is_read_and_what_is_cleared_is_gone() {
        let snapshot = Snapshot::new(&limits());
        let mut writer = Writer::new(&limits());
        let mut read = Vec::new();
        for stamp in 0..200 {
            let parts = Parts::new(3, stamp);
            writer.put(&snapshot, 3, Some(&parts.view()));
            writer.finish(&snapshot);
            assert!(snapshot.read(&mut read));
            assert_eq!(read, [parts.member()], "{stamp}");
        }
        writer.put(&snapshot, 3, None);
        writer.finish(&snapshot);
        assert!(snapshot.read(&mut read) && read.is_empty());
    }

    #[test]
    fn a_profile_that_fills_its_place_is_whole() {
        let snapshot = Snapshot::new(&limits());
        let mut writer = Writer::new(&limits());
        let mut parts = Parts::new(0, 1);
        let full = limits().profile_bytes as usize - parts.name.len() - parts.zone.len();
        parts.tags = vec![1, b'k', full as u8 - 3];
        parts.tags.resize(full, b'v');
        writer.put(&snapshot, 0, Some(&parts.view()));
        writer.finish(&snapshot);
        let mut read = Vec::new();
        assert!(snapshot.read(&mut read));
        assert_eq!(read, [parts.member()]);
    }

    #[test]
    fn a_writer_that_died_in_the_middle_costs_its_record_and_no_more() {
        let snapshot = Snapshot::new(&limits());
        let mut writer = Writer::new(&limits());
        for place in 0..3 {
            writer.put(&snapshot, place, Some(&Parts::new(place, 7).view()));
        }
        writer.finish(&snapshot);
        seqlock::begin(&snapshot.version);
        seqlock::begin(&snapshot.places[snapshot.stride]);
        let mut read = Vec::new();
        assert!(!snapshot.read(&mut read), "not of one moment");
        assert_eq!(read, [Parts::new(0, 7).member(), Parts::new(2, 7).member()]);
    }

    /// Readers copy the table while one thread rewrites it: every record they get is one that was written, and a copy said
    /// to be of one moment has the same stamp everywhere.
    #[test]
    fn no_reader_ever_gets_a_torn_record() {
        let rounds: u64 = if cfg!(miri) { 200 } else { 20_000 };
        let snapshot = Snapshot::new(&limits());
        let done = AtomicBool::new(false);
        let read_all = |reads: &mut u64, coherent: &mut u64| {
            let mut members = Vec::new();
            loop {
                let last = done.load(Relaxed);
                let whole = snapshot.read(&mut members);
                for member in &members {
                    let (place, _) = member.name.as_str().split_once('-').expect("place-stamp");
                    let place = place.parse().expect("a place");
                    assert_eq!(*member, Parts::new(place, member.id.as_u64()).member());
                }
                if whole {
                    assert!(members.windows(2).all(|pair| pair[0].id == pair[1].id), "{members:?}");
                    *coherent += 1;
                }
                *reads += 1;
                if last {
                    return;
                }
            }
        };
        std::thread::scope(|scope| {
            let readers: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        let (mut reads, mut coherent) = (0, 0);
                        read_all(&mut reads, &mut coherent);
                        (reads, coherent)
                    })
                })
                .collect();
            let mut writer = Writer::new(&limits());
            for stamp in 0..rounds {
                for place in 0..PLACES {
                    writer.put(&snapshot, place, Some(&Parts::new(place, stamp).view()));
                }
                writer.finish(&snapshot);
            }
            done.store(true, Relaxed);
            for reader in readers {
                let (reads, coherent) = reader.join().expect("no torn record");
                // The last read of each comes after the last write, and nothing disturbs it.
                assert!(reads >= 1 && coherent >= 1, "{coherent} of {reads}");
            }
        });
    }
}
