//! What is said? Sections: a kind, a count, a length, and that many records of the kind.
//!
//! ```text
//!  0  kind u8    1  count u8    2  length of the body u16    4  body
//! ```
//! An unknown kind is skipped by its length and counted, so that a newer peer may say more than this build understands.

use core::mem::size_of;
use zerocopy::little_endian::U16;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{
    Flows, Listing, Profiles, RawAck, RawClaim, RawCookie, RawDigest, RawHello, RawLeave, RawNack, RawPage,
    RawPageRequest, RawPing, RawPingRequest, RawRumorIds, RawRumorSync, RawStateSpan, RawStateSums, RawStateWalk,
    RawStateWant, RawSums, RawSurvey, RawSurveyed, RawWant, RawWhois, RumorPage, Rumors, StateListing, StatePage,
};
use crate::error::DropReason;
use crate::error::closed_enum;
use crate::id::NodeId;

closed_enum! {
    /// The kinds of sections that this build knows. The number on the wire is the place in this list, plus one.
    Kind {
        /// Are you alive?
        Ping = "ping",
        /// I am; or: so is the one you asked me to ping.
        Ack = "ack",
        /// Ping somebody for me.
        PingRequest = "ping_request",
        /// The one you asked me to ping has not answered.
        Nack = "nack",
        /// What is said of members whose profile the receiver knows.
        Claims = "claims",
        /// Members with all that belongs to them.
        Profiles = "profiles",
        /// I am going.
        Leave = "leave",
        /// A stranger asks to be let in, or a member asks who lives at an address.
        Hello = "hello",
        /// The answer to a hello.
        Cookie = "cookie",
        /// Send me members from here on.
        PageRequest = "page_request",
        /// Where the profiles that follow belong in the walk.
        Page = "page",
        /// I do not know you: introduce yourself.
        Whois = "whois",
        /// Fingerprints of all buckets of the id space.
        Sums = "sums",
        /// All that is held in one range of the id space.
        Listing = "listing",
        /// Send me the profiles of these.
        Want = "want",
        /// Rumors with their payloads.
        Rumors = "rumors",
        /// How much of each origin's rumors the sender has.
        RumorDigests = "rumor_digests",
        /// Rumors that the sender has had already when the receiver sent them.
        RumorFeedback = "rumor_feedback",
        /// Send me these rumors.
        RumorWants = "rumor_wants",
        /// Send me digests of all origins from here on.
        RumorSync = "rumor_sync",
        /// Digests of all origins in one range of the id space.
        RumorPage = "rumor_page",
        /// Fingerprints of what is held of the owners in each bucket of the id space.
        StateSums = "state_sums",
        /// How much is held of each owner in some buckets of the id space.
        StateListing = "state_listing",
        /// Send me what these owners have written since.
        StateWants = "state_wants",
        /// What one owner has written.
        StatePage = "state_page",
        /// Send me everything, from here on.
        StateWalk = "state_walk",
        /// Where the pages that follow belong in the walk.
        StateSpan = "state_span",
        /// How far are you?
        Survey = "survey",
        /// So far.
        Surveyed = "surveyed",
        /// What the sender and the receiver have handed to each other of numbers that are averaged.
        Averages = "averages",
    }
}

impl Kind {
    /// The number on the wire.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8 + 1
    }

    /// Whether one section holds a run of such records. Of the others each stands in a section of its own.
    #[must_use]
    pub const fn holds_many(self) -> bool {
        match self {
            Self::Ack
            | Self::Claims
            | Self::Profiles
            | Self::Want
            | Self::Rumors
            | Self::RumorDigests
            | Self::RumorFeedback
            | Self::RumorWants
            | Self::StateWants => true,
            Self::Ping
            | Self::PingRequest
            | Self::Nack
            | Self::Leave
            | Self::Hello
            | Self::Cookie
            | Self::PageRequest
            | Self::Page
            | Self::Whois
            | Self::Sums
            | Self::Listing
            | Self::RumorSync
            | Self::RumorPage
            | Self::StateSums
            | Self::StateListing
            | Self::StatePage
            | Self::StateWalk
            | Self::StateSpan
            | Self::Survey
            | Self::Surveyed
            | Self::Averages => false,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code).checked_sub(1)?).copied()
    }
}

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy)]
#[repr(C)]
pub(super) struct RawSection {
    pub kind: u8,
    pub count: u8,
    pub len: U16,
}

/// Bytes in front of a section's body.
pub const SECTION_HEADER: usize = size_of::<RawSection>();

