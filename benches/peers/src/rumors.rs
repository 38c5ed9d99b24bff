//! What is the same work for rumors? News of 64 bytes, taken in, known again, and sent on as often as the engine's own rule
//! says.
//!
//! bruit passes an urgent rumor on to four others at once, and then tells digests of what it has in rounds, from which whoever
//! was missed asks for it. foca sends each broadcast as often as an update, to members at random; whoever is missed stays so.

use crate::report::Row;
use crate::series::Series;
use crate::side::{Engine, Sent, hear, measured};

/// Samples of each task in one repetition.
const SAMPLES: usize = 10;
/// Datagrams of rumors in one sample.
const DATAGRAMS: usize = 4;
/// Datagrams before anything is measured: more rumors than either engine remembers.
const WARM_UP: usize = 1_200;

/// An engine that hears and tells rumors.
pub trait Teller: Engine {
    /// Rumors in a full datagram.
    const IN_FULL: usize;

    /// An engine that knows `members` members, itself included, and has nothing to tell.
    fn quiet(members: usize) -> Self;

    /// `count` datagrams of members at random, each full of rumors that nobody has told before.
    fn rumors(&mut self, count: usize) -> Self::Batch;

    /// Lets time pass until nothing more is told of what it has heard, and sends what is until then.
    fn follow(&mut self, sent: &mut Sent);

    /// How many rumors were new so far.
    fn new_ones(&self) -> u64;

    /// How often rumors were sent so far, each datagram that one is in counted.
    fn copies(&self) -> u64;
}

/// What came of the rumors of one engine.
pub struct Telling<T: Teller> {
    engine: T,
    known_ones: T::Batch,
    known: Series,
    new: Series,
    passed_on: Series,
    told_out: Series,
    copies: u64,
}

impl<T: Teller> Telling<T> {
    /// An engine that has heard more than it remembers.
    pub fn new(members: usize) -> Self {
        let mut engine = T::quiet(members);
        for _ in 0..WARM_UP / DATAGRAMS {
            let rumors = engine.rumors(DATAGRAMS);
            hear(&mut engine, &rumors);
        }
        let known_ones = engine.rumors(DATAGRAMS);
        let [known, new, passed_on, told_out] = std::array::from_fn(|_| Series::default());
        Self { engine, known_ones, known, new, passed_on, told_out, copies: 0 }
    }

    /// Each task some times.
    pub fn repetition(&mut self) {
        let rumors = DATAGRAMS * T::IN_FULL;
        // Once for the caches, and for who has forgotten them.
        hear(&mut self.engine, &self.known_ones);
        let before = self.engine.new_ones();
        for _ in 0..SAMPLES {
            self.known.add(hear(&mut self.engine, &self.known_ones), rumors);
        }
        assert_eq!(self.engine.new_ones(), before, "none was new");
        for batch in (0..SAMPLES).map(|_| self.engine.rumors(DATAGRAMS)).collect::<Vec<_>>() {
            self.new.add(hear(&mut self.engine, &batch), rumors);
        }
        let copies = self.engine.copies();
        for batch in (0..SAMPLES).map(|_| self.engine.rumors(DATAGRAMS)).collect::<Vec<_>>() {
            let at_once = measured(|sent| self.engine.serve(&batch, sent));
            let later = measured(|sent| self.engine.follow(sent));
            self.passed_on.add(at_once, rumors);
            self.told_out.add(at_once.and(later), rumors);
        }
        self.copies += self.engine.copies() - copies;
        assert_eq!(self.engine.new_ones() - before, (2 * SAMPLES * rumors) as u64, "all were new");
    }

    /// How often one was sent.
    fn copies(&self) -> f64 {
        self.copies as f64 / self.passed_on.units()
    }

    /// What one copy took to send.
    fn copy_ns(&self) -> f64 {
        (self.passed_on.median() - self.new.median()) / self.copies()
    }

    /// Bytes of a full datagram for each rumor in it.
    fn wire_bytes(&self) -> f64 {
        let full = T::extent(&self.known_ones);
        full.bytes as f64 / full.datagrams as f64 / T::IN_FULL as f64
    }
}

/// What came of both.
pub fn rows<B: Teller, F: Teller>(bruit: &Telling<B>, foca: &Telling<F>) -> Vec<Row> {
    let ns = |task, bruit: &Series, foca: &Series| Row::cost(task, "ns", bruit.median(), foca.median());
    let allocations =
        |task, bruit: &Series, foca: &Series| Row::cost(task, "allocations", bruit.allocations(), foca.allocations());
    vec![
        ns("a known rumor in", &bruit.known, &foca.known),
        allocations("a known rumor in", &bruit.known, &foca.known),
        ns("a new rumor in", &bruit.new, &foca.new),
        allocations("a new rumor in", &bruit.new, &foca.new),
        ns("in and passed on", &bruit.passed_on, &foca.passed_on),
        Row::cost("the same, copies sent", "copies", bruit.copies(), foca.copies()),
        Row::cost("the same, per copy out", "ns", bruit.copy_ns(), foca.copy_ns()),
        ns("in, passed on, told out", &bruit.told_out, &foca.told_out),
        allocations("in, passed on, told out", &bruit.told_out, &foca.told_out),
        Row::cost("the same, sent", "bytes", bruit.told_out.sent_bytes(), foca.told_out.sent_bytes()),
        Row::gain("rumors in a full datagram", "rumors", B::IN_FULL as f64, F::IN_FULL as f64),
        Row::cost("one in a full datagram", "bytes", bruit.wire_bytes(), foca.wire_bytes()),
    ]
}
