//! Who holds it by now? Every member that is up is asked, until all have answered that they do.

use super::super::outbox::{Outgoing, What};
use super::super::receive::Sender;
use super::super::tick::Timer;
use super::super::{Node, Phase};
use crate::error::Refusal;
use crate::id::NodeId;
use crate::membership::ME;
use crate::state::Stage;
use crate::time::{Instant, Span};
use crate::wire::{Kind, Progress, RawSurvey, RawSurveyed, StateWant, Writer};

/// Members asked in one gossip interval: all of a thousand within half a second under `lan`, at 70 bytes each and as many back.
const ASKED_PER_INTERVAL: usize = 256;
/// For how many intervals those are asked who do not answer, or not what is waited for.
const INTERVALS_MAX: u32 = 600;

/// What is asked, and who has answered.
#[derive(Debug)]
pub(super) struct Survey {
    question: Option<Question>,
    /// One for each place in the table, as far as there are as many as places for owners: its member's id, and how far it is. Takes
    /// no memory of the machine before the first survey.
    answers: Vec<(NodeId, Progress)>,
}

#[derive(Clone, Copy, Debug)]
struct Question {
    nonce: u32,
    owner: NodeId,
    life: u32,
    version: u64,
    /// The place of whoever is asked next.
    next: u32,
    intervals: u32,
    asked: u64,
}

/// How far a survey has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Whose writes are asked about.
    pub owner: NodeId,
    /// Of which life.
    pub life: u32,
    /// Up to which version.
    pub version: u64,
    /// Members that are up and hold everything up to there, this node among them where it does.
    pub held: u32,
    /// Members that are up.
    pub of: u32,
    /// Datagrams that asking has cost so far; each is answered by one.
    pub asked: u64,
    /// Whether those who are missing are still asked.
    pub running: bool,
    /// How old a write is before fingerprints have it: two that are equal say nothing of what is younger.
    pub settle: Span,
}

impl Survey {
    pub(super) fn new(members: usize) -> Self {
        Self { question: None, answers: Vec::with_capacity(members) }
    }

    pub(super) const fn memory_bytes(members: usize) -> usize {
        members * size_of::<(NodeId, Progress)>()
    }
}

impl Node {
    /// Asks all members how much they hold of an owner's life, in place of what was asked before.
    pub(in super::super) fn on_survey(
        &mut self,
        now: Instant,
        owner: NodeId,
        life: u32,
        version: u64,
    ) -> Result<(), Refusal> {
        match self.phase {
            Phase::Joined => {}
            Phase::Idle | Phase::Joining => return Err(Refusal::NotJoined),
            Phase::Leaving | Phase::Left => return Err(Refusal::NotRunning),
        }
        let nonce = self.rng.next_u32();
        let survey = &mut self.states.survey;
        survey.answers.clear();
        // Never more than were bought.
        let places = (self.table.end() as usize).min(self.params.limits.state_owners as usize);
        survey.answers.resize(places, (self.me.id, Progress::default()));
        survey.question = Some(Question { nonce, owner, life, version, next: 0, intervals: 0, asked: 0 });
        self.on_survey_timer(now);
        Ok(())
    }

    /// Asks no more. What has been answered can still be read.
    pub(in super::super) fn on_end_survey(&mut self) {
        if let Some(question) = &mut self.states.survey.question {
            question.intervals = INTERVALS_MAX;
        }
        self.disarm(Timer::Survey);
    }

    pub(in super::super) fn on_survey_timer(&mut self, now: Instant) {
        let Some(mut question) = self.states.survey.question.filter(|_| self.is_in()) else { return };
        question.intervals += 1;
        let end = self.states.survey.answers.len() as u32;
        let mut asked = 0;
        for _ in 0..end {
            if asked == ASKED_PER_INTERVAL {
                break;
            }
            let slot = question.next % end.max(1);
            question.next = slot + 1;
            let up = slot != ME && self.table.at(slot).is_some() && self.roster.is_up(slot);
            if up && !self.has_reached(slot, question.version) {
                self.push_to(slot, What::Survey { nonce: question.nonce });
                asked += 1;
            }
        }
        question.asked += asked as u64;
        self.states.survey.question = Some(question);
        if asked > 0 && question.intervals < INTERVALS_MAX {
            let next = now + self.params.gossip_interval;
            self.arm(Timer::Survey, next);
        } else {
            self.disarm(Timer::Survey);
        }
    }

