//! Does any sequence of inputs make a node stumble, or break what holds at every moment?
//!
//! The bytes are a script: who says what to the node, what time it is, what the operator wants, and whether what the node
//! sent is answered as a well-behaved peer would. After each step the invariants in [`Stage::check`] are checked.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use arbitrary::{Result, Unstructured};
use bruit::wire::{
    Binding, Cookie, Datagram, MAX_MAX_DATAGRAM, NackReason, Progress, RumorIds, SeedStatus, StatePoint, StateWant,
};
use bruit::{
    BootId, Class, ClusterKey, Config, Counters, Event, Identity, Incarnation, Input, Instant, Limits, Name, Node,
    NodeId, Order, Params, Phase, Profile, Publication, RumorId, Span, Topic, Write,
};

use crate::cast::{Actor, CAST, LABEL};
use crate::envelope::Envelope;
use crate::generate;
use crate::record::{Record, Tone};
use crate::reseal::{CHECK, reseal};

/// Steps of one script at most: enough to fill every small capacity, few enough to stay fast.
const STEPS_MAX: usize = 200;
/// Datagrams sent after one input at most; more would mean that draining never ends.
const DRAIN_MAX: usize = 4_096;
/// Datagrams of the node's that are remembered, to be answered.
const HEARD_MAX: usize = 8;

/// One input of the fuzzer's. Gives back what the node has counted: how far the script has come.
pub fn run(input: &[u8]) -> Counters {
    let mut u = Unstructured::new(input);
    let mut stage = Stage::new(u.arbitrary().unwrap_or_default());
    // Running out of bytes ends a script; it is no failure.
    let _ended = script(&mut stage, &mut u);
    stage.node.counters().clone()
}

fn script(stage: &mut Stage, u: &mut Unstructured<'_>) -> Result<()> {
    for _ in 0..STEPS_MAX {
        if u.is_empty() {
            break;
        }
        stage.step(u)?;
        stage.drain();
        // Now and then nobody reads the events.
        if u.ratio(7, 8)? {
            stage.read_events();
        } else {
            stage.rumors.unread = true;
        }
        stage.check();
    }
    Ok(())
}

/// A node, what its peers have heard of it, and a copy of its table.
struct Stage {
    node: Node,
    now: Instant,
    fed: u64,
    /// The packet counter that the next datagram to the node bears.
    counter: u64,
    heard: Vec<(Actor, Vec<u8>)>,
    /// Every start that the node has been told of: those of senders and those in profiles.
    starts: Vec<BootId>,
    /// The table as [`Node::poll_changed`] tells it.
    copy: BTreeMap<u32, (NodeId, Incarnation)>,
    /// The node's number when it last was a member.
    number: Incarnation,
    rumors: Rumors,
    buf: Vec<u8>,
}

/// What the node has told of rumors, as long as it can know that it has.
#[derive(Default)]
struct Rumors {
    /// Those that came, and those that were lost.
    came: BTreeSet<RumorId>,
    lost: Vec<(RumorId, u64)>,
    /// Origins that it had forgotten by then: of these it begins anew.
    forgotten: u64,
    /// Whether nobody has read the events of the last input.
    unread: bool,
}

impl Rumors {
    fn was_lost(&self, id: RumorId) -> bool {
        self.lost.iter().any(|(first, last)| {
            (first.origin, first.boot) == (id.origin, id.boot) && (first.sequence..=*last).contains(&id.sequence)
        })
    }

    /// A rumor is told of once: it has come, or it is lost.
    fn note(&mut self, event: &Event) {
        match event {
            Event::Rumor(rumor) => {
                assert!(!self.was_lost(rumor.id), "{} came and was lost", rumor.id);
                assert!(self.came.insert(rumor.id), "{} came twice", rumor.id);
            }
            Event::RumorsLost { origin, boot, from, to } => {
                let [first, last] = [*from, *to].map(|sequence| RumorId { origin: *origin, boot: *boot, sequence });
                assert!(first <= last && !self.was_lost(first) && !self.was_lost(last), "{first} to {to} lost twice");
                let came = self.came.range(first..=last).next();
                assert!(came.is_none(), "{came:?} is lost and came");
                self.lost.push((first, *to));
            }
            _ => {}
        }
    }
}

