//! What do the others hold? They are asked, one question at a time: a node has one survey.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::{Duration, Instant};

use bruit::NodeId;
use bruit::net::{Handle, Surveyed};
use bruit::wire::Progress;
use bruit_terminal::failure::{Code, Failure};

use super::super::asker::Asker;
use super::super::{Shared, answers};
use super::reading::{missing, owner};
use super::who::Who;
use crate::state::asked;
use crate::state::documents::{Fingerprints, Held, HeldInZone, Holder, Reset, Trace, Traced, View, Views};
use crate::state::spelling;

/// For how long answers are waited for where nothing else is said.
const WAIT: Duration = Duration::from_secs(2);
/// For how long all are waited for to be in step again.
const RESET_WAIT: Duration = Duration::from_secs(30);
/// The pause between two looks at what has come.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Whose turn it is to ask.
#[derive(Debug, Default)]
pub struct Surveys(Mutex<()>);

impl Surveys {
    /// Waits for its turn; the next one's begins when this is dropped.
    fn turn<'a>(&'a self, handle: &'a Handle, asker: Asker<'a>, end: Instant) -> Result<Turn<'a>, Failure> {
        loop {
            let guard = match self.0.try_lock() {
                Ok(guard) => Some(guard),
                // Nothing is kept in there that could be broken.
                Err(TryLockError::Poisoned(guard)) => Some(guard.into_inner()),
                Err(TryLockError::WouldBlock) => None,
            };
            if let Some(guard) = guard {
                return Ok(Turn { handle, asker, end, _guard: guard });
            }
            if Instant::now() >= end {
                return Err(Failure::new(Code::NotMet, "another question to all members has not ended yet")
                    .advise("a `set --wait`, `trace`, `views` or `reset-state` of this agent is running; try again"));
            }
            wait(asker)?;
        }
    }

    /// Waits until a share of all members holds this node's last write.
    pub fn wait_held(&self, handle: &Handle, asker: Asker<'_>, share: f64, timeout: Duration) -> Result<Held, Failure> {
        let began = Instant::now();
        let turn = self.turn(handle, asker, began + timeout)?;
        let surveyed = turn.wait_held(share)?;
        Ok(held(&Who::now(handle), &surveyed, share, began.elapsed()))
    }
}

/// Until the next look, if anybody still waits for what is seen then.
fn wait(asker: Asker<'_>) -> Result<(), Failure> {
    if asker.has_gone() {
        return Err(Failure::new(Code::Failed, "whoever has asked has gone"));
    }
    std::thread::sleep(LOOK_EVERY);
    Ok(())
}

/// The right to ask all members, for somebody and until a time. Nobody is asked any more when it is dropped.
struct Turn<'a> {
    handle: &'a Handle,
    asker: Asker<'a>,
    end: Instant,
    _guard: MutexGuard<'a, ()>,
}

impl Turn<'_> {
    /// Asks all members about an owner's writes, of this node's last one where none is named, and waits until `enough` is true of what
    /// has come, or until the end.
    fn survey(&self, of: Option<(NodeId, u32, u64)>, enough: impl Fn(&Surveyed) -> bool) -> Result<Surveyed, Failure> {
        self.handle.survey(of).map_err(answers::refused)?;
        loop {
            let surveyed = self.handle.surveyed().map_err(answers::refused)?;
            let surveyed = surveyed.ok_or_else(|| Failure::new(Code::Failed, "the node has forgotten its question"))?;
            if enough(&surveyed) || Instant::now() >= self.end {
                return Ok(surveyed);
            }
            wait(self.asker)?;
        }
    }

    /// What each member holds: nobody has to hold anything for it, and answers once.
    fn survey_views(&self, enough: impl Fn(&Surveyed) -> bool) -> Result<Surveyed, Failure> {
        self.survey(Some((self.handle.id(), 0, 0)), enough)
    }

    fn wait_held(&self, share: f64) -> Result<Surveyed, Failure> {
        let enough = |surveyed: &Surveyed| is_met(surveyed, share);
        self.survey(None, enough)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // A loop that has stopped asks nobody.
        let _ = self.handle.end_survey();
    }
}

fn is_met(surveyed: &Surveyed, share: f64) -> bool {
    let coverage = &surveyed.coverage;
    f64::from(coverage.held) >= (share * f64::from(coverage.of)).ceil()
}

