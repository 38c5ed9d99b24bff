//! What does an agent take? Requests leave by the schedule, whether earlier ones are answered or not; answers are read meanwhile.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bruit_agent::control::{ANSWER_WITHIN, Client, Next, Publish, Refused, Request, Sender, line, parse};
use bruit_terminal::failure::Failure;
use serde::Deserialize;

use super::Agent;
use crate::load::publisher::Published;
use crate::load::reader::PATIENCE;
use crate::load::{Load, Progress, TOPIC};

/// So many that are late leave together.
const TOGETHER_MAX: u64 = 32;

/// The number of each rumor at its origin, and when it was meant to be published; by number.
#[derive(Debug, Default)]
pub struct Meant(Vec<(u64, Duration)>);

impl Meant {
    /// When this one was, if it is ours.
    pub fn of(&self, sequence: u64) -> Option<Duration> {
        let found = self.0.binary_search_by_key(&sequence, |(sequence, _)| *sequence).ok()?;
        self.0.get(found).map(|(_, meant)| *meant)
    }
}

/// The connection through which rumors are published.
pub struct Publisher {
    client: Client,
    sender: Sender,
    request: Vec<u8>,
}

/// What both halves of a publisher tell each other.
#[derive(Debug, Default)]
struct Sent {
    requests: AtomicU64,
    all: AtomicBool,
}

/// The part that is read of what `publish` answers.
#[derive(Deserialize)]
struct Taken {
    sequence: u64,
}

impl Publisher {
    /// At an agent.
    pub fn new(load: &Load, agent: &Agent) -> Result<Self, Failure> {
        let client = Client::open(agent.path.clone())?;
        // All are alike: which is which is told by its number.
        let request = line(&Request::Publish(Publish {
            topic: TOPIC.to_owned(),
            class: load.class,
            payload: Some("*".repeat(load.size)),
            payload_hex: None,
        }));
        Ok(Self { sender: client.sender()?, client, request: request.into_bytes() })
    }

    /// Publishes as scheduled, together what is late.
    ///
    /// # Errors
    /// That the agent has gone or does not answer, and what it answered where it refuses the very first.
    pub fn publish(self, load: &Load, start: Instant, progress: &Progress) -> Result<(Published, Meant), Failure> {
        let Self { mut client, mut sender, request } = self;
        let sent = &Sent::default();
        std::thread::scope(|scope| {
            let writer = scope.spawn(move || {
                let published = send(load, &mut sender, &request, start, (progress, sent));
                sent.all.store(true, Ordering::Release);
                published
            });
            let answers = super::ends_all(progress, read_answers(load, &mut client, sent, progress));
            let published = writer.join().expect("a writer does not panic");
            let answers = answers?;
            let published = Published {
                refused: answers.refused,
                refused_because: answers.refused_because.map(|no| no.cause),
                ..published?
            };
            Ok((published, answers.meant))
        })
    }
}

fn send(
    load: &Load,
    sender: &mut Sender,
    request: &[u8],
    start: Instant,
    (progress, sent): (&Progress, &Sent),
) -> Result<Published, Failure> {
    let mut published = Published::default();
    let requests = request.repeat(TOGETHER_MAX as usize);
    let mut next = 0;
    while next < load.rumors() && !progress.is_over() {
        let early = load.due(next).saturating_sub(start.elapsed());
        if !early.is_zero() {
            std::thread::sleep(early);
        }
        if start.elapsed() > load.given_up_after() {
            published.given_up = load.rumors() - next;
            break;
        }
        let due_by_now = (start.elapsed().as_secs_f64() * f64::from(load.rate)) as u64 + 1;
        let together = due_by_now.min(load.rumors()).saturating_sub(next).clamp(1, TOGETHER_MAX);
        sender.send(&requests[..request.len() * together as usize])?;
        published.latest = published.latest.max(start.elapsed().saturating_sub(load.due(next)));
        next += together;
        published.offered = next;
        sent.requests.store(next, Ordering::Release);
        progress.published.store(next, Ordering::Relaxed);
    }
    Ok(published)
}

/// What became of each request.
#[derive(Debug, Default)]
struct Answers {
    meant: Meant,
    refused: u64,
    refused_because: Option<Failure>,
}

fn read_answers(load: &Load, client: &mut Client, sent: &Sent, progress: &Progress) -> Result<Answers, Failure> {
    let mut answers = Answers::default();
    let (mut answered, mut answered_at) = (0, Instant::now());
    loop {
        // In this order: what is said to be all must have been counted before.
        let all = sent.all.load(Ordering::Acquire);
        let waiting = sent.requests.load(Ordering::Acquire) > answered;
        if !waiting && (all || progress.is_over()) {
            return Ok(answers);
        }
        match client.answer_within(PATIENCE)? {
            Next::Line(line) => {
                answers.take(load.due(answered), &line)?;
                (answered, answered_at) = (answered + 1, Instant::now());
            }
            Next::Closed => return Err(client.closed()),
            Next::Nothing if waiting && answered_at.elapsed() > ANSWER_WITHIN => return Err(client.silent()),
            Next::Nothing => {}
        }
    }
}

impl Answers {
    fn take(&mut self, meant: Duration, line: &str) -> Result<(), Failure> {
        if let Ok(taken) = serde_json::from_str::<Taken>(line) {
            self.meant.0.push((taken.sequence, meant));
            return Ok(());
        }
        let no = Failure::from(parse::<Refused>(line)?);
        self.refused += 1;
        if self.meant.0.is_empty() {
            // Nothing that this load has caused: it would go on like this.
            return Err(no);
        }
        self.refused_because.get_or_insert(no);
        Ok(())
    }
}