impl Stage {
    /// With small capacities and budgets, so that a short script reaches the end of each. `alone`: the node founds a cluster; otherwise
    /// it has to join through somebody in the cast.
    fn new(alone: bool) -> Self {
        let limits = Limits {
            members: 5,
            profile_bytes: 64,
            text_bytes: 24,
            suspects: 1,
            probes: 2,
            relays: 2,
            outbox: 64,
            events: 16,
            seeds: 2,
            book: 2,
            origins: 3,
            rumor_window: 64,
            rumors: 64,
            rumor_bytes: 2_400,
            rumor_payload: 64,
            topics: 2,
            state_owners: 4,
            state_keys: 16,
            state_bytes: 2_400,
            state_value: 64,
            watches: 2,
            averages: 2,
        };
        let config = Config {
            cold_start_wait: Duration::from_millis(100),
            strangers_per_second: 40,
            eager_per_second: 40,
            repair_per_second: 40,
            ..Config::new(Profile::Local)
        };
        let params = Params::new(&config, &limits).expect("small limits are good limits");
        let [me, seed, ..] = CAST;
        let name = Name::new(me.name).expect("a good name");
        let identity =
            Identity { name, cluster: LABEL, addr: me.addr, boot: me.boot, zone: "z", tags: &[("role", "db")] };
        let node = Node::new(params, &identity, 1, Instant::ZERO).expect("a good identity");
        let mut stage = Self {
            node,
            now: Instant::ZERO,
            fed: 0,
            counter: 0,
            heard: Vec::new(),
            starts: Vec::new(),
            copy: BTreeMap::new(),
            number: Incarnation::default(),
            rumors: Rumors::default(),
            buf: vec![0; MAX_MAX_DATAGRAM],
        };
        let seeds = [seed.addr];
        let joined = stage.node.handle_input(stage.now, Input::Join(if alone { &[] } else { &seeds }));
        assert_eq!(joined, Ok(()), "a fresh node may join");
        stage.drain();
        stage.check();
        stage
    }

    fn step(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        match u.int_in_range(0..=23)? {
            0..=4 => self.somebody_speaks(u)?,
            5..=7 => self.somebody_answers(u)?,
            8..=10 => self.time_passes(u)?,
            11 => self.something_is_damaged(u)?,
            12 => self.input(Input::Unreachable { to: u.choose(&CAST)?.addr }),
            13 => self.input(Input::Join(&[u.choose(&CAST)?.addr])),
            14 => self.input(Input::Remove(u.choose(&CAST)?.id())),
            15 => self.input(Input::Publish(Publication {
                topic: Topic::from_u64(u.int_in_range(0..=3)?),
                class: *u.choose(Class::ALL)?,
                payload: &[7; 70][..u.int_in_range(0..=70)?],
            })),
            16 => self.input(Input::Subscribe {
                topic: if u.arbitrary()? { None } else { Some(Topic::from_u64(u.int_in_range(0..=3)?)) },
                order: *u.choose(&[Order::Arrival, Order::Origin])?,
            }),
            17 => self.input(Input::Unsubscribe {
                topic: if u.arbitrary()? { None } else { Some(Topic::from_u64(u.int_in_range(0..=3)?)) },
            }),
            18..=19 => self.operator_writes(u)?,
            20 => self.operator_asks(u)?,
            21..=22 => {
                let page = self.page_of_somebody(u)?;
                let envelope = self.envelope(*u.choose(&CAST[1..])?, Some(CAST[0].boot), u.arbitrary()?);
                self.say(&envelope, &[page]);
            }
            _ => {
                // Rarely: nothing much happens after it.
                if u.ratio(1, 8)? {
                    self.input(Input::Leave);
                }
            }
        }
        Ok(())
    }

    /// What has changed, how far the others are, what all numbers come to; or everything anew.
    fn operator_asks(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        match u.int_in_range(0..=7)? {
            0 | 1 => self.input(Input::Watch(b"lo")),
            2 => self.input(Input::Unwatch(b"lo")),
            3 | 4 => {
                let (owner, version) = (u.choose(&CAST)?.id(), u.int_in_range(0..=4)?);
                // In place of a question about nothing.
                self.input(if version == 0 { Input::EndSurvey } else { Input::Survey { owner, life: 1, version } });
            }
            5 => self.input(Input::ResetState),
            _ => {
                let value = if u.ratio(3, 4)? { Some(f64::from(u.arbitrary::<i8>()?)) } else { None };
                self.input(Input::Contribute { name: u.choose(&[&b"load"[..], b"users", b"", b"free"])?, value });
            }
        }
        Ok(())
    }

