//! What if those who know grow tired? Rumor mongering in synchronous cycles, with every rule for stopping.
//!
//! Demers et al. (PODC 1987) §1.4. In each cycle every caller makes one contact, and all look at the states of the cycle's
//! start. Pushing, the infective (those who know and still spread) call; pulling, all do, and an infective one that is asked
//! answers. When to stop:
//!
//! - *coin*: with a chance of 1/k; *counter*: after k times;
//! - *feedback*: only a useless contact counts, one whose other side knew already, and a useful one sets the counter back
//!   (tables 1 and 3 of the paper); *blind*: every contact counts (table 2).
//!
//! What is asked: the residue (the share that never hears), the traffic (updates sent per site), and of those who hear the mean
//! cycle of the receipt and the last. The mean is the t_ave of the paper's table 3. In tables 1 and 2 it prints a tenth to a
//! quarter more than the mean, though the rest of each row is met: that must be something else.

use super::error::{PlanError, within};
use super::model::{NODES_MAX, chance};
use crate::rng::Rng;

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calls {
    /// The infective tell.
    Push,
    /// Everybody asks.
    Pull,
}

impl Calls {
    /// The name by which it is printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Pull => "pull",
        }
    }
}

/// Which contacts count towards stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// Those that told nothing new.
    Feedback,
    /// All.
    Blind,
}

impl Counts {
    /// The name by which it is printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Feedback => "feedback",
            Self::Blind => "blind",
        }
    }
}

/// How they count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stops {
    /// Each of them ends it with a chance of 1/k.
    Coin,
    /// The k-th ends it.
    Counter,
}

impl Stops {
    /// The name by which it is printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Coin => "coin",
            Self::Counter => "counter",
        }
    }
}

/// Rumor mongering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mongering {
    /// All sites. 2 to 1,048,576.
    pub sites: u32,
    /// Who calls.
    pub calls: Calls,
    /// Which contacts count.
    pub counts: Counts,
    /// How they count.
    pub stops: Stops,
    /// k: the longer, the smaller the residue and the larger the traffic. 1 to 1,000.
    pub k: u32,
}

/// How one rumor went.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// The share of sites that never heard it.
    pub residue: f64,
    /// Updates sent, per site.
    pub traffic: f64,
    /// The mean cycle of the receipt, of those who heard it from another, counted from 1; 0 when nobody did.
    pub average: f64,
    /// The cycle of the last receipt.
    pub last: u32,
    /// Cycles until nobody spread it any more.
    pub cycles: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Site {
    Susceptible,
    /// Spreads it, and so many contacts have counted.
    Infective(u32),
    Removed,
}

impl Site {
    const fn is_infective(self) -> bool {
        match self {
            Self::Infective(_) => true,
            Self::Susceptible | Self::Removed => false,
        }
    }
}

impl Mongering {
    /// Whether it makes sense.
    ///
    /// # Errors
    /// The first value that is out of range.
    pub fn check(&self) -> Result<(), PlanError> {
        within("sites", f64::from(self.sites), 2.0, f64::from(NODES_MAX))?;
        within("k", f64::from(self.k), 1.0, 1_000.0)?;
        Ok(())
    }

    /// Spreads one rumor from one site until nobody spreads it any more. Of a [checked](Self::check) one.
    #[must_use]
    pub fn run(&self, rng: &mut Rng) -> Outcome {
        let mut sites = vec![Site::Susceptible; self.sites as usize];
        sites[0] = Site::Infective(0);
        let (mut updates, mut heard, mut waited) = (0_u64, 0_u64, 0_u64);
        let (mut last, mut cycles) = (0, 0);
        while sites.iter().any(|site| site.is_infective()) {
            cycles += 1;
            let contacts = self.cycle(&mut sites, rng);
            updates += contacts.updates;
            heard += contacts.heard;
            waited += contacts.heard * u64::from(cycles);
            last = if contacts.heard > 0 { cycles } else { last };
        }
        let never = sites.iter().filter(|site| **site == Site::Susceptible).count();
        let n = f64::from(self.sites);
        let average = if heard > 0 { waited as f64 / heard as f64 } else { 0.0 };
        Outcome { residue: never as f64 / n, traffic: updates as f64 / n, average, last, cycles }
    }

    fn cycle(&self, sites: &mut [Site], rng: &mut Rng) -> Contacts {
        let before = sites.to_vec();
        let mut contacts =
            Contacts { updates: 0, heard: 0, useful: vec![0; sites.len()], useless: vec![0; sites.len()] };
        for caller in 0..sites.len() {
            let called = another(caller, self.sites, rng);
            let (teller, hearer) = match self.calls {
                Calls::Push => (caller, called),
                Calls::Pull => (called, caller),
            };
            if !before[teller].is_infective() {
                continue;
            }
            contacts.updates += 1;
            if before[hearer] == Site::Susceptible {
                contacts.useful[teller] += 1;
                // Two may tell it the same cycle: it hears it once.
                contacts.heard += u64::from(sites[hearer] == Site::Susceptible);
                sites[hearer] = Site::Infective(0);
            } else {
                contacts.useless[teller] += 1;
            }
        }
        for (i, site) in sites.iter_mut().enumerate() {
            if let Site::Infective(counted) = before[i] {
                *site = self.after(counted, contacts.useful[i], contacts.useless[i], rng);
            }
        }
        contacts
    }

    /// What becomes of an infective site after a cycle with so many contacts.
    ///
    /// Asked by several in one cycle (pull only), it counts the cycle once: as useful if it was so to anybody (the note
    /// under table 3).
    fn after(&self, counted: u32, useful: u32, useless: u32, rng: &mut Rng) -> Site {
        if useful + useless == 0 {
            return Site::Infective(counted);
        }
        let counts = match self.counts {
            Counts::Blind => true,
            Counts::Feedback => useful == 0,
        };
        let counted = if counts { counted + 1 } else { 0 };
        let stops = match self.stops {
            Stops::Counter => counted >= self.k,
            Stops::Coin => counts && chance(rng, 1.0 / f64::from(self.k)),
        };
        if stops { Site::Removed } else { Site::Infective(counted) }
    }
}

