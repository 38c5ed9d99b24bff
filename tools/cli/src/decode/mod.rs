//! What is in these bytes? Datagrams from hex or a capture, taken apart as far as they make sense.

pub mod dissect;
pub mod input;
mod layers;
mod records;
pub mod verify;

use std::net::SocketAddr;
use std::time::Duration;

/// One datagram and how it was come by.
#[derive(Debug)]
pub struct Found {
    /// Its UDP payload.
    pub bytes: Vec<u8>,
    /// Sender and receiver, where a capture tells.
    pub route: Option<(SocketAddr, SocketAddr)>,
    /// When it was captured, since the Unix epoch.
    pub time: Option<Duration>,
    /// How many bytes of it the capture left out.
    pub missing: usize,
}

/// All datagrams of an input.
#[derive(Debug, Default)]
pub struct Input {
    /// In the order in which they stood there.
    pub found: Vec<Found>,
    /// Packets of a capture that are not bruit's.
    pub skipped: usize,
}
