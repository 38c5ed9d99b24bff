//! Is it alive? Probes in flight: one direct ping; then a second one and pings through helpers; then a third.

use super::nonce::{self, Asked};
use crate::bounded::bought;
use crate::config::HELPERS_MAX;
use crate::id::BootId;
use crate::time::{Instant, Span};

/// How far a probe has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The first ping is out.
    Direct,
    /// The second ping and the requests to helpers are out.
    Indirect,
    /// The third ping is out.
    Last,
}

/// One probe. Several run at once: one that fails does not keep the others waiting (M2).
///
/// In front what every probe has; behind it, on lines of the cache that most never touch, the helpers.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Probe {
    /// Whose place.
    pub target: u32,
    /// Its number among this node's probes.
    pub sequence: u32,
    /// Which start of it.
    pub boot: BootId,
    /// When the first ping left: the time of the evidence if nothing answers.
    pub began_at: Instant,
    /// How long an ack may take.
    pub timeout: Span,
    /// When the second and the third ping left.
    pub again_at: [Instant; 2],
    /// How far it has come.
    pub stage: Stage,
    /// Whether the helpers are asked for the second time.
    pub repeated: bool,
    /// Whether the kernel was told that nobody listens there.
    pub refused: bool,
    helper_count: u8,
    nacked: u8,
    refused_by: u8,
    silent_to_count: u8,
    helpers: [u32; HELPERS_MAX],
    /// The helpers that have got no answer, of both rounds.
    silent_to: [u32; 2 * HELPERS_MAX],
}

impl Probe {
    const NONE: Self = Self {
        target: 0,
        boot: BootId::from_u64(0),
        sequence: 0,
        stage: Stage::Direct,
        began_at: Instant::ZERO,
        again_at: [Instant::ZERO; 2],
        repeated: false,
        timeout: Span::ZERO,
        refused: false,
        helpers: [0; HELPERS_MAX],
        helper_count: 0,
        nacked: 0,
        refused_by: 0,
        silent_to: [0; 2 * HELPERS_MAX],
        silent_to_count: 0,
    };

    /// Begins anew. The helpers of the one before stay behind their count, untouched.
    fn begin(&mut self, target: u32, boot: BootId, sequence: u32, now: Instant, timeout: Span) {
        (self.target, self.boot, self.sequence) = (target, boot, sequence);
        (self.began_at, self.timeout, self.again_at) = (now, timeout, [Instant::ZERO; 2]);
        (self.stage, self.repeated, self.refused) = (Stage::Direct, false, false);
        (self.helper_count, self.nacked, self.refused_by, self.silent_to_count) = (0, 0, 0, 0);
    }

    /// The places of the helpers asked.
    #[must_use]
    pub fn helpers(&self) -> &[u32] {
        &self.helpers[..usize::from(self.helper_count)]
    }

    /// Goes on to the helpers.
    pub fn ask(&mut self, helpers: &[u32], now: Instant) {
        self.stage = Stage::Indirect;
        self.again_at[0] = now;
        self.nacked = 0;
        self.refused_by = 0;
        self.helper_count = helpers.len().min(HELPERS_MAX) as u8;
        self.helpers[..usize::from(self.helper_count)].copy_from_slice(&helpers[..usize::from(self.helper_count)]);
    }

    /// Notes a helper's nack; `false` when it was not asked or has said so before.
    pub fn nack(&mut self, helper: u32, refused: bool) -> bool {
        let Some(i) = self.helpers().iter().position(|h| *h == helper) else { return false };
        let bit = 1 << i;
        let new = self.nacked & bit == 0;
        self.nacked |= bit;
        if let Some(place) = self.silent_to.get_mut(usize::from(self.silent_to_count)).filter(|_| new) {
            *place = helper;
            self.silent_to_count += 1;
        }
        if refused {
            self.refused_by |= bit;
        }
        new
    }

    /// Goes on to the third ping.
    pub fn ask_last(&mut self, now: Instant) {
        self.stage = Stage::Last;
        self.again_at[1] = now;
    }

    /// Whether all that were asked have said that they get no answer either: then the target, and not the way to anybody,
    /// is what is silent.
    #[must_use]
    pub const fn is_confirmed(&self) -> bool {
        self.helper_count > 0 && self.nacked.count_ones() == self.helper_count as u32
    }