/// What one cycle did.
struct Contacts {
    updates: u64,
    /// Sites that heard it.
    heard: u64,
    useful: Vec<u32>,
    useless: Vec<u32>,
}

/// Another site, uniformly.
fn another(site: usize, sites: u32, rng: &mut Rng) -> usize {
    let other = rng.below(sites - 1) as usize;
    if other >= site { other + 1 } else { other }
}

#[cfg(test)]
mod tests {
    use libm::exp;

    use super::*;
    use crate::plan::model::{Mode, Model, Scenario};
    use crate::plan::rounds::Rounds;

    /// Runs at 1,000 sites against a row of the paper: residue (by a quarter, since the smallest are a handful of sites in
    /// all runs), traffic (by 3 %, as far as the paper rounds) and last cycle (by one). Returns the mean cycle of the receipt.
    fn assert_row(mongering: Mongering, runs: u32, residue: f64, traffic: f64, last: f64) -> f64 {
        mongering.check().expect("makes sense");
        let mut rng = Rng::from_seed(1987);
        let all: Vec<Outcome> = (0..runs).map(|_| mongering.run(&mut rng)).collect();
        let mean = |of: fn(&Outcome) -> f64| all.iter().map(of).sum::<f64>() / f64::from(runs);
        let got = [mean(|o| o.residue), mean(|o| o.traffic), mean(|o| f64::from(o.last))];
        let near = |got: f64, printed: f64, by: f64| (got - printed).abs() <= by;
        assert!(
            near(got[0], residue, residue * 0.25)
                && near(got[1], traffic, traffic * 0.03 + 0.05)
                && near(got[2], last, 1.0),
            "{mongering:?}: {got:?}, printed {residue} {traffic} {last}, seed 1987"
        );
        mean(|o| o.average)
    }

    #[test]
    fn table_1_push_with_feedback_and_counter() {
        let rows = [
            (1, 0.18, 1.7, 16.8),
            (2, 0.037, 3.3, 16.9),
            (3, 0.011, 4.5, 17.4),
            (4, 0.0036, 5.6, 17.5),
            (5, 0.0012, 6.7, 17.7),
        ];
        for (k, residue, traffic, last) in rows {
            let (calls, counts, stops) = (Calls::Push, Counts::Feedback, Stops::Counter);
            let average = assert_row(Mongering { sites: 1_000, calls, counts, stops, k }, 60, residue, traffic, last);
            // Printed is 11.0 to 12.8; but it is little more than what whoever never stops takes.
            let push = Scenario { nodes: 1_000, mode: Mode::Push, fanout: 1, loss: 0.0, dead: 0.0 };
            let rounds = Rounds::of(&Model::try_from(push).expect("makes sense"));
            let never_stopping: f64 = rounds.coverage.iter().map(|c| (1.0 - c.mean) * 1_000.0 / 999.0).sum();
            let by = (average / never_stopping - 1.0).abs();
            assert!(by < 0.05, "k = {k}: {average}, never stopping {never_stopping}, seed 1987");
        }
    }

    #[test]
    fn table_2_push_blind_with_coin() {
        // With k = 1 nearly all runs end at once and a few inform half: a heavy tail.
        let rows = [
            (1, 0.96, 0.04, 38.0, 800),
            (2, 0.20, 1.6, 33.0, 60),
            (3, 0.060, 2.8, 32.0, 60),
            (4, 0.021, 3.9, 32.0, 60),
            (5, 0.008, 4.9, 32.0, 60),
        ];
        for (k, residue, traffic, last, runs) in rows {
            let (calls, counts, stops) = (Calls::Push, Counts::Blind, Stops::Coin);
            assert_row(Mongering { sites: 1_000, calls, counts, stops, k }, runs, residue, traffic, last);
        }
    }

    #[test]
    fn table_3_pull_with_feedback_and_counter() {
        // k = 3 leaves one site in 250 runs: fewer than a test can count.
        let rows = [(1, 3.1e-2, 2.7, 9.97, 17.6), (2, 5.8e-4, 4.5, 10.07, 15.4)];
        for (k, residue, traffic, average, last) in rows {
            let (calls, counts, stops) = (Calls::Pull, Counts::Feedback, Stops::Counter);
            let got = assert_row(Mongering { sites: 1_000, calls, counts, stops, k }, 100, residue, traffic, last);
            assert!((got / average - 1.0).abs() < 0.04, "k = {k}: {got}, printed {average}, seed 1987");
        }
    }

    #[test]
    fn pushing_leaves_what_its_traffic_has_missed() {
        // Demers §1.4: residue = e^-traffic, however one stops.
        for (counts, stops, k) in [(Counts::Feedback, Stops::Coin, 2), (Counts::Blind, Stops::Counter, 3)] {
            let mongering = Mongering { sites: 1_000, calls: Calls::Push, counts, stops, k };
            let mut rng = Rng::from_seed(3);
            let runs: Vec<Outcome> = (0..40).map(|_| mongering.run(&mut rng)).collect();
            let mean = |of: fn(&Outcome) -> f64| runs.iter().map(of).sum::<f64>() / 40.0;
            let (residue, missed) = (mean(|o| o.residue), exp(-mean(|o| o.traffic)));
            assert!((residue / missed - 1.0).abs() < 0.15, "{mongering:?}: {residue}, e^-traffic {missed}, seed 3");
        }
    }
}