fn all_answered(surveyed: &Surveyed) -> bool {
    surveyed.members.iter().all(|(_, progress)| progress.is_some())
}

fn held(who: &Who, surveyed: &Surveyed, share: f64, took: Duration) -> Held {
    let coverage = &surveyed.coverage;
    let holds = |progress: &Option<Progress>| progress.is_some_and(|p| p.complete >= coverage.version);
    let mut zones: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    for (id, progress) in &surveyed.members {
        let (held, of) = zones.entry(who.zone(*id)).or_default();
        *held += u32::from(holds(progress));
        *of += 1;
    }
    let missing = surveyed.members.iter().filter(|(_, progress)| !holds(progress));
    Held {
        met: is_met(surveyed, share),
        held: coverage.held,
        of: coverage.of,
        by_zone: zones.into_iter().map(|(zone, (held, of))| HeldInZone { zone, held, of }).collect(),
        missing: missing.map(|(id, _)| who.name(*id)).collect(),
        took_ms: took.as_secs_f64() * 1e3,
        datagrams: coverage.asked,
    }
}

/// Who holds the writes of a key that stand.
pub fn trace(shared: &Shared, asker: Asker<'_>, asked: &asked::Named) -> Result<Trace, Failure> {
    let (who, handle, key) = (Who::now(&shared.handle), &shared.handle, asked.key()?);
    let owner = owner(shared, &who, asked)?;
    let stamps: Vec<(NodeId, u32, u64)> = match owner {
        Some(owner) => {
            let value = handle.value(owner, &key).map_err(answers::refused)?.filter(|value| !value.shared);
            value.into_iter().map(|value| (value.owner, value.life, value.version)).collect()
        }
        None => {
            let found = handle.shared(&key).map_err(answers::refused)?;
            let standing = found.iter().flat_map(|found| &found.contributions).filter(|held| !held.dominated);
            standing.map(|held| (held.stamp.owner, held.stamp.life, held.stamp.version)).collect()
        }
    };
    if stamps.is_empty() {
        return Err(missing(&who, asked, &key));
    }
    let end = Instant::now() + asked.timeout_ms.map_or(WAIT, Duration::from_millis);
    let turn = shared.surveys.turn(handle, asker, end)?;
    let writes: Result<Vec<Traced>, Failure> = stamps
        .into_iter()
        .map(|stamp| turn.survey(Some(stamp), all_answered).map(|surveyed| traced(&who, &surveyed)))
        .collect();
    let (key, key_hex) = spelling::said(&key);
    Ok(Trace { schema: 1, key, key_hex, shared: owner.is_none(), writes: writes? })
}

fn traced(who: &Who, surveyed: &Surveyed) -> Traced {
    let coverage = &surveyed.coverage;
    let mut members = surveyed.members.clone();
    who.sort(&mut members);
    let holder = |(id, progress): &(NodeId, Option<Progress>)| Holder {
        name: who.name(*id),
        id: id.to_string(),
        zone: who.zone(*id),
        holds: progress.map(|progress| progress.complete >= coverage.version),
        complete: progress.map(|progress| progress.complete),
    };
    Traced {
        owner: who.name(coverage.owner),
        owner_id: coverage.owner.to_string(),
        life: coverage.life,
        version: coverage.version,
        held: coverage.held,
        of: coverage.of,
        datagrams: coverage.asked,
        members: members.iter().map(holder).collect(),
    }
}

/// What each member holds, by fingerprints.
pub fn views(shared: &Shared, asker: Asker<'_>, asked: &asked::Views) -> Result<Views, Failure> {
    let end = Instant::now() + asked.timeout_ms.map_or(WAIT, Duration::from_millis);
    let turn = shared.surveys.turn(&shared.handle, asker, end)?;
    // This node is among those that answer.
    let wanted = asked.peers.map_or(usize::MAX, |peers| peers.saturating_add(1));
    let enough = |surveyed: &Surveyed| answered(surveyed) >= wanted || all_answered(surveyed);
    let mut surveyed = turn.survey_views(enough)?;
    let who = Who::now(&shared.handle);
    who.sort(&mut surveyed.members);
    let of_all: Vec<Progress> = surveyed.members.iter().filter_map(|(_, progress)| *progress).collect();
    let most = |of: fn(&Progress) -> u64| majority(&of_all, of);
    let majority = Progress {
        complete: 0,
        membership: most(|p| p.membership),
        rumors: most(|p| p.rumors),
        state: most(|p| p.state),
    };
    let members = surveyed.members.iter().map(|(id, progress)| View {
        name: who.name(*id),
        id: id.to_string(),
        zone: who.zone(*id),
        fingerprints: progress.as_ref().map(fingerprints),
        differs: progress.as_ref().map_or_else(Vec::new, |progress| differs(progress, &majority)),
    });
    Ok(Views {
        schema: 1,
        own: shared.handle.name().to_string(),
        of: surveyed.coverage.of,
        answered: of_all.len() as u32,
        datagrams: surveyed.coverage.asked,
        majority: fingerprints(&majority),
        members: members.collect(),
    })
}

