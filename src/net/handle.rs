//! How does an embedder talk to a running loop? Through a [`Handle`]: commands, publications, events and rumors in bounded
//! queues, figures and members by reading.

use core::net::SocketAddr;
use core::time::Duration;
use std::sync::Arc;

use arrayvec::ArrayVec;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError};

use super::error::CommandError;
use super::figures::{Info, Member, Stats};
use super::publications::{NotQueued, Publisher, Reply};
use super::publish::Figures;
use super::rereading;
use super::rumors::{Delivery, Reader};
use super::shared::{Command, Request, SEEDS_PER_COMMAND, Shared};
use super::state::{Change, Client, SharedKey, Surveyed, Value};
use crate::aggregate::Aggregate;
use crate::error::Refusal;
use crate::event::Event;
use crate::id::{BootId, Name, NodeId};
use crate::node::{Estimate, Publication, SharedWrite, StateRef, Write};
use crate::rumor::{Class, Order, RumorId, Topic};

/// How long a reader waits for fresh figures before the last ones will do.
const FIGURES_WITHIN: Duration = Duration::from_millis(100);
/// How long a command waits for its answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// A running node. Cheap to clone; when the last one is dropped the node ends, as by [`Handle::stop`].
///
/// No call here can disturb the loop: queues are bounded, readers take no lock, and what waits for an answer waits for a
/// bounded time.
#[derive(Clone, Debug)]
pub struct Handle(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    commands: Sender<Command>,
    events: Receiver<Event>,
    publisher: Publisher,
    rumors: Reader,
    state: Client,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

impl Handle {
    pub(super) fn new(
        shared: Arc<Shared>,
        commands: Sender<Command>,
        events: Receiver<Event>,
        (publisher, rumors): (Publisher, Reader),
        state: Client,
    ) -> Self {
        Self(Arc::new(Inner { shared, commands, events, publisher, rumors, state }))
    }

    /// The node's name.
    #[must_use]
    pub fn name(&self) -> Name {
        self.0.shared.fixed.name
    }

    /// The node's id.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.0.shared.fixed.id
    }

    /// This start of the node.
    #[must_use]
    pub fn boot(&self) -> BootId {
        self.0.shared.fixed.boot
    }

    /// The address that the socket is bound to, with the port that the kernel gave where 0 was asked for.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.0.shared.fixed.local_addr
    }

    /// The address under which the others reach the node.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.0.shared.fixed.addr
    }

    /// Every member in the table, this node included, in no particular order. Reads a snapshot that the loop keeps up
    /// to date: takes no lock, and works when the loop is wedged or has ended (R29).
    #[must_use]
    pub fn members(&self) -> Vec<Member> {
        let mut members = Vec::new();
        self.members_into(&mut members);
        members
    }

    /// As [`Handle::members`], into a list that is cleared first. `true` when all records are of one moment; `false` when
    /// the table changed so often meanwhile that they are each whole but of moments close together.
    pub fn members_into(&self, members: &mut Vec<Member>) -> bool {
        self.0.shared.snapshot.read(members)
    }

    /// What the node is and how it is. Waits up to 100 ms for the loop to say how much of its capacities is taken; the rest
    /// is read without it.
    #[must_use]
    pub fn info(&self) -> Info {
        let figures = self.figures();
        let shared = &*self.0.shared;
        let (fixed, vitals, now) = (&shared.fixed, &shared.vitals, shared.now());
        Info {
            name: fixed.name,
            id: fixed.id,
            boot: fixed.boot,
            cluster: fixed.cluster.to_string(),
            zone: fixed.zone.to_string(),
            addr: fixed.addr,
            local_addr: fixed.local_addr,
            phase: vitals.phase(),
            health: vitals.health(),
            membership_fingerprint: vitals.fingerprint(),
            state_fingerprint: vitals.state_fingerprint(),
            uptime: shared.uptime().into(),
            since_last_round: now.since(vitals.round_at()).into(),
            limits: figures.usage,
            memory_bytes: fixed.memory_bytes,
            io: vitals.io(),
            recv_buffer: fixed.recv_buffer,
            send_buffer: fixed.send_buffer,
            age: figures.stats.age,
        }
    }

    /// Everything counted and measured. Asks the loop for fresh figures and waits for them up to 100 ms; a wedged or
    /// ended loop leaves the last ones, with their age.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.figures().stats
    }

    /// The next event that is not about a rumor; waits up to `timeout` for it. `None` when none came, at once when the node has ended and all are read.
    /// Each event goes to one reader, however many handles there are.
    #[must_use]
    pub fn next_event(&self, timeout: Duration) -> Option<Event> {
        self.0.events.recv_timeout(timeout).ok()
    }

    /// The next event, if one waits.
    #[must_use]
    pub fn try_event(&self) -> Option<Event> {
        self.0.events.try_recv().ok()
    }

    /// Joins through these addresses as well. Returns when the node has noted them; [`Event::Joined`] tells of success.
    ///
    /// # Errors
    /// The node's refusal, or that it could not be asked.
    pub fn join(&self, seeds: &[SocketAddr]) -> Result<(), CommandError> {
        if seeds.is_empty() {
            return self.ask(Request::Join(ArrayVec::new()));
        }
        seeds.chunks(SEEDS_PER_COMMAND).try_for_each(|some| self.ask(Request::Join(some.iter().copied().collect())))
    }

    /// Takes a dead member off the list: it is spread as having left.
    ///
    /// # Errors
    /// The node's refusal, or that it could not be asked.
    pub fn remove(&self, id: NodeId) -> Result<(), CommandError> {
        self.ask(Request::Remove(id))
    }

    /// Tells the others that this node goes. Returns when it has begun; [`Event::LeaveDone`] tells of its end. The loop
    /// keeps it, so that figures stay readable, until [`Handle::stop`].
    ///
    /// # Errors
    /// The node's refusal, or that it could not be asked.
    pub fn leave(&self) -> Result<(), CommandError> {
        self.ask(Request::Leave)
    }

    /// Tells everybody who has subscribed to the topic. Waits for the loop; the id is the rumor's in the whole cluster.
    ///
    /// # Errors
    /// The node's refusal, or that it could not be asked.
    pub fn publish(&self, topic: Topic, class: Class, payload: &[u8]) -> Result<RumorId, CommandError> {
        let (reply, answer) = crossbeam_channel::bounded(1);
        self.queue(&Publication { topic, class, payload }, Some(reply))?;
        receive(&answer)?.map_err(CommandError::Refused)
    }

    /// As [`Handle::publish`], for several: one wait for the loop, and not one for each. What became of each, in their order.
    pub fn publish_all(&self, publications: &[Publication<'_>]) -> Vec<Result<RumorId, CommandError>> {
        let (reply, answers) = crossbeam_channel::bounded::<Result<RumorId, Refusal>>(publications.len());
        let mut stands_still = false;
        let mut answered = || {
            // One wait is enough to see that.
            let answer =
                if stands_still { answers.try_recv().map_err(|_| CommandError::NoAnswer) } else { receive(&answers) };
            stands_still = answer == Err(CommandError::NoAnswer);
            answer.and_then(|id| id.map_err(CommandError::Refused))
        };
        // Those without a result are in the queue. The loop answers them in this order.
        let mut results: Vec<Option<Result<RumorId, CommandError>>> = Vec::with_capacity(publications.len());
        let mut oldest = 0;
        for publication in publications {
            let mut queued = self.queue(publication, Some(reply.clone()));
            while queued == Err(CommandError::QueueFull) {
                while results.get(oldest).is_some_and(Option::is_some) {
                    oldest += 1;
                }
                let Some(waiting) = results.get_mut(oldest) else { break };
                *waiting = Some(answered());
                queued = self.queue(publication, Some(reply.clone()));
            }
            results.push(queued.err().map(Err));
        }
        // Else the end of the loop would not be seen.
        drop(reply);
        results.into_iter().map(|result| result.unwrap_or_else(&mut answered)).collect()
    }

    /// As [`Handle::publish`], without waiting for the loop. What the node refuses is counted, as `rumors_refused` in
    /// [`Stats::io`].
    ///
    /// # Errors
    /// [`CommandError::QueueFull`] when publications come faster than the loop takes them, and what is known without asking the
    /// node: the payload is too long, or the node has ended.
    pub fn try_publish(&self, topic: Topic, class: Class, payload: &[u8]) -> Result<(), CommandError> {
        self.queue(&Publication { topic, class, payload }, None)
    }

    fn queue(&self, publication: &Publication<'_>, reply: Reply) -> Result<(), CommandError> {
        let first = self.0.publisher.put(publication, reply).map_err(|error| match error {
            NotQueued::TooLong { max } => {
                CommandError::Refused(Refusal::PayloadTooLong { got: publication.payload.len(), max })
            }
            NotQueued::Full => CommandError::QueueFull,
            NotQueued::Stopped => CommandError::Stopped,
        })?;
        if first {
            self.0.shared.wake();
        }
        Ok(())
    }

    /// Has the rumors of a topic delivered, of all topics where none is named, in place of an earlier subscription to it.
    /// A named topic goes before all. This node's own rumors are not delivered to it.
    ///
    /// # Errors
    /// The node's refusal, or that it could not be asked.
    pub fn subscribe(&self, topic: Option<Topic>, order: Order) -> Result<(), CommandError> {
        self.ask(Request::Subscribe(topic, order))
    }

    /// Has them delivered no more.
    ///
    /// # Errors
    /// That the node could not be asked.
    pub fn unsubscribe(&self, topic: Option<Topic>) -> Result<(), CommandError> {
        self.ask(Request::Unsubscribe(topic))
    }

    /// The next rumor, or what became of some; waits up to `timeout` for it. `None` when none came, at once when the loop has
    /// ended and all are read. Each goes to one reader, however many handles there are.
    #[must_use]
    pub fn next_rumor(&self, timeout: Duration) -> Option<Delivery> {
        self.let_reread(self.0.rumors.next(timeout))
    }

    /// The next rumor, or what became of some, if one waits.
    #[must_use]
    pub fn try_rumor(&self) -> Option<Delivery> {
        self.let_reread(self.0.rumors.try_next())
    }

    fn let_reread(&self, read: Option<Delivery>) -> Option<Delivery> {
        if self.0.rumors.lets_reread() {
            self.0.shared.wake();
        }
        read
    }

    /// Has delivered again what is retained of an origin's start, on any topic, from a number on and in its order, and then
    /// [`Delivery::Reread`]. New rumors come in between, as they arrive. What lies further than
    /// [`Limits::rumors`](crate::Limits::rumors) and [`Limits::rumor_window`](crate::Limits::rumor_window) together beyond
    /// `from` is found only if something before it is: more cannot be retained, so name no number that is older than that.
    ///
    /// # Errors
    /// [`CommandError::QueueFull`] when 64 origins are being read again already, or that the node could not be asked.
    pub fn reread(&self, origin: NodeId, boot: u32, from: u64) -> Result<(), CommandError> {
        self.ask(Request::Reread(rereading::first(origin, boot, from)))
    }

    /// Writes into the node's own map, of which every member holds a copy. Waits for the loop.
    ///
    /// # Errors
    /// The node's refusal, or that it could not be asked.
    pub fn write(&self, write: &Write<'_>) -> Result<(), CommandError> {
        self.0.state.write(|| self.0.shared.wake(), write)
    }

    /// Writes a key that every member may write. Waits for the loop.
    ///
    /// # Errors
    /// The node's refusal, or that it could not be asked.
    pub fn write_shared(&self, write: &SharedWrite<'_>) -> Result<(), CommandError> {
        self.0.state.write_shared(|| self.0.shared.wake(), write)
    }

    /// What an owner's key is.
    ///
    /// # Errors
    /// That the loop could not be asked.
    pub fn value(&self, owner: NodeId, key: &[u8]) -> Result<Option<Value>, CommandError> {
        self.0.state.value(|| self.0.shared.wake(), owner, key)
    }

    /// What a change was about, where it is still so.
    ///
    /// # Errors
    /// That the loop could not be asked.
    pub fn value_at(&self, changed: &StateRef) -> Result<Option<Value>, CommandError> {
        self.0.state.value_at(|| self.0.shared.wake(), changed)
    }

    /// All keys that begin so, of all owners, contributions to shared ones among them; sorted by key. Asks the loop for a piece
    /// after the other, so what is written meanwhile may be in it or not.
    ///
    /// # Errors
    /// That the loop could not be asked.
    pub fn values(&self, prefix: &[u8]) -> Result<Vec<Value>, CommandError> {
        self.0.state.values(|| self.0.shared.wake(), prefix)
    }

    /// What a shared key is, and who says what; `None` where nothing is held of it.
    ///
    /// # Errors
    /// That the loop could not be asked.
    pub fn shared(&self, key: &[u8]) -> Result<Option<SharedKey>, CommandError> {
        self.0.state.shared(|| self.0.shared.wake(), key)
    }

    /// Asks all members how much they hold of an owner's life up to a version; of this node's own last write where none is named.
    /// In place of what was asked before. Whoever does not hold it is asked again each gossip interval, up to 600 times, until
    /// [`Handle::end_survey`].
    ///
    /// # Errors
    /// The node's refusal, or that it could not be asked.
    pub fn survey(&self, of: Option<(NodeId, u32, u64)>) -> Result<(), CommandError> {
        self.0.state.survey(|| self.0.shared.wake(), of)
    }

    /// Asks no more. What has been answered can still be read.
    ///
    /// # Errors
    /// That the loop could not be asked.
    pub fn end_survey(&self) -> Result<(), CommandError> {
        self.0.state.end_survey(|| self.0.shared.wake())
    }

    /// How far the last survey has come; `None` where there was none.
    ///
    /// # Errors
    /// That the loop could not be asked.
    pub fn surveyed(&self) -> Result<Option<Surveyed>, CommandError> {
        self.0.state.surveyed(|| self.0.shared.wake())
    }

    /// Waits until a share of all members that are up (1 for all of them) holds what this node has written last, or until `timeout`.
    /// Costs one datagram to each member and one back, and again every gossip interval for those that do not hold it yet; nobody is
    /// asked any more afterwards.
    ///
    /// # Errors
    /// The node's refusal, or that it could not be asked.
    pub fn wait_held(&self, share: f64, timeout: Duration) -> Result<Surveyed, CommandError> {
        let began = std::time::Instant::now();
        self.survey(None)?;
        let mut pause = Duration::from_millis(1);
        loop {
            let surveyed = self.surveyed()?.ok_or(CommandError::NoAnswer)?;
            let wanted = (share * f64::from(surveyed.coverage.of)).ceil();
            if f64::from(surveyed.coverage.held) >= wanted || began.elapsed() >= timeout {
                self.end_survey()?;
                return Ok(surveyed);
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    /// Has everybody forget what it holds of others' keys, and every owner tell its own anew. What is durable of owners that are gone
    /// is lost by this.
    ///
    /// # Errors
    /// The node's refusal, or that it could not be asked.
    pub fn reset_state(&self) -> Result<(), CommandError> {
        self.0.state.reset(|| self.0.shared.wake())
    }

    /// What the values come to that members hold under a key, of all that are up or of a zone: see
    /// [`Node::aggregate`](crate::Node::aggregate). Two look-ups in the loop for each member.
    ///
    /// # Errors
    /// That the loop could not be asked.
    pub fn aggregate(&self, key: &[u8], zone: Option<&str>) -> Result<Aggregate, CommandError> {
        self.0.state.aggregate(|| self.0.shared.wake(), key, zone)
    }

    /// Contributes a number to what is averaged by gossip over all members, or none any more.
    ///
    /// # Errors
    /// The node's refusal, or that it could not be asked.
    pub fn contribute(&self, name: &[u8], value: Option<f64>) -> Result<(), CommandError> {
        self.0.state.contribute(|| self.0.shared.wake(), name, value)
    }

    /// What a number comes to that members contribute to; `None` where nobody is known to do so.
    ///
    /// # Errors
    /// That the loop could not be asked.
    pub fn estimate(&self, name: &[u8]) -> Result<Option<Estimate>, CommandError> {
        self.0.state.estimate(|| self.0.shared.wake(), name)
    }

    /// Has changes told of keys that begin so, of all where it is empty.
    ///
    /// # Errors
    /// The node's refusal, or that it could not be asked.
    pub fn watch(&self, prefix: &[u8]) -> Result<(), CommandError> {
        self.0.state.watch(|| self.0.shared.wake(), prefix, true)
    }

    /// Has them told no more.
    ///
    /// # Errors
    /// That the loop could not be asked.
    pub fn unwatch(&self, prefix: &[u8]) -> Result<(), CommandError> {
        self.0.state.watch(|| self.0.shared.wake(), prefix, false)
    }

    /// The next change of a key that is watched; waits up to `timeout` for it. Each goes to one reader, however many handles there
    /// are.
    #[must_use]
    pub fn next_change(&self, timeout: Duration) -> Option<Change> {
        self.0.state.change(timeout)
    }

    /// Ends the node at once and without a word: to the others this is a crash. Closes the socket. The loop ends with the last of
    /// its nodes.
    pub fn stop(&self) {
        self.0.shared.stop();
    }

    /// Waits until the node has ended and its socket is closed, or until `timeout`; whether it has ended.
    #[must_use]
    pub fn wait_stopped(&self, timeout: Duration) -> bool {
        self.0.shared.wait_stopped(timeout)
    }

    /// Hands a request to the loop and waits for its answer.
    fn ask(&self, request: Request) -> Result<(), CommandError> {
        let (reply, answer) = crossbeam_channel::bounded(1);
        self.0.commands.try_send(Command { request, reply }).map_err(|error| match error {
            TrySendError::Full(_) => CommandError::QueueFull,
            TrySendError::Disconnected(_) => CommandError::Stopped,
        })?;
        self.0.shared.wake();
        receive(&answer)?
    }

    /// The figures of now, or the last ones when the loop does not answer in time.
    fn figures(&self) -> Figures {
        let shared = &*self.0.shared;
        let ask = shared.board.ask();
        shared.wake();
        let asked = std::time::Instant::now();
        let mut pause = Duration::from_micros(20);
        while !shared.board.answered(ask) && !shared.has_stopped() && asked.elapsed() < FIGURES_WITHIN {
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(5));
        }
        let mut figures = shared.board.read();
        figures.stats.age = shared.now().since(figures.at).into();
        figures
    }
}

/// Waits for the loop's answer.
pub(super) fn receive<T>(answer: &Receiver<T>) -> Result<T, CommandError> {
    answer.recv_timeout(ANSWER_WITHIN).map_err(|error| match error {
        RecvTimeoutError::Timeout => CommandError::NoAnswer,
        RecvTimeoutError::Disconnected => CommandError::Stopped,
    })
}
