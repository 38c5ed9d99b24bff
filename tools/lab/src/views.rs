//! Who sees whom how? A table of all pairs, kept up to date by what each member reports, and what was wrong in it.

use std::time::Instant;

use bruit::wire::State;
use serde_json::{Value, json};

/// Something that a member reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// When the report arrived here.
    pub at: Instant,
    /// Who reported.
    pub by: usize,
    /// What.
    pub what: What,
}

/// What a member can report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Somebody is held to be so from now on; `None`: no longer in the table.
    Is(usize, Option<State>),
    /// Some reports were lost: it has to be asked.
    Lost,
}

/// How many false deaths are remembered one by one.
const REMEMBERED: usize = 20;

/// What nobody should have seen.
#[derive(Clone, Debug, Default)]
pub struct Wrong {
    /// Times that somebody held a member dead that lived and was reachable.
    pub deaths: u64,
    /// The first of them, one sentence each.
    pub deaths_first: Vec<String>,
    /// Times that somebody suspected such a member.
    pub suspicions: u64,
    /// Pairs whose view is not what events have told.
    pub disagreements: usize,
}

impl Wrong {
    /// This and what was wrong in another run.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.deaths += other.deaths;
        self.deaths_first.extend_from_slice(&other.deaths_first);
        self.suspicions += other.suspicions;
        self.disagreements += other.disagreements;
        self
    }

    /// What of this came after an earlier look at the same cluster.
    #[must_use]
    pub fn beyond(&self, earlier: &Self) -> Self {
        Self {
            deaths: self.deaths - earlier.deaths,
            deaths_first: self.deaths_first.iter().skip(earlier.deaths_first.len()).cloned().collect(),
            suspicions: self.suspicions - earlier.suspicions,
            disagreements: self.disagreements,
        }
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let Self { deaths, deaths_first, suspicions, disagreements } = self;
        json!({
            "deaths": deaths, "deaths_first": deaths_first, "suspicions": suspicions, "disagreements": disagreements
        })
    }
}

/// The state of each in the eyes of each, and counts of what nobody should have seen.
#[derive(Clone, Debug)]
pub struct Views {
    states: Vec<Vec<Option<State>>>,
    /// Pairs of those present that see the other alive, themselves included: counted along, because a storm asks often.
    alive: usize,
    /// Takes part: sees, and is to be seen alive.
    present: Vec<bool>,
    /// Is really down, or paused, or cut off: its death is no false one.
    down: Vec<bool>,
    /// Is cut off: what it thinks of others does not count.
    apart: Vec<bool>,
    /// Times that a member that lived was declared or heard dead by somebody.
    false_deaths: u64,
    /// Times that a member that lived was suspected in somebody's eyes.
    false_suspicions: u64,
    began: Instant,
    remembered: Vec<Seen>,
}

impl Views {
    /// Nobody has seen anybody; all are to.
    #[must_use]
    pub fn new(members: usize) -> Self {
        let mut views = Self {
            states: vec![vec![None; members]; members],
            alive: 0,
            present: vec![true; members],
            down: vec![false; members],
            apart: vec![false; members],
            false_deaths: 0,
            false_suspicions: 0,
            began: Instant::now(),
            remembered: Vec::new(),
        };
        (0..members).for_each(|member| views.comes(member));
        views
    }

    /// How many members there are.
    #[must_use]
    pub fn members(&self) -> usize {
        self.states.len()
    }

    /// How `by` sees `of`.
    #[must_use]
    pub fn of(&self, by: usize, of: usize) -> Option<State> {
        self.states[by][of]
    }

    /// Takes in a report; `false` where nothing can be learned from it but that something was lost.
    pub fn take(&mut self, seen: Seen) -> bool {
        let What::Is(of, state) = seen.what else { return false };
        let old = self.states[seen.by][of];
        if seen.by != of && old != state {
            if self.present[seen.by] && self.present[of] {
                self.alive += usize::from(state == Some(State::Alive));
                self.alive -= usize::from(old == Some(State::Alive));
            }
            let false_one = !self.down[of] && !self.apart[seen.by] && self.present[seen.by];
            self.false_deaths += u64::from(false_one && state == Some(State::Dead));
            self.false_suspicions += u64::from(false_one && state == Some(State::Suspect));
            if false_one && state == Some(State::Dead) && self.remembered.len() < REMEMBERED {
                self.remembered.push(seen);
            }
            self.states[seen.by][of] = state;
        }
        true
    }

    /// All that was wrong so far, with as many pairs that are not as events told.
    #[must_use]
    pub fn wrong(&self, disagreements: usize) -> Wrong {
        let sentence = |seen: &Seen| match seen.what {
            What::Is(of, _) => {
                let after = (seen.at - self.began).as_secs_f64();
                Some(format!("{after:.3} s after the start {} held {of} dead", seen.by))
            }
            What::Lost => None,
        };
        let deaths_first = self.remembered.iter().filter_map(sentence).collect();
        let (deaths, suspicions) = (self.false_deaths, self.false_suspicions);
        Wrong { deaths, deaths_first, suspicions, disagreements }
    }

