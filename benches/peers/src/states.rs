//! What is the same work for state? Two that hold ten keys of each of N members find out whether they hold the same, and then do.
//!
//! chitchat says all that it has with each exchange: a digest of all members there, one back with what is missing, and the rest.
//! bruit compares 16 bits of a fingerprint in datagrams that travel anyway, and asks further where they differ.

use std::hint::black_box;

use crate::bruit_state::BruitStates;
use crate::chitchat_state::ChitchatStates;
use crate::report::{Row, Table};
use crate::series::Series;
use crate::side::Cost;

/// Members of the clusters.
pub const SIZES: [usize; 2] = [100, 1_000];
/// Keys of each member.
pub const KEYS: usize = 10;
/// Bytes of a value.
pub const VALUE: usize = 8;

/// Two of an engine that know the same members.
pub trait States {
    /// Two that hold the same.
    fn in_step(members: usize) -> Self;

    /// One of the two compares itself with the other.
    fn exchange(&mut self) -> Cost;

    /// Gives some owners' last key another value, at one of the two only: at each for half of them.
    fn differ(&mut self, owners: usize);

    /// Whether both hold the same.
    fn agree(&self) -> bool;
}

/// What a key is after so many changes of it.
pub fn value_of(round: u64) -> String {
    format!("{round:0VALUE$}")
}

struct Exchanges<S: States> {
    states: S,
    in_step: Series,
    different: Series,
}

impl<S: States> Exchanges<S> {
    fn new(members: usize) -> Self {
        Self { states: S::in_step(members), in_step: Series::default(), different: Series::default() }
    }

    fn repetition(&mut self, members: usize) {
        // Once for the caches, which the other engine has had until now.
        black_box(self.states.exchange());
        self.in_step.add(self.states.exchange(), 1);
        self.states.differ(members * KEYS / 100);
        assert!(!self.states.agree(), "they differ");
        self.different.add(self.states.exchange(), 1);
        assert!(self.states.agree(), "they do not differ any more");
    }
}

/// The same exchanges of both.
pub fn compare(members: usize, repetitions: usize) -> Table {
    let mut bruit = Exchanges::<BruitStates>::new(members);
    let mut chitchat = Exchanges::<ChitchatStates>::new(members);
    for _ in 0..repetitions {
        bruit.repetition(members);
        chitchat.repetition(members);
    }
    let mut rows = Vec::new();
    let both =
        [("in step", &bruit.in_step, &chitchat.in_step), ("1 % different", &bruit.different, &chitchat.different)];
    for (task, bruit, chitchat) in both {
        rows.push(Row::cost(task, "us", bruit.median() / 1_000.0, chitchat.median() / 1_000.0));
        rows.push(Row::cost(task, "bytes", bruit.sent_bytes(), chitchat.sent_bytes()));
        rows.push(Row::cost(task, "datagrams", bruit.datagrams(), chitchat.datagrams()));
        rows.push(Row::cost(task, "longest, bytes", bruit.longest(), chitchat.longest()));
        rows.push(Row::cost(task, "allocations", bruit.allocations(), chitchat.allocations()));
    }
    Table { peer: "chitchat", members, rows }
}