    /// A key of the node's own has another value, or none.
    fn operator_writes(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let keys: [&[u8]; 5] = [b"load", b"zone", b"addr", b"", &[b'k'; 65]];
        let value = if u.ratio(3, 4)? { Some(&[7; 70][..u.int_in_range(0..=70)?]) } else { None };
        let ttl = if u.ratio(3, 4)? { None } else { Some(Span::millis(u.int_in_range(0..=9_000)?)) };
        let (class, durable) = (*u.choose(Class::ALL)?, u.arbitrary()?);
        self.input(Input::Write(Write { key: u.choose(&keys)?, value, class, durable, ttl }));
        Ok(())
    }

    /// What a member of the cast has written in the life in which the node holds it; or the node itself, which knows better.
    fn page_of_somebody(&self, u: &mut Unstructured<'_>) -> Result<Record> {
        let owner = u.choose(&CAST)?.id();
        let life = self.node.member(owner).map_or(1, |member| member.incarnation.life().max(1));
        generate::state_page(u, owner, life)
    }

    /// A datagram of somebody's, with whatever records.
    fn somebody_speaks(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let mut from = *u.choose(&CAST)?;
        if from == CAST[0] || u.ratio(1, 8)? {
            // Another start of the name; for the node's own: a namesake.
            from.boot = BootId::from_u64(u.arbitrary()?);
        }
        let to = if u.ratio(7, 8)? { Some(CAST[0].boot) } else { None };
        let introduces = u.arbitrary()?;
        let mut records = generate::records(u, 6)?;
        if to.is_none() && u.arbitrary()? {
            records.retain(|record| matches!(record, Record::Hello(_) | Record::Whois { .. }));
        }
        let envelope = self.envelope(from, to, introduces);
        self.say(&envelope, &records);
        Ok(())
    }

    /// The next datagram from somebody, whose membership is in step with the node's every other time.
    fn envelope(&mut self, from: Actor, to: Option<BootId>, introduces: bool) -> Envelope {
        self.counter += 1;
        let in_step = self.counter & 1 == 0;
        let membership = if in_step { self.node.membership_fingerprint() as u32 } else { 0xdead_beef };
        // Its state is in step every third time.
        let state = if matches!(self.counter % 3, 0) { self.node.state_root() } else { u64::MAX };
        Envelope { from, to, introduces, counter: self.counter, membership, state }
    }

    fn say(&mut self, envelope: &Envelope, records: &[Record]) {
        let (bytes, _) = envelope.seal(records, self.node.params().max_datagram());
        self.deliver(envelope, &bytes);
    }

    /// Hands a datagram to the node, and notes what starts it speaks of.
    fn deliver(&mut self, envelope: &Envelope, bytes: &[u8]) {
        self.starts.push(envelope.from.boot);
        let opened = Datagram::parse(bytes).and_then(|datagram| datagram.open(&envelope.binding()));
        for record in opened.into_iter().flat_map(Record::all) {
            if let Record::Profile(member) = record {
                self.starts.push(member.boot);
            }
        }
        self.fed += 1;
        self.input(Input::Datagram { from: envelope.from.addr, bytes });
    }

    /// A datagram that is cut short or continued, or has a changed byte; then with a checksum that fits or one that does not.
    fn something_is_damaged(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let envelope = self.envelope(*u.choose(&CAST[1..])?, Some(CAST[0].boot), u.arbitrary()?);
        let max = self.node.params().max_datagram();
        let (mut bytes, _) = envelope.seal(&generate::records(u, 2)?, max);
        if u.ratio(1, 4)? {
            let len = if u.ratio(1, 4)? { max + 1 } else { u.int_in_range(CHECK..=max)? };
            bytes.resize(len, 0);
        } else {
            let at = u.choose_index(bytes.len())?;
            bytes[at] ^= u.arbitrary::<u8>()?;
        }
        if u.arbitrary()? {
            reseal(&mut bytes, &envelope);
        }
        self.deliver(&envelope, &bytes);
        Ok(())
    }

