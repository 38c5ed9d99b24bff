//! What do a loop and its handles share? Atomics, a snapshot, a waker; commands and events go through bounded queues beside.

use core::net::SocketAddr;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64};
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};

use arrayvec::ArrayVec;
use crossbeam_channel::Sender;

use super::bell::Cord;
use super::error::CommandError;
use super::figures::IoMode;
use super::publish::Board;
use super::snapshot::Snapshot;
use super::sys::Calls;
use crate::id::{BootId, Name, NodeId};
use crate::node::{Node, Phase};
use crate::rumor::{Order, RumorId, Topic};
use crate::time::{Instant, Span};

/// Seeds that one command carries; a longer list goes in several.
pub(super) const SEEDS_PER_COMMAND: usize = 16;

/// What an embedder asks of the loop.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "boxed seeds would be freed by the loop")]
pub(super) enum Request {
    Join(ArrayVec<SocketAddr, SEEDS_PER_COMMAND>),
    Leave,
    Remove(NodeId),
    Subscribe(Option<Topic>, Order),
    Unsubscribe(Option<Topic>),
    Reread(RumorId),
}

/// A request and where its answer goes.
#[derive(Debug)]
pub(super) struct Command {
    pub request: Request,
    pub reply: Sender<Result<(), CommandError>>,
}

/// What stays as it was at the start.
#[derive(Debug)]
pub(super) struct Fixed {
    pub name: Name,
    pub id: NodeId,
    pub boot: BootId,
    pub cluster: Box<str>,
    pub zone: Box<str>,
    pub addr: SocketAddr,
    pub local_addr: SocketAddr,
    pub recv_buffer: usize,
    pub send_buffer: usize,
    pub memory_bytes: usize,
}

/// The time that all loops of this process go by: since the first of them was made. So what they do at round times they do together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(std::time::Instant);

impl Clock {
    pub(super) fn of_process() -> Self {
        static START: OnceLock<std::time::Instant> = OnceLock::new();
        Self(*START.get_or_init(std::time::Instant::now))
    }

    pub(super) fn now(self) -> Instant {
        Instant::ZERO + self.0.elapsed().into()
    }
}

/// What both sides hold.
#[derive(Debug)]
pub(super) struct Shared {
    pub fixed: Fixed,
    clock: Clock,
    started: Instant,
    cord: Cord,
    pub snapshot: Snapshot,
    pub board: Board,
    pub vitals: Vitals,
    stop: AtomicBool,
    stopped: Mutex<bool>,
    ended: Condvar,
}

impl Shared {
    pub(super) fn new(
        fixed: Fixed,
        (clock, started): (Clock, Instant),
        cord: Cord,
        snapshot: Snapshot,
        board: Board,
    ) -> Self {
        Self {
            fixed,
            clock,
            started,
            cord,
            snapshot,
            board,
            vitals: Vitals::default(),
            stop: AtomicBool::new(false),
            stopped: Mutex::new(false),
            ended: Condvar::new(),
        }
    }

    /// The time by the clock of the process.
    pub(super) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// How long there has been the node.
    pub(super) fn uptime(&self) -> Span {
        self.now().since(self.started)
    }

    /// Has the loop look after the node.
    pub(super) fn wake(&self) {
        self.cord.ring();
    }

    pub(super) fn stop(&self) {
        self.stop.store(true, SeqCst);
        self.wake();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stop.load(Relaxed)
    }

    /// Notes that the loop has ended and its socket is closed.
    pub(super) fn set_stopped(&self) {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.ended.notify_all();
    }

    /// Waits until [`Shared::set_stopped`]; whether it came within `timeout`.
    pub(super) fn wait_stopped(&self, timeout: core::time::Duration) -> bool {
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.ended.wait_timeout_while(stopped, timeout, |stopped| !*stopped);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    pub(super) fn has_stopped(&self) -> bool {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the loop leaves at the end of each round, for those who look while it is wedged (R29). Each on its own is of one
/// moment, together they may be of two rounds.
#[derive(Debug, Default)]
pub(super) struct Vitals {
    round_at: AtomicU64,
    fingerprint: AtomicU64,
    state_fingerprint: AtomicU64,
    health: AtomicU32,
    phase: AtomicU8,
    single: AtomicBool,
}

const PHASES: [Phase; 5] = [Phase::Idle, Phase::Joining, Phase::Joined, Phase::Leaving, Phase::Left];

impl Vitals {
    pub(super) fn store(&self, now: Instant, node: &Node, calls: Calls) {
        self.fingerprint.store(node.membership_fingerprint(), Relaxed);
        self.state_fingerprint.store(node.state_root(), Relaxed);
        self.health.store(node.health(), Relaxed);
        self.phase.store(node.phase() as u8, Relaxed);
        self.single.store(calls == Calls::One, Relaxed);
        self.round_at.store(now.as_nanos(), Release);
    }

    pub(super) fn round_at(&self) -> Instant {
        Instant::from_nanos(self.round_at.load(Acquire))
    }

    pub(super) fn fingerprint(&self) -> u64 {
        self.fingerprint.load(Relaxed)
    }

    pub(super) fn state_fingerprint(&self) -> u64 {
        self.state_fingerprint.load(Relaxed)
    }

    pub(super) fn health(&self) -> u32 {
        self.health.load(Relaxed)
    }

    pub(super) fn phase(&self) -> Phase {
        PHASES.get(usize::from(self.phase.load(Relaxed))).copied().unwrap_or(Phase::Idle)
    }

    pub(super) fn io(&self) -> IoMode {
        if self.single.load(Relaxed) { IoMode::Single } else { IoMode::Mmsg }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_come_back_from_their_number() {
        for phase in PHASES {
            assert_eq!(PHASES[phase as usize], phase);
        }
    }
}
