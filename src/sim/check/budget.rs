//! Are datagrams no larger, and no more, than promised? The largest datagram, and the hard caps on datagrams and bytes
//! a second.
//!
//! Probes, their answers and farewells leave whatever the caps say ([`Config::datagrams_per_second`]): a datagram with
//! one of these sections is not counted. A cap is a token bucket that saves up a fifth of a second, so within any
//! second no more than six fifths of the rate may leave; that is what is measured, in windows that follow each other.
//!
//! [`Config::datagrams_per_second`]: crate::Config::datagrams_per_second

use std::collections::BTreeMap;

use crate::config::Params;
use crate::sim::{HostId, Passing};
use crate::time::{Instant, Span};
use crate::wire::Kind;

const WINDOW: Span = Span::secs(1);
/// What leaves whatever the budgets say.
const EXEMPT: [Kind; 5] = [Kind::Ping, Kind::Ack, Kind::PingRequest, Kind::Nack, Kind::Leave];

/// What each node may send, and has sent in the present window.
#[derive(Debug, Default)]
pub(super) struct Budget(BTreeMap<HostId, Spent>);

#[derive(Debug)]
struct Spent {
    datagram_max: usize,
    /// Datagrams and bytes in a window.
    max: (u64, u64),
    since: Instant,
    spent: (u64, u64),
}

impl Budget {
    pub fn started(&mut self, at: Instant, host: HostId, params: &Params) {
        let in_window = |rate: u32| u64::from(rate) + u64::from(rate / 5);
        let max = (in_window(params.datagrams_per_second), in_window(params.bytes_per_second));
        self.0.insert(host, Spent { datagram_max: params.max_datagram, max, since: at, spent: (0, 0) });
    }

    /// What is wrong with the length of a datagram.
    pub fn too_long(&self, passing: &Passing<'_>) -> Option<String> {
        let (len, max) = (passing.bytes.len(), self.0.get(&passing.from)?.datagram_max);
        (len > max).then(|| format!("sent {len} bytes to {}, at most {max} may leave", passing.to_addr))
    }

    /// What is wrong with this being sent now.
    pub fn overspent(&mut self, passing: &Passing<'_>) -> Option<String> {
        let spent = self.0.get_mut(&passing.from)?;
        if EXEMPT.iter().any(|kind| passing.has(*kind)) {
            return None;
        }
        if passing.at.since(spent.since) >= WINDOW {
            (spent.since, spent.spent) = (passing.at, (0, 0));
        }
        spent.spent.0 += 1;
        spent.spent.1 += passing.bytes.len() as u64;
        let ((datagrams, bytes), max) = (spent.spent, spent.max);
        let over = datagrams > max.0 || bytes > max.1;
        over.then(|| format!("{datagrams} datagrams of {bytes} bytes in a second, {} of {} may leave", max.0, max.1))
    }
}