    /// One of the datagrams that the node has sent is answered by the one it went to.
    fn somebody_answers(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        if self.heard.is_empty() {
            return Ok(());
        }
        let at = u.choose_index(self.heard.len())?;
        let (actor, bytes) = self.heard.remove(at);
        let Some(questions) = read_as(actor.boot, &bytes) else { return Ok(()) };
        let mut answers = Vec::new();
        for question in &questions {
            self.answer(u, actor, question, &mut answers)?;
        }
        if !answers.is_empty() {
            let envelope = self.envelope(actor, Some(CAST[0].boot), true);
            self.say(&envelope, &answers);
        }
        Ok(())
    }

    /// What a peer would say to one record; a nack, a refusal, somebody else's number where the bytes say so.
    fn answer(
        &self,
        u: &mut Unstructured<'_>,
        actor: Actor,
        question: &Record,
        answers: &mut Vec<Record>,
    ) -> Result<()> {
        match question {
            Record::Ping { nonce } | Record::Leave { nonce, .. } => answers.push(Record::Ack { nonce: *nonce }),
            Record::PingRequest { nonce, .. } if u.arbitrary()? => answers.push(Record::Ack { nonce: *nonce }),
            Record::PingRequest { nonce, .. } => {
                let reason = *u.choose(&[NackReason::Silent, NackReason::Refused, NackReason::Unknown])?;
                answers.push(Record::Nack { nonce: *nonce, reason });
            }
            Record::Hello(hello) => answers.push(Record::Cookie(Cookie {
                nonce: hello.nonce,
                cookie: 7,
                uptime_ms: u.arbitrary()?,
                status: *u.choose(SeedStatus::ALL)?,
                held: generate::held(u)?,
                members: 1,
                end: 2,
                observed: CAST[0].addr,
            })),
            Record::PageRequest { nonce, cursor, .. } => {
                // Every other time all that is left, so that a walk comes to its end.
                let whole = self.counter & 1 == 0;
                let next = if whole { u32::MAX } else { cursor.saturating_add(1) };
                answers.push(Record::Page { nonce: *nonce, cursor: *cursor, next, end: u32::MAX });
                answers.push(generate::record(u, bruit::wire::Kind::Profiles)?);
            }
            Record::Cookie(cookie) => answers.push(Record::PageRequest {
                nonce: cookie.nonce,
                cookie: cookie.cookie,
                cursor: u.int_in_range(0..=cookie.end)?,
                pages: u.int_in_range(1..=9)?,
            }),
            Record::Sums(_) => answers.push(generate::record(u, bruit::wire::Kind::Listing)?),
            Record::StateSums { .. } => answers.push(generate::record(u, bruit::wire::Kind::StateListing)?),
            Record::StateWant(want) => answers.push(generate::state_page(u, want.owner, want.life.max(1))?),
            Record::StateListing { logs, .. } => answers.extend(
                logs.iter()
                    .map(|log| Record::StateWant(StateWant { owner: log.owner, life: log.life.into(), after: 0 })),
            ),
            Record::Averages { tone: Tone::Question { picked }, numbers } => {
                answers.push(Record::Averages { tone: Tone::Answer { picked: *picked }, numbers: numbers.clone() })
            }
            Record::Survey { nonce, .. } => {
                let progress = Progress { complete: u.int_in_range(0..=9)?, ..Progress::default() };
                answers.push(Record::Surveyed { nonce: *nonce, progress });
            }
            Record::StateWalk { nonce, from, .. } => {
                let to = if u.arbitrary()? { StatePoint::END } else { StatePoint { after: from.after + 1, ..*from } };
                answers.push(Record::StateSpan { nonce: *nonce, from: *from, to, part: 1, parts: 1 });
                answers.push(self.page_of_somebody(u)?);
            }
            Record::Want(id) if *id == actor.id() => {
                answers.push(generate::record(u, bruit::wire::Kind::Profiles)?);
            }
            Record::RumorSync { nonce, from } => {
                let mut page = generate::record(u, bruit::wire::Kind::RumorPage)?;
                if let Record::RumorPage { nonce: n, first, last, digests } = &mut page {
                    (*n, *first) = (*nonce, *from);
                    digests.retain(|digest| (*first..=*last).contains(&digest.origin));
                    *last = (*last).max(*first);
                }
                answers.push(page);
            }
            Record::RumorWant(ids) => {
                for sequence in ids.sequences().take(u.int_in_range(0..=4)?) {
                    let mut rumor = generate::record(u, bruit::wire::Kind::Rumors)?;
                    if let Record::Rumor(heard) = &mut rumor {
                        heard.id = RumorId { origin: ids.origin, boot: ids.boot, sequence };
                    }
                    answers.push(rumor);
                }
            }
            Record::Rumor(heard) if heard.asks => answers.push(Record::Feedback(RumorIds {
                origin: heard.id.origin,
                boot: heard.id.boot,
                base: heard.id.sequence - 1,
                which: 1,
            })),
            Record::Want(_)
            | Record::Rumor(_)
            | Record::Digest(_)
            | Record::Feedback(_)
            | Record::RumorPage { .. }
            | Record::Ack { .. }
            | Record::Nack { .. }
            | Record::Claim(_)
            | Record::Profile(_)
            | Record::Page { .. }
            | Record::Whois { .. }
            | Record::Listing { .. }
            | Record::StatePage { .. }
            | Record::StateSpan { .. }
            | Record::Surveyed { .. }
            | Record::Averages { tone: Tone::Answer { .. } | Tone::Notice | Tone::End, .. }
            | Record::Unknown(_) => {}
        }
        Ok(())
    }