    fn has_reached(&self, slot: u32, version: u64) -> bool {
        self.answer_of(slot).is_some_and(|progress| progress.complete >= version)
    }

    /// What the member at a place has answered.
    fn answer_of(&self, slot: u32) -> Option<&Progress> {
        let (id, progress) = self.states.survey.answers.get(slot as usize)?;
        (*id == self.table.get(slot).id && *id != self.me.id).then_some(progress)
    }

    pub(in super::super) fn write_survey(&mut self, nonce: u32, writer: &mut Writer<'_>) {
        let Some(question) = self.states.survey.question.filter(|question| question.nonce == nonce) else { return };
        self.put(writer, Kind::Survey, &RawSurvey::new(nonce, question.owner, question.life));
    }

    pub(in super::super) fn on_survey_question(&mut self, sender: Sender, raw: &RawSurvey) {
        if sender.slot.is_none() || self.phase != Phase::Joined {
            return;
        }
        let complete = self.watermark(NodeId::from_u64(raw.owner.get()), raw.life.get());
        let what = What::Surveyed { nonce: raw.nonce.get(), complete };
        let queued = self.push_answer(Outgoing { to: sender.addr, receiver: sender.receiver(), what });
        self.counters.budget_held += u64::from(!queued);
    }

    pub(in super::super) fn write_surveyed(&mut self, nonce: u32, complete: u64, writer: &mut Writer<'_>) {
        let progress = Progress { complete, ..self.own_progress() };
        self.put(writer, Kind::Surveyed, &RawSurveyed::new(nonce, &progress));
    }

    fn own_progress(&self) -> Progress {
        let complete = self.states.survey.question.map_or(0, |question| self.watermark(question.owner, question.life));
        Progress {
            complete,
            membership: self.fingerprint.root(),
            rumors: self.rumors.root(),
            state: self.states.root(),
        }
    }

    pub(in super::super) fn on_surveyed(&mut self, sender: Sender, raw: &RawSurveyed) {
        let asked = self.states.survey.question.is_some_and(|question| question.nonce == raw.nonce());
        let place = sender.slot.filter(|_| asked);
        match place.and_then(|slot| self.states.survey.answers.get_mut(slot as usize)) {
            Some(answer) => {
                *answer = (sender.id, raw.get());
                self.give_what_is_over(sender, &raw.get());
            }
            // Of somebody who came later it is not asked.
            None => self.counters.late_answers += 1,
        }
    }

    /// Who is in step and has not come as far lacks only what was over, or a removal that was forgotten, before it had heard of that:
    /// no fingerprint shows it, and nobody tells it any more. A page says so, be it one of no entry.
    fn give_what_is_over(&mut self, sender: Sender, theirs: &Progress) {
        let Some(Question { owner, life, version, .. }) = self.states.survey.question else { return };
        if theirs.complete >= version || theirs.state != self.states.root() {
            return;
        }
        let store = &self.states.store;
        let Some(log) = store.find_log(owner, life).filter(|log| store.log(*log).complete >= version) else { return };
        // What has not settled is told still.
        let last = store.last_up_to(log, version);
        if last.is_none_or(|slot| store.get(slot).stage() == Stage::Settled) {
            self.give_state(sender, StateWant { owner, life, after: theirs.complete });
        }
    }

    /// How far the last survey has come; `None` where there was none.
    #[must_use]
    pub fn coverage(&self) -> Option<Coverage> {
        let Question { owner, life, version, asked, intervals, .. } = self.states.survey.question?;
        let held = self.surveyed().filter(|(_, progress)| progress.is_some_and(|p| p.complete >= version)).count();
        let of = self.up_count();
        let running = (held as u32) < of && intervals < INTERVALS_MAX;
        Some(Coverage { owner, life, version, held: held as u32, of, asked, running, settle: self.among.settle })
    }

    /// How far each member that is up was when it answered the last survey, this node first; `None` for those that have not
    /// answered.
    pub fn surveyed(&self) -> impl Iterator<Item = (NodeId, Option<Progress>)> + '_ {
        let others = (1..self.table.end()).filter(|slot| self.table.at(*slot).is_some() && self.roster.is_up(*slot));
        let others = others.map(|slot| (self.table.get(slot).id, self.answer_of(slot).copied()));
        core::iter::once((self.me.id, Some(self.own_progress()))).chain(others)
    }
}
