//! How much of everything? Every capacity of a node, bought once at its start.

use crate::error::{ConfigError, in_range};
use crate::wire::{MAX_MAX_DATAGRAM, MIN_MAX_DATAGRAM};

/// A record of a suspicion is named in 16 bits.
const SUSPECTS_MAX: u32 = 65_535;
/// Where there are many members few of them publish.
const ORIGINS: u32 = 256;
const ORIGINS_MAX: u32 = 1 << 16;

/// Every capacity. Full is an answer: the newcomer is refused and counted, nobody who is in is harmed (R28).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Members in the table: up, dead and departed, this node included. 1,024. A newcomer beyond takes the place of the
    /// member that has been down for longest, or is refused, told so and counted where all are up.
    pub members: u32,
    /// Bytes of name, zone and tags of one member. 256. A longer profile is refused at its own start, and by others.
    pub profile_bytes: u32,
    /// Bytes of name, zone and tags for each member on average: all share what this gives, and as long as it is not used up
    /// everyone may have [`Limits::profile_bytes`]. 64. Beyond, a newcomer is refused as if every place were taken, and so is
    /// the next life of a member whose texts are longer than its last. For these there is the last eighth: while no more is
    /// left nobody new is let in.
    pub text_bytes: u32,
    /// Suspects whose time runs at once. 256; one in 32 of more than 8,192 members. Beyond, a suspect's time begins when that
    /// of another has ended: it may refute, and others may declare it dead meanwhile.
    pub suspects: u32,
    /// Probes of this node in flight at once. 16. Beyond, a probe waits for the next interval.
    pub probes: u32,
    /// Pings relayed for others at once. 64. Beyond, the asker gets no nack and asks others next time.
    pub relays: u32,
    /// Intentions to send between one input and the draining that follows it. 256. Beyond, answers are dropped and counted;
    /// probes have places of their own.
    pub outbox: u32,
    /// Events waiting to be read. 1,024. Beyond, the newer are lost and one resync marker says how many.
    pub events: u32,
    /// Seeds and others asked to let this node in. 16. Beyond, the newer are refused.
    pub seeds: u32,
    /// Addresses and numbers of members remembered after they were forgotten. 64. Beyond, the oldest goes.
    pub book: u32,
    /// Origins of rumors: members that publish, each start of a name for itself. 256, or all members where they are fewer. Beyond, the
    /// rumors of a newcomer are refused, counted and told of, until an origin that is no member any more has been silent for
    /// twice the retention.
    pub origins: u32,
    /// Numbers beyond the last complete one that can be told apart for each origin: a multiple of 64. 4,096. Where more are
    /// published before a missing one has come, that one is given up and reported.
    pub rumor_window: u32,
    /// Rumors retained. 4,096. Beyond, the oldest goes; what has not been told yet is not pushed out by a publication, which is
    /// refused instead.
    pub rumors: u32,
    /// Bytes of the payloads retained. 1 MiB. Beyond, as with `rumors`.
    pub rumor_bytes: u32,
    /// The longest payload. 1,024. Refused above it when it is published, and dropped when it comes.
    pub rumor_payload: u32,
    /// Topics subscribed to by name. 64. Beyond, a subscription is refused.
    pub topics: u32,
    /// Owners of keys, each life for itself, of which anything is held: all members and a quarter more, for the durable keys of
    /// those that are gone. Beyond, those make room of which nothing is held any more, and then the newcomer's are refused.
    pub state_owners: u32,
    /// Keys held, of all owners together, removals among them. 4,096. Beyond, a new key is refused where it is written, and
    /// refused and counted where it comes.
    pub state_keys: u32,
    /// Bytes of their keys and values, and four of each time to live. 512 KiB. Beyond, as with `state_keys`.
    pub state_bytes: u32,
    /// The longest value. 1,024. Key and value together also have to fit one datagram: of `max_datagram` they get all but 170
    /// bytes. Refused above it when it is written, and when it comes.
    pub state_value: u32,
    /// Numbers averaged by gossip at once. 8. Beyond, one more is refused where it is contributed to, and counted where it comes: a member
    /// that has no room for a number is missing in its sum and count. Raised: 432 bytes for each, and 48 in each datagram.
    pub averages: u32,
    /// Beginnings of keys that are watched. 16. Beyond, one more is refused.
    pub watches: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            members: 1_024,
            profile_bytes: 256,
            text_bytes: 64,
            suspects: 256,
            probes: 16,
            relays: 64,
            outbox: 256,
            events: 1_024,
            seeds: 16,
            book: 64,
            origins: ORIGINS,
            rumor_window: 4_096,
            rumors: 4_096,
            rumor_bytes: 1 << 20,
            rumor_payload: 1_024,
            topics: 64,
            state_owners: 1_280,
            state_keys: 4_096,
            state_bytes: 512 << 10,
            state_value: 1_024,
            averages: 8,
            watches: 16,
        }
    }
}

impl Limits {
    /// The defaults with room for this many members.
    #[must_use]
    pub fn for_members(members: u32) -> Self {
        let suspects = (members / 32).clamp(256, SUSPECTS_MAX);
        Self {
            members,
            suspects,
            origins: members.min(ORIGINS),
            state_owners: members + members / 4,
            ..Self::default()
        }
    }

    /// Whether every capacity is one that the node can be built with.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let bounds = [
            ("limits.members", self.members, 2, 1 << 20),
            ("limits.profile_bytes", self.profile_bytes, 64, 1_000),
            ("limits.text_bytes", self.text_bytes, 8, 1_000),
            ("limits.suspects", self.suspects, 1, u64::from(SUSPECTS_MAX)),
            ("limits.probes", self.probes, 2, 64),
            ("limits.relays", self.relays, 1, 4_096),
            ("limits.outbox", self.outbox, 64, 1 << 16),
            ("limits.events", self.events, 16, 1 << 20),
            ("limits.seeds", self.seeds, 1, 64),
            ("limits.book", self.book, 1, 1 << 16),
            ("limits.origins", self.origins, 1, u64::from(ORIGINS_MAX)),
            ("limits.rumor_window", self.rumor_window, 64, 1 << 16),
            ("limits.rumors", self.rumors, 64, 1 << 20),
            ("limits.rumor_payload", self.rumor_payload, 0, MAX_MAX_DATAGRAM as u64),
            ("limits.rumor_bytes", self.rumor_bytes, 2 * MIN_MAX_DATAGRAM as u64, 1 << 30),
            ("limits.topics", self.topics, 1, 1 << 16),
            ("limits.state_owners", self.state_owners, 2, 1 << 21),
            ("limits.state_keys", self.state_keys, 16, 1 << 22),
            ("limits.state_bytes", self.state_bytes, 2 * MIN_MAX_DATAGRAM as u64, 1 << 30),
            ("limits.state_value", self.state_value, 8, MAX_MAX_DATAGRAM as u64),
            ("limits.averages", self.averages, 1, 16),
            ("limits.watches", self.watches, 1, 1 << 10),
        ];
        for (field, got, min, max) in bounds {
            in_range(field, u64::from(got), min, max)?;
        }
        if self.rumor_window % 64 != 0 {
            return Err(ConfigError::NotAMultiple {
                field: "limits.rumor_window",
                got: u64::from(self.rumor_window),
                of: 64,
            });
        }
        Ok(())
    }
}