    /// To the node's next deadline, or by any step up to 18 minutes; then a tick.
    fn time_passes(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let deadline = self.node.poll_timeout().filter(|at| *at > self.now);
        self.now = match deadline {
            Some(at) if u.ratio(3, 4)? => at,
            Some(_) | None => self.now + Span::nanos(1 << u.int_in_range(0..=40)?),
        };
        self.input(Input::Tick);
        let next = self.node.poll_timeout();
        assert!(next.is_none_or(|at| at > self.now), "a tick at {:?} left {next:?} to be done", self.now);
        Ok(())
    }

    /// Refusals are answers.
    fn input(&mut self, input: Input<'_>) {
        let (life, before) = self.own_watermark();
        let written = self.node.counters().state_written;
        let _refused = self.node.handle_input(self.now, input);
        let written = self.node.counters().state_written - written;
        let (now_in, complete) = self.own_watermark();
        if now_in == life {
            // Each write takes a version, and nothing else does (R8). The first may go above what others say was written.
            assert!(
                complete >= before + written && (written > 0 || complete == before),
                "{before} and {written}: {complete}"
            );
        }
    }

    /// This node's life, and how much it has written in it.
    fn own_watermark(&self) -> (u32, u64) {
        let me = self.node.me();
        (me.incarnation.life(), self.node.watermark(me.id, me.incarnation.life()))
    }

    /// As the contract asks: everything that waits to be sent, and to be copied.
    fn drain(&mut self) {
        let max = self.node.params().max_datagram();
        for sent in 0.. {
            let Some(transmit) = self.node.poll_transmit(self.now, &mut self.buf) else { break };
            assert!(sent < DRAIN_MAX, "draining does not end");
            assert!(transmit.len <= max, "{} bytes left for {}", transmit.len, transmit.to);
            self.hear(transmit.to, self.buf[..transmit.len].to_vec());
        }
        while let Some((place, member)) = self.node.poll_changed() {
            match member.map(|m| (m.id, m.incarnation)) {
                Some(entry) => self.copy.insert(place, entry),
                None => self.copy.remove(&place),
            };
        }
    }

    fn read_events(&mut self) {
        let events: Vec<Event> = core::iter::from_fn(|| self.node.poll_event()).collect();
        assert!(events.len() <= self.node.params().limits().events as usize + 1, "{} events", events.len());
        let forgotten = self.node.counters().origins_forgotten;
        if forgotten != self.rumors.forgotten || self.rumors.unread {
            self.rumors = Rumors { forgotten, ..Rumors::default() };
        } else {
            events.iter().for_each(|event| self.rumors.note(event));
            events.iter().for_each(|event| self.can_be_read(event));
        }
    }

