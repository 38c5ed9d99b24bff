//! How often? Counters as plain fields of a node: one for every reason to drop, every kind of section, every event worth a
//! look.

use core::ops::AddAssign;

use crate::error::DropReason;
use crate::wire::Kind;

const KINDS: usize = Kind::ALL.len();

const fn place(kind: Kind) -> usize {
    KINDS - 1 - kind as usize
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Everything a node counts since its start.
        ///
        /// What a probe and its answer count lies side by side: the first kinds at the end of theirs, the first counters behind them.
        #[derive(Clone, Debug)]
        #[repr(C)]
        pub struct Counters {
            dropped: [u64; DropReason::ALL.len()],
            /// Of each kind, the last one first, how many were received and how many sent.
            kinds: [[u64; 2]; KINDS],
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Default for Counters {
            fn default() -> Self {
                Self {
                    $($name: 0,)*
                    dropped: [0; DropReason::ALL.len()],
                    kinds: [[0; 2]; KINDS],
                }
            }
        }

        impl Counters {
            /// The plain counters with their names, in a fixed order.
            pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
                [$((stringify!($name), self.$name),)*].into_iter()
            }

            fn add_named(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

counters! {
    /// Datagrams received, whatever became of them.
    datagrams_received,
    /// Bytes of UDP payload received.
    bytes_received,
    /// Datagrams sent.
    datagrams_sent,
    /// Bytes of UDP payload sent.
    bytes_sent,
    /// Sections of a kind that this build does not know, skipped.
    unknown_sections,
    /// Probes begun.
    probes,
    /// Times that a second direct ping and helpers were needed.
    second_pings,
    /// Ping-requests sent to helpers.
    ping_requests,
    /// Probes that ended with an answer from the target, directly or through a helper.
    probes_answered,
    /// Probes that ended because some other authentic datagram of the target arrived.
    probes_proved,
    /// Probes that ended without any answer.
    probes_failed,
    /// Of those, last questions that counted for nothing, because not one of the helpers was heard either.
    probes_unheard,
    /// Probes that asked other helpers once more, because some had said nothing.
    probes_repeated,
    /// Probes that could not begin because as many as permitted were in flight.
    probes_skipped,
    /// Pings relayed for others.
    relays,
    /// Relays refused because as many as permitted were waiting.
    relays_refused,
    /// The kernel's "nobody listens there", as evidence against a member.
    kernel_evidence,
    /// Suspicions that began, whoever the accuser.
    suspicions,
    /// Suspicions whose time did not begin at once because as many as permitted were running.
    suspicions_waiting,
    /// Suspicions of this node's own making.
    accusations,
    /// Independent confirmations of a suspicion.
    confirmations,
    /// Verdicts put off because the subject was heard of after the evidence.
    verdicts_put_off_by_life,
    /// Verdicts put off because there was only one accuser.
    verdicts_put_off_by_doubt,
    /// Verdicts put off for a last question of this node's own.
    last_questions,
    /// Times that this node's own lag pushed its verdicts back.
    lag_extensions,
    /// Deaths declared by this node's own timer.
    deaths_declared,
    /// Deaths taken over from others.
    deaths_heard,
    /// Refutations of claims about this node.
    refutations,
    /// Claims that were news.
    claims_news,
    /// Claims that were known already.
    claims_known,
    /// Claims about members that are not in the table.
    claims_unknown_subject,
    /// Claims of a life whose profile is missing.
    claims_need_profile,
    /// Profiles asked for because a claim spoke of a life that this node does not hold.
    profiles_wanted,
    /// Claims of a life more than 2^20 ahead.
    claims_implausible,
    /// Claims at or below what is remembered of a forgotten member (R14).
    claims_below_floor,
    /// Members refused because every place, or every byte for texts, was taken.
    members_refused,
    /// Profiles refused because they were longer than a place.
    profiles_too_long,
    /// Dead members that made room for living ones.
    down_evicted,
    /// Pieces of news passed on at once.
    eager_sends,
    /// Pieces of news that waited for a round because the budget for passing on was spent.
    eager_held,
    /// Gossip rounds.
    rounds,
    /// Datagrams put off because a budget was spent.
    budget_held,
    /// Hellos answered.
    hellos_answered,
    /// Pages sent.
    pages_sent,
    /// Pages received in a walk of this node's.
    pages_received,
    /// Answers that came late, to a question of another phase (R5).
    late_answers,
    /// Times that bucket sums were sent because fingerprints differed.
    repairs_begun,
    /// Listings received.
    listings_received,
    /// Members learned or corrected by repair.
    repaired,
    /// Attempts at the dead, the forgotten and the seeds.
    revivals_tried,
    /// Events lost because nobody read them.
    events_lost,
    /// Intentions to send that found no room.
    outbox_full,
    /// Rumors that this node has published.
    rumors_published,
    /// Rumors of others that were new.
    rumors_new,
    /// Rumors that had come before, or were given up.
    rumors_known,
    /// Rumors handed to the embedder.
    rumors_delivered,
    /// Rumors that will never come, reported as lost.
    rumors_lost,
    /// Rumors passed on at once, each peer counted.
    rumors_pushed,
    /// Rumors told in rounds, each peer counted.
    rumors_told,
    /// Times that what is to be passed on at once began to wait because a budget was spent.
    rumors_held_back,
    /// Rumors given to those who asked.
    rumors_supplied,
    /// Requests for rumors that were missing.
    rumors_asked,
    /// Rumors that made room before they were told as often as they should have been.
    rumors_evicted_early,
    /// Rumors dropped because they were older than the retention.
    rumors_too_old,
    /// Rumors dropped because their payload was longer than this node retains.
    rumors_too_long,
    /// Rumors and digests dropped because their numbers were implausibly far ahead.
    rumors_implausible,
    /// Rumors dropped because there is no place for their origin.
    origins_refused,
    /// Origins forgotten, because they are no members any more and none of their rumors can be had.
    origins_forgotten,
    /// Walks through all origins begun with a peer that differed.
    rumor_walks,
    /// Keys that this node has written or removed.
    state_written,
    /// Entries of others that were new.
    state_new,
    /// Pages of which everything was known.
    state_known,
    /// Pages that began beyond what is held, and were asked for from there.
    state_gaps,
    /// Entries told in rounds and at once, each peer counted.
    state_told,
    /// Datagrams of urgent changes passed on at once.
    state_pushed,
    /// Times that sums were sent because fingerprints of state differed.
    state_repairs,
    /// Members asked in rounds for what is new.
    state_asks,
    /// Owners of whom two nodes held the same versions and not the same entries.
    state_diverged,
    /// Contributions that came upon another which had not seen them, and were a conflict.
    state_conflicts,
    /// Entries for which there was no room.
    state_refused,
    /// Entries that were not what their origin wrote: on a page, which was dropped, or held, and dropped.
    state_corrupt,
    /// Times that a sum over entries was not what they add up to, and was made anew: memory has failed.
    state_sums_mended,
    /// Times that all state of others was forgotten, to be told anew by its owners.
    state_resets,
    /// Walks through everything, begun before this node was a member.
    state_walks,
    /// Numbers that others average, and neighbours to average with, for which there was no room.
    averages_refused,
}

impl AddAssign<&Self> for Counters {
    /// What two nodes, or two lives of one, have counted together.
    fn add_assign(&mut self, other: &Self) {
        self.add_named(other);
        let add = |to: &mut [u64], from: &[u64]| to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        add(&mut self.dropped, &other.dropped);
        add(self.kinds.as_flattened_mut(), other.kinds.as_flattened());
    }
}

impl Counters {
    pub(crate) fn drop_one(&mut self, reason: DropReason) {
        self.dropped[reason as usize] += 1;
    }

    pub(crate) fn received_one(&mut self, kind: Kind) {
        self.kinds[place(kind)][0] += 1;
    }

    pub(crate) fn sent_one(&mut self, kind: Kind) {
        self.kinds[place(kind)][1] += 1;
    }

    /// Datagrams dropped for a reason.
    #[must_use]
    pub const fn dropped(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize]
    }

    /// Sections of a kind received.
    #[must_use]
    pub const fn received(&self, kind: Kind) -> u64 {
        self.kinds[place(kind)][0]
    }

    /// Sections of a kind sent.
    #[must_use]
    pub const fn sent(&self, kind: Kind) -> u64 {
        self.kinds[place(kind)][1]
    }
}
