//! How shall the loop use the machine? Buffers, queues and the way it waits; nothing here is visible to other nodes.

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;

use crate::error::{ConfigError, in_range};

/// The datagrams that one batch may hold at most; [`Options::batch`] is refused above it. The kernel's own bound (UIO_MAXIOV).
pub const BATCH_MAX: usize = 1_024;

/// What belongs to the socket and the loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The address and port to listen on. `0.0.0.0:4100`. Port 0 takes one that the kernel gives, and where the port of
    /// [`Identity::addr`](crate::Identity::addr) is 0 too, that one is advertised. `[::]` takes IPv4 as well.
    pub bind: SocketAddr,
    /// Bytes of receive buffer to ask the kernel for. 4 MiB; [`Info`](super::Info) says what was granted (Linux caps it at
    /// `net.core.rmem_max` and counts its own overhead in). Raised: longer pauses of the loop without loss. It is not part of
    /// the memory declared: the kernel takes it as datagrams wait.
    pub recv_buffer: usize,
    /// Bytes of send buffer to ask the kernel for. 1 MiB.
    pub send_buffer: usize,
    /// How long the loop looks for datagrams without sleeping after the last one. 0: it sleeps at once. Raised: lower
    /// latency (no wake-up by the scheduler), and up to one core busy.
    pub spin: Duration,
    /// Datagrams that one system call receives or sends at most. 32. Raised: fewer system calls under load, and
    /// twice `max_datagram` bytes of memory each.
    pub batch: usize,
    /// Whether to use `recvmmsg` and `sendmmsg`. Yes. Without them, or where the kernel refuses them, datagrams go one by one.
    pub mmsg: bool,
    /// Events that wait for [`Handle::next_event`](super::Handle::next_event). 1,024. Beyond, the newer are lost and one
    /// [`Event::Resync`](crate::Event::Resync) says how many.
    pub events: usize,
    /// Commands that wait for the loop. 16. Beyond, they are refused with
    /// [`CommandError::QueueFull`](super::CommandError::QueueFull).
    pub commands: usize,
    /// Changes of watched keys that wait for [`Handle::next_change`](super::Handle::next_change). 1,024. Beyond, the newer are lost
    /// and one [`Change::Resync`](super::Change::Resync) says how many: read what is watched anew.
    pub changes: usize,
    /// Rumors that wait for [`Handle::next_rumor`](super::Handle::next_rumor). 1,024. Beyond, the newer are lost to the reader and one
    /// [`Delivery::Resync`](super::Delivery::Resync) says how many; what is retained can be read again. Raised: readers may pause
    /// for longer, at [`Limits::rumor_payload`](crate::Limits::rumor_payload) bytes each, which take the machine's memory only
    /// once so many have waited.
    pub rumors: usize,
    /// Publications that wait for the loop. 256. Beyond, they are refused with
    /// [`CommandError::QueueFull`](super::CommandError::QueueFull). Raised: longer bursts, at as many bytes each.
    pub publications: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            bind: SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 4100),
            recv_buffer: 4 << 20,
            send_buffer: 1 << 20,
            spin: Duration::ZERO,
            batch: 32,
            mmsg: true,
            events: 1_024,
            commands: 16,
            changes: 1_024,
            rumors: 1_024,
            publications: 256,
        }
    }
}

impl Options {
    /// Whether every number is one that the loop can be built with. [`start`](super::start) asks this itself.
    ///
    /// # Errors
    /// The first number out of its range.
    pub fn check(&self) -> Result<(), ConfigError> {
        let bounds = [
            ("options.recv_buffer", self.recv_buffer, 4_096, 1 << 30),
            ("options.send_buffer", self.send_buffer, 4_096, 1 << 30),
            ("options.batch", self.batch, 1, BATCH_MAX),
            ("options.events", self.events, 2, 1 << 20),
            ("options.commands", self.commands, 1, 1 << 12),
            ("options.changes", self.changes, 2, 1 << 20),
            ("options.rumors", self.rumors, 2, 1 << 20),
            ("options.publications", self.publications, 1, 1 << 16),
        ];
        for (field, got, min, max) in bounds {
            in_range(field, got as u64, min, max as u64)?;
        }
        let spin = u64::try_from(self.spin.as_nanos()).unwrap_or(u64::MAX);
        in_range("options.spin", spin, 0, 3_600_000_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_each_bound() {
        assert_eq!(Options::default().check(), Ok(()));
        let none = Options { batch: 0, ..Options::default() };
        assert!(matches!(none.check(), Err(ConfigError::OutOfRange { field: "options.batch", got: 0, .. })));
        assert!(Options { batch: BATCH_MAX, ..Options::default() }.check().is_ok());
        assert!(Options { batch: BATCH_MAX + 1, ..Options::default() }.check().is_err());
        assert!(Options { events: 1, ..Options::default() }.check().is_err());
        assert!(Options { rumors: 1, publications: 0, ..Options::default() }.check().is_err());
        assert!(Options { rumors: 2, publications: 1, ..Options::default() }.check().is_ok());
        assert!(Options { spin: Duration::MAX, ..Options::default() }.check().is_err());
    }
}