    /// What a rumor says is there when its event is read, unless one input has brought so much that it had to go again.
    fn can_be_read(&self, event: &Event) {
        let Event::Rumor(rumor) = event else { return };
        let payload = self.node.rumor(rumor);
        let used = |what| self.node.usage().into_iter().find(|(name, ..)| *name == what).map_or(0, |(_, used, _)| used);
        let limits = self.node.params().limits();
        let full =
            used("rumors") == limits.rumors || used("rumor_bytes") + 2 * limits.rumor_payload > limits.rumor_bytes;
        assert!(payload.map_or(full, |payload| payload.len() == usize::from(rumor.len)), "{}: {payload:?}", rumor.id);
        let retained = self.node.retained(self.now, rumor.id).map(|(_, payload)| payload);
        assert_eq!(payload, retained, "{}", rumor.id);
    }

    /// What the node has sent can be read by the one it is for.
    fn hear(&mut self, to: core::net::SocketAddr, bytes: Vec<u8>) {
        let header = Datagram::parse(&bytes).expect("a header of the node's").header;
        assert_eq!(header.sender, CAST[0].id(), "a node speaks in its own name");
        assert_eq!(header.cluster, ClusterKey::from_label(LABEL).tag());
        let readable = header.receiver.is_none() || self.starts.iter().any(|boot| read_as(*boot, &bytes).is_some());
        assert!(readable, "bound to a start that nobody has ever spoken of");
        let Some(actor) = CAST.into_iter().find(|a| a.addr == to) else { return };
        if self.heard.len() == HEARD_MAX {
            self.heard.remove(0);
        }
        self.heard.push((actor, bytes));
    }

    /// What holds at every moment.
    fn check(&mut self) {
        let me = self.node.me();
        let [anna, ..] = CAST;
        // A node's own record is its own doing (R4).
        assert_eq!((me.id, me.boot, me.addr, me.name), (anna.id(), anna.boot, anna.addr, anna.name));
        assert_eq!((me.zone, me.tags().collect::<Vec<_>>()), ("z", vec![("role", "db")]));
        let is_member = matches!(self.node.phase(), Phase::Joined | Phase::Leaving);
        if is_member {
            assert!(me.incarnation > Incarnation::default() && me.incarnation >= self.number, "{:?}", me.incarnation);
            assert_eq!(me.state.is_up(), self.node.phase() == Phase::Joined);
        }
        // Who gives up its name begins again without a number.
        self.number = if is_member { me.incarnation } else { Incarnation::default() };
        for (name, used, max) in self.node.usage() {
            assert!(used <= max, "{name}: {used} of {max}");
        }
        let members: Vec<_> = self.node.members().map(|m| (m.id, m.incarnation)).collect();
        assert!(members.len() <= self.node.params().limits().members as usize);
        assert_eq!(members[0].0, anna.id(), "the node itself comes first");
        for member in self.node.members() {
            assert_eq!(NodeId::from_name(member.name), member.id);
            assert_eq!(self.node.member(member.id).map(|m| m.boot), Some(member.boot), "found by its id, and once");
        }
        let mut copied: Vec<_> = self.copy.values().copied().collect();
        let mut listed = members;
        copied.sort_unstable();
        listed.sort_unstable();
        assert_eq!(copied, listed, "following the changes gives the table");
        assert_eq!(self.node.counters().datagrams_received, self.fed);
        self.check_state();
    }

    fn check_state(&self) {
        let limits = self.node.params().limits();
        let (keys, owners, bytes) = self.node.state_used();
        assert!(keys <= limits.state_keys && owners <= limits.state_owners && bytes <= limits.state_bytes as usize);
        assert_eq!(self.node.state_root(), self.node.state_root_anew(), "the root is the sum over what counts");
        let mut place = 0;
        while let Some((at, view)) = self.node.next_state_from(self.now, place) {
            place = at + 1;
            if !view.shared {
                let found = self.node.state(self.now, view.owner, view.key);
                assert_eq!(found, Some(view), "found by its key, and once");
            }
        }
    }
}

/// The records of a datagram of the node's, as this start reads it; `None` where it is for another one, or broken.
fn read_as(start: BootId, bytes: &[u8]) -> Option<Vec<Record>> {
    let datagram = Datagram::parse(bytes).ok()?;
    let header = datagram.header;
    let binding = Binding {
        cluster: ClusterKey::from_label(LABEL),
        sender: CAST[0].boot,
        receiver: header.receiver.map(|_| start),
        counter_high: 0,
    };
    Some(Record::all(datagram.open(&binding).ok()?))
}