    /// Whether helpers were asked and none has said a word, in any round: then this node, and not the target, may be what
    /// nobody hears.
    #[must_use]
    pub const fn is_unheard(&self) -> bool {
        self.helper_count > 0 && self.silent_to_count == 0
    }

    /// How many helpers have not said anything: what speaks against this node's own health.
    #[must_use]
    pub fn missing_nacks(&self) -> u32 {
        u32::from(self.helper_count) - self.nacked.count_ones()
    }

    /// The helpers of both rounds that have got no answer either: accusers by their own evidence.
    pub fn nacked_by(&self) -> impl Iterator<Item = u32> + '_ {
        self.silent_to[..usize::from(self.silent_to_count)].iter().copied()
    }

    /// How many kernels were told that nobody listens there: this node's and those of helpers.
    #[must_use]
    pub const fn refusals(&self) -> u8 {
        self.refused as u8 + self.refused_by.count_ones() as u8
    }
}

/// The probes in flight.
#[derive(Debug)]
pub struct Probes {
    probes: Box<[Probe]>,
    /// One bit for each place that is in use.
    busy: u64,
    sequence: u32,
}

impl Probes {
    /// Room for this many; at most 64.
    #[must_use]
    pub fn new(probes: usize, first_sequence: u32) -> Self {
        Self { probes: bought(probes.min(64), Probe::NONE), busy: 0, sequence: first_sequence }
    }

    /// Bytes that [`Probes::new`] buys.
    #[must_use]
    pub const fn memory_bytes(probes: usize) -> usize {
        probes * size_of::<Probe>()
    }

    /// How many are in flight.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.busy.count_ones()
    }

    /// Begins a probe; `None` when as many as permitted are in flight.
    pub fn begin(&mut self, target: u32, boot: BootId, now: Instant, timeout: Span) -> Option<u32> {
        let place = self.busy.trailing_ones();
        let probe = self.probes.get_mut(place as usize)?;
        self.sequence = (self.sequence.wrapping_add(1) & 0x007f_ffff).max(1);
        probe.begin(target, boot, self.sequence, now, timeout);
        self.busy |= 1 << place;
        Some(place)
    }

    /// Loads where the next probe is noted.
    #[cfg(feature = "sim")]
    pub fn warm(&self) {
        core::hint::black_box(self.probes.get(self.busy.trailing_ones() as usize).map(|probe| probe.target));
    }

    /// The probe at a place, if one is in flight there.
    #[must_use]
    pub fn get(&self, place: u32) -> Option<&Probe> {
        self.probes.get(place as usize).filter(|_| self.busy & (1 << place) != 0)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, place: u32) -> Option<&mut Probe> {
        let busy = self.busy;
        self.probes.get_mut(place as usize).filter(|_| busy & (1 << place) != 0)
    }

    /// The nonce of a question of the probe at a place.
    #[must_use]
    pub fn nonce(&self, place: u32, asked: Asked) -> Option<u32> {
        self.get(place).map(|probe| nonce::probe(probe.sequence, place, asked))
    }

    /// The probe is over.
    pub fn end(&mut self, place: u32) {
        self.busy &= !(1 << place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_than_permitted_is_refused_and_a_place_is_used_again() {
        let mut probes = Probes::new(2, 7);
        let mut begin = |target| probes.begin(target, BootId::from_u64(1), Instant::ZERO, Span::ZERO);
        assert_eq!([begin(1), begin(2), begin(3)], [Some(0), Some(1), None]);
        let first = probes.nonce(0, Asked::Direct(0));
        probes.end(0);
        assert!(probes.get(0).is_none());
        assert_eq!(probes.begin(4, BootId::from_u64(1), Instant::ZERO, Span::ZERO), Some(0));
        assert_ne!(probes.nonce(0, Asked::Direct(0)), first, "a late ack fits no later probe");
    }

    #[test]
    fn a_helper_is_counted_once_and_strangers_never() {
        let mut probe = Probe::NONE;
        probe.ask(&[5, 6, 7], Instant::ZERO);
        assert!(probe.is_unheard());
        assert!(probe.nack(6, true) && !probe.nack(6, false) && !probe.nack(9, false));
        assert_eq!((probe.missing_nacks(), probe.refusals(), probe.nacked_by().collect::<Vec<_>>()), (2, 1, vec![6]));
    }
}
