//! How does a datagram get from one host to another? Past the meddler, through the network, to a process or to nobody.

use core::net::SocketAddr;

use super::flights::{Cargo, Flight};
use super::host::{Death, HostId, Process};
use super::link::Passage;
use super::network::Verdict;
use super::observe::Observer;
use super::passing::{Fate, Passing};
use super::places::Place;
use super::world::World;
use crate::node::Input;
use crate::time::Span;

/// Bytes of the IPv4 and UDP headers that travel with each payload.
const IP_AND_UDP: usize = 28;

impl<O: Observer> World<O> {
    /// What a node wants sent: traced, shown to the meddler, then carried.
    pub(super) fn send(&mut self, from: HostId, to: SocketAddr, bytes: &[u8]) {
        let from_addr = self.hosts[from.index()].addr;
        self.tally.sent += 1;
        self.tally.bytes += bytes.len() as u64;
        self.record(from_addr, to, bytes);
        let to_host = self.places.get(&to).map(|p| p.host);
        let passing = Passing { at: self.now, from, to: to_host, from_addr, to_addr: to, bytes };
        self.observer.sent(&passing);
        let fate = self.meddler.as_mut().map_or(Fate::Pass, |meddler| meddler(&passing));
        self.tally.meddled += u64::from(fate != Fate::Pass);
        match fate {
            Fate::Pass => self.carry(from, from_addr, to, Span::ZERO, bytes),
            Fate::Drop => {}
            Fate::Delay(span) => self.carry(from, from_addr, to, span, bytes),
            Fate::Twice(span) => {
                self.carry(from, from_addr, to, Span::ZERO, bytes);
                self.carry(from, from_addr, to, span, bytes);
            }
            Fate::Hold => self.hold(from, from_addr, to, bytes),
            Fate::Copy => {
                self.carry(from, from_addr, to, Span::ZERO, bytes);
                self.hold(from, from_addr, to, bytes);
            }
        }
    }

    fn hold(&mut self, from: HostId, from_addr: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        if self.held.len() == self.bounds.in_flight as usize {
            self.tally.overflowed += 1;
            return;
        }
        self.held.push_back((from, Flight { from: from_addr, to, cargo: Cargo::Datagram, bytes: bytes.to_vec() }));
    }

    /// Asks the network what becomes of a datagram that sets out after `wait`.
    pub(super) fn carry(&mut self, from: HostId, from_addr: SocketAddr, to: SocketAddr, wait: Span, bytes: &[u8]) {
        let Some(place) = self.places.get(&to) else {
            self.tally.nowhere += 1;
            return;
        };
        let passage = match self.network.verdict(from, place.host, bytes.len(), &mut self.rng) {
            Verdict::Cut => {
                self.tally.cut += 1;
                return;
            }
            Verdict::TooLong => {
                self.tally.too_long += 1;
                return;
            }
            Verdict::On(passage) => passage,
        };
        let Some(on_cable) = self.hosts[from.index()].take_cable(self.now, bytes.len() + IP_AND_UDP) else {
            self.tally.queue_lost += 1;
            return;
        };
        let at = self.now + wait + on_cable;
        let pushed = match passage {
            Passage::Lost => {
                self.tally.lost += 1;
                return;
            }
            Passage::Once(latency) => self.flights.push(at + latency, from_addr, to, Cargo::Datagram, bytes),
            Passage::Twice(one, two) => {
                self.tally.duplicated += 1;
                self.flights.push(at + one, from_addr, to, Cargo::Datagram, bytes)
                    && self.flights.push(at + two, from_addr, to, Cargo::Datagram, bytes)
            }
        };
        self.tally.overflowed += u64::from(!pushed);
    }

    /// What is due next on the wire arrives.
    pub(super) fn arrive(&mut self) {
        let Some((_, flight)) = self.flights.pop() else {
            return;
        };
        let Some(&Place { host, dead }) = self.places.get(&flight.to) else {
            self.tally.nowhere += 1;
            return self.flights.recycle(flight.bytes);
        };
        match (dead, self.hosts[host.index()].process) {
            (None, Process::Up) => self.hand(host, flight),
            (None, Process::Paused) => self.put_into_inbox(host, flight),
            (None, Process::Starved(late)) => {
                self.put_into_inbox(host, flight);
                if self.hosts[host.index()].runs_at.is_none() {
                    self.run_later(host, late);
                }
            }
            (Some(Death::Refusing), _) => {
                self.refuse(host, &flight);
                self.flights.recycle(flight.bytes);
            }
            (Some(Death::Silent), _) | (None, Process::Down) => {
                self.tally.nowhere += 1;
                self.flights.recycle(flight.bytes);
            }
        }
    }

    fn put_into_inbox(&mut self, host: HostId, flight: Flight) {
        let inbox = &mut self.hosts[host.index()].inbox;
        if inbox.len() < self.bounds.inbox as usize {
            inbox.push_back(flight);
        } else {
            self.tally.inbox_lost += 1;
            self.flights.recycle(flight.bytes);
        }
    }

    /// The kernel of `host` tells the sender of `flight` that nobody listens; that news travels like any other.
    fn refuse(&mut self, host: HostId, flight: &Flight) {
        let (Cargo::Datagram, Some(sender)) = (flight.cargo, self.places.get(&flight.from)) else {
            return;
        };
        self.tally.refused += 1;
        let latency = match self.network.verdict(host, sender.host, 0, &mut self.rng) {
            Verdict::Cut | Verdict::TooLong | Verdict::On(Passage::Lost) => return,
            Verdict::On(Passage::Once(latency) | Passage::Twice(latency, _)) => latency,
        };
        if !self.flights.push(self.now + latency, flight.to, flight.from, Cargo::Unreachable, &[]) {
            self.tally.overflowed += 1;
        }
    }

    /// Gives to a host's process what has arrived.
    pub(super) fn hand(&mut self, host: HostId, flight: Flight) {
        let Flight { from, to: _, cargo, bytes } = flight;
        let input = match cargo {
            Cargo::Datagram => {
                self.tally.delivered += 1;
                self.observer.received(self.now, host, from, &bytes);
                Input::Datagram { from, bytes: &bytes }
            }
            Cargo::Unreachable => Input::Unreachable { to: from },
        };
        self.drive(host, input).expect("what comes from the network is never refused");
        self.flights.recycle(bytes);
    }

    fn record(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        // In one piece: a stream that is fed crumbs costs more than the hash.
        let mut head = arrayvec::ArrayVec::<u8, 64>::new();
        let mut put = |bytes: &[u8]| head.try_extend_from_slice(bytes).expect("two addresses, a time and a length fit");
        put(&self.now.as_nanos().to_le_bytes());
        for addr in [from, to] {
            match addr {
                SocketAddr::V4(v4) => put(&v4.ip().octets()),
                SocketAddr::V6(v6) => put(&v6.ip().octets()),
            }
            put(&addr.port().to_le_bytes());
        }
        put(&(bytes.len() as u64).to_le_bytes());
        self.trace.update(&head);
        self.trace.update(bytes);
    }
}
