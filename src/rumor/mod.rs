//! News of the embedder's own: at every member at the latency of the network, exactly once, or reported as lost.
//!
//! Each file answers one question and knows nothing of the others; [`Node`](crate::Node) hands them what they need. In which
//! order to read: `id` (which rumor?), `topic` (who wants it?), `window` (have I had it?), `origins` (whose is it?), `store`
//! (can it still be had?), `ranks` (whom do I tell at once?), `links` (and of a stream?), `rule` (when is it told often
//! enough?).
//!
//! # Papers
//! Epidemic algorithms (Demers et al., PODC 1987): rounds, and when to stop. Bimodal multicast (Birman et al., TOCS 1999):
//! digests repair what the first push has missed. Plumtree (Leitão, Pereira, Rodrigues, SRDS 2007): a stream's payloads go
//! along a tree, its digests everywhere. Imase, Itoh (IEEE Trans. Computers C-32, 1983): the graph along which news is pushed.

mod fresh;
mod id;
mod links;
mod origins;
mod ranks;
mod rule;
mod store;
mod topic;
mod window;

pub(crate) use fresh::Fresh;
pub use id::{Class, RumorId, RumorRef};
pub(crate) use origins::{Asked, Gap, Gone, Origin, Origins};
pub(crate) use ranks::{DEGREE_MAX, Ranks};
pub use rule::Rule;
pub(crate) use store::{Draft, Store};
pub(crate) use topic::Topics;
pub use topic::{Order, Topic};
pub(crate) use window::{Marked, Window};
