//! When has who heard it? Reads the rumors of all loops in this process by one thread, so that nothing but the loops competes for
//! the cores.

use std::time::{Duration, Instant};

use bruit::net::{Delivery, Handle};
use bruit::{Class, Topic};

use crate::failure::Failure;
use crate::interrupt;

/// How often the loops are asked: often enough for milliseconds, and a few hundredths of one core.
pub const LOOK: Duration = Duration::from_micros(200);
/// Bytes of a rumor; the first are its number.
pub const BYTES: usize = 64;

/// One rumor and who has it.
#[derive(Debug)]
pub struct Hearing {
    number: u64,
    /// When it was published.
    began: Instant,
    /// When each was seen to have it; the one that publishes has it from the beginning.
    at: Vec<Option<Instant>>,
    /// How often it was forwarded to whoever is farthest.
    pub hops: u8,
    /// What was read beside it: the same once more, another, or that some were lost.
    pub strays: u64,
}

impl Hearing {
    /// A member publishes a rumor of this number, which no other has. All others have subscribed.
    ///
    /// # Errors
    /// The node's refusal.
    pub fn publish(handles: &[Handle], origin: usize, class: Class, number: u64) -> Result<Self, Failure> {
        let topic = Topic::new("lab");
        let mut payload = [0; BYTES];
        payload[..size_of::<u64>()].copy_from_slice(&number.to_le_bytes());
        let began = Instant::now();
        // Without waiting for the loop: others may have it before this one has answered.
        handles[origin].try_publish(topic, class, &payload).map_err(Failure::doing("publishing"))?;
        let mut at = vec![None; handles.len()];
        at[origin] = Some(began);
        Ok(Self { number, began, at, hops: 0, strays: 0 })
    }

    /// Looks until all have it, or for so long.
    ///
    /// # Errors
    /// Ctrl-C.
    pub fn watch(&mut self, handles: &[Handle], limit: Duration) -> Result<(), Failure> {
        while self.count() < self.at.len() && self.began.elapsed() < limit {
            interrupt::check()?;
            for (member, handle) in handles.iter().enumerate() {
                if self.at[member].is_none() {
                    self.read(member, handle);
                }
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Reads whatever is left, of those too who have it already.
    pub fn finish(&mut self, handles: &[Handle]) {
        handles.iter().enumerate().for_each(|(member, handle)| self.read(member, handle));
    }

    fn read(&mut self, member: usize, handle: &Handle) {
        while let Some(delivery) = handle.try_rumor() {
            match delivery {
                Delivery::Rumor(rumor)
                    if self.at[member].is_none() && rumor.payload.starts_with(&self.number.to_le_bytes()) =>
                {
                    self.at[member] = Some(Instant::now());
                    self.hops = self.hops.max(rumor.hops);
                }
                Delivery::Rumor(_) | Delivery::Lost { .. } | Delivery::Resync { .. } | Delivery::Reread { .. } => {
                    self.strays += 1;
                }
            }
        }
    }

    /// How many have it.
    #[must_use]
    pub fn count(&self) -> usize {
        self.at.iter().flatten().count()
    }

    /// From publishing until so many had it; `None` when they never did.
    #[must_use]
    pub fn after(&self, members: usize) -> Option<Duration> {
        let mut times: Vec<Instant> = self.at.iter().flatten().copied().collect();
        times.sort_unstable();
        times.get(members.checked_sub(1)?).map(|at| *at - self.began)
    }
}
