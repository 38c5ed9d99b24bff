//! What does a datagram look like? One header, sections of records, one checksum; each datagram stands alone.
//!
//! ```text
//!  0                36          44                         len-8      len
//!  +----------------+-----------+---------+---------+- - - -+----------+
//!  | header         | extension | section | section |       | XXH3-64  |
//!  +----------------+-----------+---------+---------+- - - -+----------+
//!                    only with INTRO
//! ```
//! Everything is little-endian, nothing is aligned, records of one kind have one size (profiles carry their lengths).
//! Bytes are read through `zerocopy` views: a slice of claims in a datagram *is* a `&[RawClaim]`. `docs/wire.md` is the
//! normative text; the layouts here are asserted against it at compile time and by golden bytes.
//!
//! The order of checks is part of the format: length, magic, version, suite, flags, cluster, sender, receiver, checksum,
//! the structure of *all* sections, and only then meaning. A datagram that fails any of them changes nothing.

mod ack;
mod addr;
mod averages;
mod claims;
mod cookie;
mod header;
mod hello;
mod leave;
mod listing;
mod nack;
mod page;
mod page_request;
mod ping;
mod ping_request;
mod profiles;
mod rumor_digests;
mod rumor_ids;
mod rumor_page;
mod rumor_sync;
mod rumors;
mod section;
mod state_listing;
mod state_page;
mod state_sums;
mod state_walk;
mod state_wants;
mod sums;
mod survey;
mod want;
mod whois;
mod writer;

pub use crate::state::{Draft, Nature};
pub use ack::RawAck;
pub use addr::RawAddr;
pub(crate) use addr::usable;
pub use averages::{Flows, RawAverages, RawFlow};
pub use claims::{Claim, RawClaim, State};
pub use cookie::{Cookie, Held, RawCookie, SeedStatus};
pub use header::{
    Binding, Datagram, FLAG_BOUND, FLAG_INTRO, Header, MAGIC, OVERHEAD, OVERHEAD_INTRO, SUITE_PLAIN, VERSION,
};
pub use hello::{Hello, RawHello};
pub use leave::RawLeave;
pub use listing::{Listing, RawListing};
pub use nack::{NackReason, RawNack};
pub use page::RawPage;
pub use page_request::RawPageRequest;
pub use ping::RawPing;
pub use ping_request::RawPingRequest;
pub use profiles::{Profile, Profiles, RawProfile};
pub use rumor_digests::{Digest, RawDigest};
pub use rumor_ids::{RawRumorIds, RumorIds};
pub use rumor_page::{RawRumorPage, RumorPage};
pub use rumor_sync::RawRumorSync;
pub use rumors::{RawRumor, RawSequence, Rumor, Rumors};
pub use section::{Kind, SECTION_HEADER, Section, Sections};
pub use state_listing::{LogDigest, RawStateListing, StateListing, UNLISTED};
pub(crate) use state_page::{Checks, WholePage};
pub use state_page::{RawStatePage, STATE_ENTRY_MAX, StateEntries, StateEntry, StateHead, StatePage};
pub use state_sums::{RawStateSums, STATE_BUCKETS, StateBuckets, salted, state_bucket_of, state_bucket_range};
pub use state_walk::{RawStateSpan, RawStateWalk, StatePoint};
pub use state_wants::{RawStateWant, StateWant};
pub use sums::{BUCKETS, RawSums, bucket_of, bucket_range};
pub use survey::{Progress, RawSurvey, RawSurveyed};
pub use want::RawWant;
pub use whois::RawWhois;
pub use writer::Writer;

/// The smallest `max_datagram`: what fits every IPv6 path (1,280 bytes less IP and UDP headers) with some to spare, and
/// what one datagram of bucket sums needs.
pub const MIN_MAX_DATAGRAM: usize = 1_200;

/// The largest `max_datagram`: a 9,000-byte Ethernet frame less IP and UDP headers.
pub const MAX_MAX_DATAGRAM: usize = 8_900;