    /// Replaces what `by` sees by what it has answered.
    pub fn replace(&mut self, by: usize, answer: &[(usize, State)]) {
        let at = Instant::now();
        for of in 0..self.members() {
            let state = answer.iter().find(|(member, _)| *member == of).map(|(_, state)| *state);
            self.take(Seen { at, by, what: What::Is(of, state) });
        }
    }

    /// It is gone: sees nobody, and its death is due.
    pub fn goes(&mut self, member: usize) {
        self.present[member] = false;
        self.down[member] = true;
        self.count();
    }

    /// It is new, or back, and sees nobody yet.
    pub fn comes(&mut self, member: usize) {
        self.present[member] = true;
        self.down[member] = false;
        self.states[member].fill(None);
        self.states[member][member] = Some(State::Alive);
        self.count();
    }

    /// From now on it does not answer, though it is there: its death would be no false one.
    pub fn pauses(&mut self, member: usize) {
        self.down[member] = true;
    }

    /// It answers again.
    pub fn resumes(&mut self, member: usize) {
        self.down[member] = false;
    }

    /// Whether what it thinks of others counts; not while it is cut off.
    pub fn set_apart(&mut self, member: usize, apart: bool) {
        self.apart[member] = apart;
    }

    /// Whether everybody present sees everybody present alive.
    #[must_use]
    pub fn all_alive(&self) -> bool {
        let (alive, all) = self.pairs_alive();
        alive == all
    }

    /// Of all pairs of those present, how many see the other alive, and how many there are; each sees itself.
    #[must_use]
    pub fn pairs_alive(&self) -> (usize, usize) {
        let present = self.present().count();
        (self.alive, present * present)
    }

    fn count(&mut self) {
        let alive = |by: usize| self.present().filter(|&of| self.states[by][of] == Some(State::Alive)).count();
        self.alive = self.present().map(alive).sum();
    }

    /// How many of the others present hold this one to be down.
    #[must_use]
    pub fn hold_down(&self, of: usize) -> usize {
        let down = |by: &usize| *by != of && self.states[*by][of].is_none_or(|state| !state.is_up());
        self.present().filter(down).count()
    }

    /// Whether all others present hold this one to be down.
    #[must_use]
    pub fn all_hold_down(&self, of: usize) -> bool {
        self.hold_down(of) == self.present().filter(|&by| by != of).count()
    }

    /// Those who take part.
    pub fn present(&self) -> impl Iterator<Item = usize> {
        (0..self.members()).filter(|&member| self.present[member])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(by: usize, of: usize, state: State) -> Seen {
        Seen { at: Instant::now(), by, what: What::Is(of, Some(state)) }
    }

    fn all_alive(n: usize) -> Views {
        let mut views = Views::new(n);
        for by in 0..n {
            for of in 0..n {
                views.take(is(by, of, State::Alive));
            }
        }
        views
    }

    #[test]
    fn all_see_all_only_when_every_pair_does() {
        let mut views = Views::new(2);
        assert!(!views.all_alive());
        views.take(is(0, 1, State::Alive));
        assert_eq!((views.all_alive(), views.pairs_alive()), (false, (3, 4)));
        views.take(is(1, 0, State::Alive));
        assert!(views.all_alive());
        views.take(is(1, 0, State::Suspect));
        assert!(!views.all_alive());
    }

    #[test]
    fn a_death_is_false_unless_the_subject_is_down_or_the_observer_cut_off() {
        let mut views = all_alive(3);
        views.take(is(0, 1, State::Dead));
        assert_eq!(views.false_deaths, 1);
        views.take(is(0, 1, State::Dead));
        assert_eq!(views.false_deaths, 1, "seen already");

        let mut views = all_alive(3);
        views.goes(2);
        views.take(is(0, 2, State::Suspect));
        views.take(is(0, 2, State::Dead));
        assert!(!views.all_hold_down(2));
        views.take(is(1, 2, State::Dead));
        assert!(views.all_hold_down(2));
        assert_eq!((views.false_deaths, views.false_suspicions), (0, 0));

        let mut views = all_alive(3);
        views.set_apart(2, true);
        views.take(is(2, 0, State::Dead));
        assert_eq!(views.false_deaths, 0);
    }

    #[test]
    fn who_comes_back_has_to_be_seen_and_to_see_anew() {
        let mut views = all_alive(2);
        views.goes(1);
        assert!(views.all_alive(), "the one who is left sees itself");
        views.take(is(0, 1, State::Dead));
        views.comes(1);
        assert!(!views.all_alive());
        views.take(is(0, 1, State::Alive));
        views.replace(1, &[(0, State::Alive)]);
        assert!(views.all_alive());
    }
}
