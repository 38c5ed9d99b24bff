//! How does foca carry rumors? As custom broadcasts at their best: a fixed layout, a number of eight bytes, no broadcast that
//! replaces another, and a table that knows a duplicate at the first look.
//!
//! In foca's favour: bruit's rumors say whose they are, about what, how old, and how often forwarded. A datagram here is as
//! long as whole broadcasts: while there is room left but none for one more, foca goes through its whole queue.

use std::hint::black_box;
use std::num::{NonZeroU8, NonZeroU64, NonZeroUsize};

use bruit::Rng;
use foca::{BroadcastHandler, Codec, Config, Foca, Header, Invalidates, Member, Message};
use rand_core::SeedableRng;
use rand_pcg::Pcg64;

use crate::codec::{Fixed, HEADER, Id, Misfit};
use crate::foca_side::{Datagrams, Sink, id_of, node};
use crate::heard::Heard;
use crate::rumors::Teller;
use crate::side::{Engine, Sent, sends};
use crate::support::cluster::{DATAGRAM, RUMOR_BYTES};

const NUMBER: usize = size_of::<u64>();
/// Bytes of a broadcast: which, and what it says.
const BROADCAST: usize = NUMBER + RUMOR_BYTES;
/// foca's own number before each: how long it is.
const PREFIXED: usize = 2 + BROADCAST;
/// Broadcasts in a full datagram.
const IN_FULL: usize = (DATAGRAM - HEADER) / PREFIXED;
/// Such a datagram, to the byte.
const FULL: usize = HEADER + IN_FULL * PREFIXED;

/// No broadcast says anything of another.
struct Unrelated;

impl Invalidates for Unrelated {
    fn invalidates(&self, _other: &Self) -> bool {
        false
    }
}

/// Takes broadcasts in.
struct Listener(Heard);

impl BroadcastHandler<Id> for Listener {
    type Key = Unrelated;
    type Error = Misfit;

    fn receive_item(&mut self, data: &[u8], _sender: Option<&Id>) -> Result<Option<Unrelated>, Misfit> {
        let broadcast: &[u8; BROADCAST] = data.try_into().map_err(|_| Misfit)?;
        let (number, payload) = broadcast.split_first_chunk::<NUMBER>().ok_or(Misfit)?;
        let number = NonZeroU64::new(u64::from_le_bytes(*number)).ok_or(Misfit)?;
        let new = self.0.note(number);
        if new {
            // The embedder has it.
            black_box(payload);
        }
        Ok(new.then_some(Unrelated))
    }
}

/// A node of foca's among peers.
pub struct FocaRumors {
    foca: Foca<Id, Fixed, Pcg64, Listener>,
    dice: Rng,
    members: usize,
    new: u64,
    copies: u64,
}

impl FocaRumors {
    fn take(&mut self, datagram: &[u8], sent: &mut Sent) {
        let waited = self.foca.custom_broadcast_backlog();
        self.foca.handle_data(black_box(datagram), Sink::new(sent)).expect("a datagram that makes sense");
        self.new += (self.foca.custom_broadcast_backlog() - waited) as u64;
    }

    /// Sends whatever waits as often as it shall be sent.
    fn send(&mut self, sent: &mut Sent) {
        let before = *sent;
        while self.foca.custom_broadcast_backlog() > 0 {
            self.foca.broadcast(Sink::new(sent)).expect("a datagram has room");
        }
        let headers = (sent.datagrams - before.datagrams) * HEADER as u64;
        self.copies += (sent.bytes - before.bytes - headers) / PREFIXED as u64;
    }
}

impl Engine for FocaRumors {
    type Batch = Datagrams;

    fn hear(&mut self, batch: &Datagrams) {
        batch.each(|datagram| self.take(datagram, &mut Sent::default()));
    }

    fn serve(&mut self, batch: &Datagrams, sent: &mut Sent) {
        batch.each(|datagram| {
            self.take(datagram, sent);
            self.send(sent);
        });
    }

    fn tidy(&mut self) {
        self.send(&mut Sent::default());
    }

    fn extent(batch: &Datagrams) -> Sent {
        batch.extent()
    }
}

impl Teller for FocaRumors {
    const IN_FULL: usize = IN_FULL;

    fn quiet(members: usize) -> Self {
        let sends = sends(members);
        let config = Config {
            max_transmissions: NonZeroU8::new(u8::try_from(sends).expect("a few dozen")).expect("at least one"),
            max_packet_size: NonZeroUsize::new(FULL).expect("not zero"),
            // To so many does one `Foca::broadcast` go. Members are drawn once for all of them, which takes a look at each.
            num_indirect_probes: NonZeroUsize::new(sends).expect("not zero"),
            ..Config::simple()
        };
        let listener = Listener(Heard::new());
        let mut foca = Foca::with_custom_broadcast(node(), config, Pcg64::seed_from_u64(5), Fixed, listener);
        let others = (0..members - 1).map(|peer| Member::alive(id_of(peer)));
        foca.apply_many(others, false, Sink::new(&mut Sent::default())).expect("members are taken");
        Self { foca, dice: Rng::from_seed(5), members, new: 0, copies: 0 }
    }

    fn rumors(&mut self, count: usize) -> Datagrams {
        let mut batch = Datagrams::default();
        for _ in 0..count {
            let from = self.dice.below(u32::try_from(self.members - 1).expect("fits")) as usize;
            let header = Header { src: id_of(from), src_incarnation: 0, dst: node(), message: Message::Broadcast };
            batch.push(|bytes| {
                Fixed.encode_header(&header, &mut *bytes).expect("a vector grows");
                for _ in 0..IN_FULL {
                    bytes.extend_from_slice(&(BROADCAST as u16).to_be_bytes());
                    bytes.extend_from_slice(&self.dice.next_u64().max(1).to_le_bytes());
                    bytes.extend_from_slice(&[0x5a; RUMOR_BYTES]);
                }
            });
        }
        batch
    }

    /// Nothing: foca has no digests, and all broadcasts were sent.
    fn follow(&mut self, _sent: &mut Sent) {}

    fn new_ones(&self) -> u64 {
        self.new
    }

    fn copies(&self) -> u64 {
        self.copies
    }
}
