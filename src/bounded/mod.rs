//! Containers that buy their memory once: nothing here grows, every push says whether there was room.

mod arena;
mod budget;
mod deadlines;
mod index;
mod lists;
mod ring;
mod set_queue;
mod slot_set;
mod tellings;
mod tournament;

pub use arena::Arena;
pub use budget::TokenBucket;
pub use deadlines::Deadlines;
pub use index::Index;
pub use lists::Lists;
pub use ring::Ring;
pub use set_queue::SetQueue;
pub use slot_set::SlotSet;
pub use tellings::{TELLINGS_MAX, Tellings};
pub use tournament::Tournament;

/// No slot: the end of a list, or a key that is not waiting.
pub(crate) const NONE: u32 = u32::MAX;

/// A boxed slice of `n` copies of `value`: the one way in which this crate buys memory.
pub(crate) fn bought<T: Clone>(n: usize, value: T) -> Box<[T]> {
    vec![value; n].into_boxed_slice()
}