fn answered(surveyed: &Surveyed) -> usize {
    surveyed.members.iter().filter(|(_, progress)| progress.is_some()).count()
}

/// What most hold; where no more hold one than another, what the first does.
fn majority(all: &[Progress], of: fn(&Progress) -> u64) -> u64 {
    let count = |value: u64| all.iter().filter(|progress| of(progress) == value).count();
    all.iter().map(of).rev().max_by_key(|value| count(*value)).unwrap_or_default()
}

fn differs(one: &Progress, other: &Progress) -> Vec<String> {
    let parts = [
        ("membership", one.membership == other.membership),
        ("rumors", one.rumors == other.rumors),
        ("state", one.state == other.state),
    ];
    parts.into_iter().filter(|(_, same)| !same).map(|(name, _)| name.to_owned()).collect()
}

fn fingerprints(progress: &Progress) -> Fingerprints {
    let hex = |n: u64| format!("{n:016x}");
    Fingerprints { membership: hex(progress.membership), rumors: hex(progress.rumors), state: hex(progress.state) }
}

/// Has everybody begin anew, and waits until all hold the same again.
pub fn reset(shared: &Shared, asker: Asker<'_>, asked: &asked::Reset) -> Result<Reset, Failure> {
    let handle = &shared.handle;
    let began = Instant::now();
    let end = began + asked.timeout_ms.map_or(RESET_WAIT, Duration::from_millis);
    let turn = shared.surveys.turn(handle, asker, end)?;
    let before = bytes(handle);
    handle.reset_state().map_err(answers::refused)?;
    // The word to begin anew is this node's last write: who holds it has begun.
    let told = turn.wait_held(1.0)?;
    // Fingerprints are equal at once where they have nothing yet of what was written last.
    let settled = began + Duration::from(told.coverage.settle);
    std::thread::sleep(settled.min(end).saturating_duration_since(Instant::now()));
    let (mut datagrams, mut in_step) = (told.coverage.asked, false);
    let all_told = told.coverage.held == told.coverage.of;
    while all_told && !in_step && Instant::now() < end {
        let surveyed = turn.survey_views(all_answered)?;
        datagrams += surveyed.coverage.asked;
        let mut states = surveyed.members.iter().map(|(_, progress)| progress.map(|progress| progress.state));
        let first = states.next().flatten();
        in_step = first.is_some() && states.all(|state| state == first);
        if !in_step {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    let after = bytes(handle);
    Ok(Reset {
        schema: 1,
        in_step,
        held: told.coverage.held,
        of: told.coverage.of,
        took_ms: began.elapsed().as_secs_f64() * 1e3,
        bytes_sent: after.0 - before.0,
        bytes_received: after.1 - before.1,
        datagrams,
    })
}

/// What the loop has sent and received.
fn bytes(handle: &Handle) -> (u64, u64) {
    let counters = handle.stats().counters;
    let counted = |name| counters.iter().find(|(known, _)| *known == name).map_or(0, |(_, n)| *n);
    (counted("bytes_sent"), counted("bytes_received"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_majority_is_what_most_hold_and_the_first_where_there_is_no_most() {
        let views = |states: &[u64]| -> Vec<Progress> {
            states.iter().map(|state| Progress { state: *state, ..Progress::default() }).collect()
        };
        for (states, most) in [(&[1, 2, 2][..], 2), (&[1, 2], 1), (&[2, 1, 1, 2], 2), (&[7], 7), (&[], 0)] {
            assert_eq!(majority(&views(states), |p| p.state), most, "{states:?}");
        }
        let [one, other] = [1, 2].map(|state| Progress { state, rumors: 5, ..Progress::default() });
        assert_eq!((differs(&one, &other), differs(&one, &one)), (vec!["state".to_owned()], vec![]));
    }
}
