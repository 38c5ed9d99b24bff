//! How would one write foca's bytes if nothing mattered but speed? Fixed offsets, little-endian, no checks beyond length.

use std::fmt;
use std::net::SocketAddrV4;

use bytes::{Buf, BufMut};
use foca::{Codec, Header, Identity, Member, Message, State};

/// An address and which start of it: eight bytes, in memory and on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id {
    pub addr: SocketAddrV4,
    pub generation: u16,
}

impl Identity for Id {
    type Addr = SocketAddrV4;

    fn renew(&self) -> Option<Self> {
        Some(Self { generation: self.generation.wrapping_add(1), ..*self })
    }

    fn addr(&self) -> SocketAddrV4 {
        self.addr
    }

    fn win_addr_conflict(&self, adversary: &Self) -> bool {
        self.generation > adversary.generation
    }
}

/// Bytes of an identity.
pub const ID: usize = 8;
/// Bytes of an update: identity, incarnation, state.
pub const UPDATE: usize = ID + 2 + 1;
/// Bytes of a header without what some messages carry beside: two identities, incarnation, kind, probe number.
pub const HEADER: usize = 2 * ID + 2 + 1 + 1;

/// The codec.
#[derive(Clone, Copy)]
pub struct Fixed;

/// There was not enough room, or the bytes mean nothing.
#[derive(Debug)]
pub struct Misfit;

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too short, or a number that means nothing")
    }
}

impl std::error::Error for Misfit {}

fn put_id(id: &Id, at: &mut [u8; ID]) {
    at[..4].copy_from_slice(&id.addr.ip().octets());
    at[4..6].copy_from_slice(&id.addr.port().to_le_bytes());
    at[6..].copy_from_slice(&id.generation.to_le_bytes());
}

fn get_id(at: &[u8; ID]) -> Id {
    let [a, b, c, d, e, f, g, h] = *at;
    Id {
        addr: SocketAddrV4::new([a, b, c, d].into(), u16::from_le_bytes([e, f])),
        generation: u16::from_le_bytes([g, h]),
    }
}

fn get<const N: usize>(buf: &mut impl Buf) -> Result<[u8; N], Misfit> {
    let mut bytes = [0; N];
    buf.try_copy_to_slice(&mut bytes).map_err(|_| Misfit)?;
    Ok(bytes)
}

fn put(mut buf: impl BufMut, bytes: &[u8]) -> Result<(), Misfit> {
    if buf.remaining_mut() < bytes.len() {
        return Err(Misfit);
    }
    buf.put_slice(bytes);
    Ok(())
}

/// Kind, probe number and the third party of a message.
const fn parts(message: &Message<Id>) -> (u8, u8, Option<Id>) {
    match message {
        Message::Ping(n) => (0, *n, None),
        Message::Ack(n) => (1, *n, None),
        Message::PingReq { target, probe_number } => (2, *probe_number, Some(*target)),
        Message::IndirectPing { origin, probe_number } => (3, *probe_number, Some(*origin)),
        Message::IndirectAck { target, probe_number } => (4, *probe_number, Some(*target)),
        Message::ForwardedAck { origin, probe_number } => (5, *probe_number, Some(*origin)),
        Message::Announce => (6, 0, None),
        Message::Feed => (7, 0, None),
        Message::Gossip => (8, 0, None),
        Message::Broadcast => (9, 0, None),
        Message::TurnUndead => (10, 0, None),
    }
}

impl Codec<Id> for Fixed {
    type Error = Misfit;

    fn encode_header(&mut self, header: &Header<Id>, mut buf: impl BufMut) -> Result<(), Misfit> {
        let (kind, number, third) = parts(&header.message);
        let mut bytes = [0; HEADER];
        let (src, rest) = bytes.split_first_chunk_mut::<ID>().ok_or(Misfit)?;
        let (dst, rest) = rest.split_first_chunk_mut::<ID>().ok_or(Misfit)?;
        put_id(&header.src, src);
        put_id(&header.dst, dst);
        rest[..2].copy_from_slice(&header.src_incarnation.to_le_bytes());
        rest[2] = kind;
        rest[3] = number;
        put(&mut buf, &bytes)?;
        let Some(third) = third else { return Ok(()) };
        let mut bytes = [0; ID];
        put_id(&third, &mut bytes);
        put(&mut buf, &bytes)
    }

    fn decode_header(&mut self, mut buf: impl Buf) -> Result<Header<Id>, Misfit> {
        let bytes: [u8; HEADER] = get(&mut buf)?;
        let (src, rest) = bytes.split_first_chunk::<ID>().ok_or(Misfit)?;
        let (dst, rest) = rest.split_first_chunk::<ID>().ok_or(Misfit)?;
        let &[low, high, kind, probe_number] = rest else { return Err(Misfit) };
        let mut third = || get(&mut buf).map(|bytes| get_id(&bytes));
        let message = match kind {
            0 => Message::Ping(probe_number),
            1 => Message::Ack(probe_number),
            2 => Message::PingReq { target: third()?, probe_number },
            3 => Message::IndirectPing { origin: third()?, probe_number },
            4 => Message::IndirectAck { target: third()?, probe_number },
            5 => Message::ForwardedAck { origin: third()?, probe_number },
            6 => Message::Announce,
            7 => Message::Feed,
            8 => Message::Gossip,
            9 => Message::Broadcast,
            10 => Message::TurnUndead,
            11.. => return Err(Misfit),
        };
        Ok(Header { src: get_id(src), src_incarnation: u16::from_le_bytes([low, high]), dst: get_id(dst), message })
    }

    fn encode_member(&mut self, member: &Member<Id>, buf: impl BufMut) -> Result<(), Misfit> {
        let mut bytes = [0; UPDATE];
        let (id, rest) = bytes.split_first_chunk_mut::<ID>().ok_or(Misfit)?;
        put_id(member.id(), id);
        rest[..2].copy_from_slice(&member.incarnation().to_le_bytes());
        rest[2] = match member.state() {
            State::Alive => 0,
            State::Suspect => 1,
            State::Down => 2,
        };
        put(buf, &bytes)
    }

    fn decode_member(&mut self, mut buf: impl Buf) -> Result<Member<Id>, Misfit> {
        let bytes: [u8; UPDATE] = get(&mut buf)?;
        let (id, rest) = bytes.split_first_chunk::<ID>().ok_or(Misfit)?;
        let &[low, high, state] = rest else { return Err(Misfit) };
        let state = match state {
            0 => State::Alive,
            1 => State::Suspect,
            2 => State::Down,
            3.. => return Err(Misfit),
        };
        Ok(Member::new(get_id(id), u16::from_le_bytes([low, high]), state))
    }
}