/// One section of a datagram, as views into its bytes.
#[derive(Clone, Copy, Debug)]
pub enum Section<'a> {
    /// Kind 1.
    Ping(&'a RawPing),
    /// Kind 2.
    Ack(&'a [RawAck]),
    /// Kind 3.
    PingRequest(&'a RawPingRequest),
    /// Kind 4.
    Nack(&'a RawNack),
    /// Kind 5.
    Claims(&'a [RawClaim]),
    /// Kind 6.
    Profiles(Profiles<'a>),
    /// Kind 7.
    Leave(&'a RawLeave),
    /// Kind 8.
    Hello(&'a RawHello),
    /// Kind 9.
    Cookie(&'a RawCookie),
    /// Kind 10.
    PageRequest(&'a RawPageRequest),
    /// Kind 11.
    Page(&'a RawPage),
    /// Kind 12.
    Whois(&'a RawWhois),
    /// Kind 13.
    Sums(&'a RawSums),
    /// Kind 14.
    Listing(Listing<'a>),
    /// Kind 15.
    Want(&'a [RawWant]),
    /// Kind 16.
    Rumors(Rumors<'a>),
    /// Kind 17.
    RumorDigests(&'a [RawDigest]),
    /// Kind 18.
    RumorFeedback(&'a [RawRumorIds]),
    /// Kind 19.
    RumorWants(&'a [RawRumorIds]),
    /// Kind 20.
    RumorSync(&'a RawRumorSync),
    /// Kind 21.
    RumorPage(RumorPage<'a>),
    /// Kind 22.
    StateSums(&'a RawStateSums),
    /// Kind 23.
    StateListing(StateListing<'a>),
    /// Kind 24.
    StateWants(&'a [RawStateWant]),
    /// Kind 25.
    StatePage(StatePage<'a>),
    /// Kind 26.
    StateWalk(&'a RawStateWalk),
    /// Kind 27.
    StateSpan(&'a RawStateSpan),
    /// Kind 28.
    Survey(&'a RawSurvey),
    /// Kind 29.
    Surveyed(&'a RawSurveyed),
    /// Kind 30.
    Averages(Flows<'a>),
    /// A kind that this build does not know, with its number.
    Unknown(u8),
}

impl<'a> Section<'a> {
    /// The page that it is, if it is one.
    #[must_use]
    pub const fn state_page(self) -> Option<StatePage<'a>> {
        if let Self::StatePage(page) = self { Some(page) } else { None }
    }

    /// Whether a datagram of `sender` that is bound to no receiver may hold this section: what makes strangers known to each
    /// other, a profile of its own included.
    #[must_use]
    pub fn introduces(&self, sender: NodeId) -> bool {
        match self {
            Self::Hello(_) | Self::Whois(_) => true,
            Self::Profiles(profiles) => profiles.into_iter().all(|profile| profile.claim.subject == sender),
            Self::Ping(_)
            | Self::Ack(_)
            | Self::PingRequest(_)
            | Self::Nack(_)
            | Self::Claims(_)
            | Self::Leave(_)
            | Self::Cookie(_)
            | Self::PageRequest(_)
            | Self::Page(_)
            | Self::Sums(_)
            | Self::Listing(_)
            | Self::Want(_)
            | Self::Rumors(_)
            | Self::RumorDigests(_)
            | Self::RumorFeedback(_)
            | Self::RumorWants(_)
            | Self::RumorSync(_)
            | Self::RumorPage(_)
            | Self::StateSums(_)
            | Self::StateListing(_)
            | Self::StateWants(_)
            | Self::StatePage(_)
            | Self::StateWalk(_)
            | Self::StateSpan(_)
            | Self::Survey(_)
            | Self::Surveyed(_)
            | Self::Averages(_)
            | Self::Unknown(_) => false,
        }
    }
}

/// The sections of one datagram, all of them checked.
#[derive(Clone, Copy, Debug)]
pub struct Sections<'a> {
    rest: &'a [u8],
}

impl<'a> Sections<'a> {
    /// Checks the structure of every section in `body` and every value in every record.
    ///
    /// # Errors
    /// [`DropReason::BadSection`] or [`DropReason::BadRecord`]; nothing is looked at then.
    pub fn check(body: &'a [u8]) -> Result<Self, DropReason> {
        let mut rest = body;
        while !rest.is_empty() {
            let (_, after) = read(rest)?;
            rest = after;
        }
        Ok(Self { rest: body })
    }
}

impl<'a> Iterator for Sections<'a> {
    type Item = Section<'a>;

    fn next(&mut self) -> Option<Section<'a>> {
        let (section, rest) =
            split(self.rest).and_then(|(kind, count, body, rest)| Some((view(kind, count, body)?, rest)))?;
        self.rest = rest;
        Some(section)
    }
}

/// The kind, count and body of the first section, and what follows it.
fn split(bytes: &[u8]) -> Option<(u8, u8, &[u8], &[u8])> {
    let (raw, rest) = RawSection::ref_from_prefix(bytes).ok()?;
    let (body, rest) = rest.split_at_checked(usize::from(raw.len.get()))?;
    Some((raw.kind, raw.count, body, rest))
}

fn read(bytes: &[u8]) -> Result<(Section<'_>, &[u8]), DropReason> {
    let (kind, count, body, rest) = split(bytes).ok_or(DropReason::BadSection)?;
    let section = view(kind, count, body).ok_or(DropReason::BadSection)?;
    if check_values(&section) { Ok((section, rest)) } else { Err(DropReason::BadRecord) }
}

/// A body seen as its kind; `None` when its length does not fit the kind and the count.
fn view(code: u8, count: u8, body: &[u8]) -> Option<Section<'_>> {
    let Some(kind) = Kind::from_code(code) else {
        return Some(Section::Unknown(code));
    };
    Some(match kind {
        Kind::Ping => Section::Ping(one(count, body)?),
        Kind::Ack => Section::Ack(many(count, body)?),
        Kind::PingRequest => Section::PingRequest(one(count, body)?),
        Kind::Nack => Section::Nack(one(count, body)?),
        Kind::Claims => Section::Claims(many(count, body)?),
        Kind::Profiles => Section::Profiles(Profiles::new(count, body)?),
        Kind::Leave => Section::Leave(one(count, body)?),
        Kind::Hello => Section::Hello(one(count, body)?),
        Kind::Cookie => Section::Cookie(one(count, body)?),
        Kind::PageRequest => Section::PageRequest(one(count, body)?),
        Kind::Page => Section::Page(one(count, body)?),
        Kind::Whois => Section::Whois(one(count, body)?),
        Kind::Sums => Section::Sums(one(count, body)?),
        Kind::Listing => Section::Listing(Listing::new(count, body)?),
        Kind::Want => Section::Want(many(count, body)?),
        Kind::Rumors => Section::Rumors(Rumors::new(count, body)?),
        Kind::RumorDigests => Section::RumorDigests(many(count, body)?),
        Kind::RumorFeedback => Section::RumorFeedback(many(count, body)?),
        Kind::RumorWants => Section::RumorWants(many(count, body)?),
        Kind::RumorSync => Section::RumorSync(one(count, body)?),
        Kind::RumorPage => Section::RumorPage(RumorPage::new(count, body)?),
        Kind::StateSums => Section::StateSums(one(count, body)?),
        Kind::StateListing => Section::StateListing(StateListing::new(count, body)?),
        Kind::StateWants => Section::StateWants(many(count, body)?),
        Kind::StatePage => Section::StatePage(StatePage::new(count, body)?),
        Kind::StateWalk => Section::StateWalk(one(count, body)?),
        Kind::StateSpan => Section::StateSpan(one(count, body)?),
        Kind::Survey => Section::Survey(one(count, body)?),
        Kind::Surveyed => Section::Surveyed(one(count, body)?),
        Kind::Averages => Section::Averages(Flows::new(count, body)?),
    })
}

fn one<T: FromBytes + KnownLayout + Immutable + Unaligned>(count: u8, body: &[u8]) -> Option<&T> {
    if count == 1 { T::ref_from_bytes(body).ok() } else { None }
}

fn many<T: FromBytes + Immutable + Unaligned>(count: u8, body: &[u8]) -> Option<&[T]> {
    <[T]>::ref_from_bytes(body).ok().filter(|records| records.len() == usize::from(count) && count > 0)
}

/// Whether every value in the section means something.
fn check_values(section: &Section<'_>) -> bool {
    match section {
        Section::Claims(claims) => claims.iter().all(RawClaim::check),
        Section::Profiles(profiles) => profiles.check(),
        Section::PingRequest(raw) => raw.check(),
        Section::Nack(raw) => raw.check(),
        Section::Leave(raw) => raw.check(),
        Section::Hello(raw) => raw.check(),
        Section::Cookie(raw) => raw.check(),
        Section::PageRequest(raw) => raw.check(),
        Section::Page(raw) => raw.check(),
        Section::Listing(listing) => listing.check(),
        Section::Rumors(rumors) => rumors.check(),
        Section::RumorFeedback(ids) | Section::RumorWants(ids) => ids.iter().all(RawRumorIds::check),
        Section::RumorPage(page) => page.check(),
        Section::StateListing(listing) => listing.check(),
        Section::StatePage(page) => page.check(),
        Section::StateWalk(raw) => raw.check(),
        Section::StateSpan(raw) => raw.check(),
        Section::Surveyed(raw) => raw.check(),
        Section::Averages(flows) => flows.check(),
        Section::Ping(_)
        | Section::Ack(_)
        | Section::Whois(_)
        | Section::Sums(_)
        | Section::Want(_)
        | Section::RumorDigests(_)
        | Section::RumorSync(_)
        | Section::StateSums(_)
        | Section::StateWants(_)
        | Section::Survey(_)
        | Section::Unknown(_) => true,
    }
}
