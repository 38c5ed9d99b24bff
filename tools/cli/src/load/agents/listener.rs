//! What arrives at an agent? The lines of its subscription, each with the time at which it was read.

use std::time::{Duration, Instant};

use bruit_agent::control::{Client, Next, Request, RumorOrder, parse};
use bruit_agent::view::Info;
use bruit_terminal::failure::Failure;
use serde::Deserialize;

use super::Agent;
use super::publisher::Meant;
use crate::load::reader::{Heard, PATIENCE};
use crate::load::{Progress, TOPIC};

/// A subscription, and whose rumors it waits for.
pub struct Listener {
    client: Client,
    origin_id: String,
    boot: String,
}

/// What one of them has heard.
#[derive(Debug, Default)]
pub struct Arrived {
    rumors: Vec<Arrival>,
    lost: u64,
    unread: u64,
}

#[derive(Debug)]
struct Arrival {
    sequence: u64,
    read: Duration,
    agent_age_us: u32,
}

/// The part that is read of each line.
#[derive(Deserialize)]
struct Line<'a> {
    event: &'a str,
    origin_id: Option<&'a str>,
    boot: Option<&'a str>,
    sequence: Option<u64>,
    age_us: Option<u64>,
    from: Option<u64>,
    to: Option<u64>,
    lost: Option<u64>,
}

impl Listener {
    /// Subscribes at an agent to what `origin` publishes: nothing from here on is missed.
    pub fn start(agent: &Agent, origin: &Info) -> Result<Self, Failure> {
        let mut client = Client::open(agent.path.clone())?;
        client.ask_raw(&Request::Subscribe { topic: Some(TOPIC.to_owned()), order: RumorOrder::Arrival })?;
        // Rumors bear the low half of it.
        let boot = origin.boot_id.get(8..).unwrap_or_default().to_owned();
        Ok(Self { client, origin_id: origin.id.clone(), boot })
    }

    /// Reads until all is over.
    ///
    /// # Errors
    /// That the agent has gone.
    pub fn listen(mut self, start: Instant, progress: &Progress) -> Result<Arrived, Failure> {
        let mut arrived = Arrived::default();
        while !progress.is_over() {
            match self.client.next_within(Some(PATIENCE))? {
                Next::Line(line) => {
                    let read = start.elapsed();
                    progress.settle(self.take(&mut arrived, &parse(&line)?, read));
                }
                Next::Closed => return Err(self.client.closed()),
                Next::Nothing => {}
            }
        }
        Ok(arrived)
    }

    /// How many deliveries a line settles.
    fn take(&self, arrived: &mut Arrived, line: &Line<'_>, read: Duration) -> u64 {
        let is_ours = line.origin_id == Some(&self.origin_id) && line.boot == Some(&self.boot);
        match (line.event, line.sequence, line.from.zip(line.to)) {
            ("rumor", Some(sequence), _) if is_ours => {
                let agent_age_us = line.age_us.and_then(|us| u32::try_from(us).ok()).unwrap_or(u32::MAX);
                arrived.rumors.push(Arrival { sequence, read, agent_age_us });
                1
            }
            ("rumors_lost", _, Some((from, to))) if is_ours => {
                let lost = (to + 1).saturating_sub(from);
                arrived.lost += lost;
                lost
            }
            ("resync", ..) => {
                let unread = line.lost.unwrap_or_default();
                arrived.unread += unread;
                unread
            }
            _ => 0,
        }
    }
}

impl Arrived {
    /// How old they were; those that others have published there meanwhile are left out.
    pub fn heard(self, meant: &Meant) -> Heard {
        let mut heard = Heard { lost: self.lost, unread: self.unread, ..Heard::default() };
        for arrival in &self.rumors {
            if let Some(meant) = meant.of(arrival.sequence) {
                heard.rumor(meant, arrival.read);
                heard.agent_ages_us.push(arrival.agent_age_us);
            }
        }
        heard
    }
}
