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
//! What is asked: the residue (the share that never hears), the traffic (updates sent per site) and the cycle of the last
//! receipt. The printed t_ave of the paper is not the plain mean of the receipt times and is left out.

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

/// Which contacts count towards stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// Those that told nothing new.
    Feedback,
    /// All.
    Blind,
}

/// How they count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stops {
    /// Each of them ends it with a chance of 1/k.
    Coin,
    /// The k-th ends it.
    Counter,
}

/// Rumor mongering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mongering {
    /// All sites. 2 to 10,000,000.
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
    /// The cycle of the last receipt, counted from 1; 0 when nobody heard it.
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
        let (mut updates, mut last, mut cycles) = (0_u64, 0, 0);
        while sites.iter().any(|site| site.is_infective()) {
            cycles += 1;
            let contacts = self.cycle(&mut sites, rng);
            updates += contacts.updates;
            last = if contacts.news { cycles } else { last };
        }
        let never = sites.iter().filter(|site| **site == Site::Susceptible).count();
        let n = f64::from(self.sites);
        Outcome { residue: never as f64 / n, traffic: updates as f64 / n, last, cycles }
    }

    fn cycle(&self, sites: &mut [Site], rng: &mut Rng) -> Contacts {
        let before = sites.to_vec();
        let mut contacts = Contacts { updates: 0, news: false, useful: vec![0; sites.len()], useless: vec![0; sites.len()] };
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
                contacts.news = true;
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
    news: bool,
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
    use super::*;

    /// Means over some runs at 1,000 sites.
    fn means(calls: Calls, counts: Counts, stops: Stops, k: u32, runs: u32) -> Outcome {
        let mongering = Mongering { sites: 1_000, calls, counts, stops, k };
        mongering.check().expect("makes sense");
        let mut rng = Rng::from_seed(1987);
        let all: Vec<Outcome> = (0..runs).map(|_| mongering.run(&mut rng)).collect();
        let mean = |of: fn(&Outcome) -> f64| all.iter().map(of).sum::<f64>() / f64::from(runs);
        let last = mean(|o| f64::from(o.last)) as u32;
        Outcome { residue: mean(|o| o.residue), traffic: mean(|o| o.traffic), last, cycles: 0 }
    }

    #[test]
    fn zz() {
        for k in 1..=5 { println!("t1 {k} {:?}", means(Calls::Push, Counts::Feedback, Stops::Counter, k, 400)); }
        for k in 1..=5 { println!("t2 {k} {:?}", means(Calls::Push, Counts::Blind, Stops::Coin, k, 800)); }
        for k in 1..=3 { println!("t3 {k} {:?}", means(Calls::Pull, Counts::Feedback, Stops::Counter, k, 400)); }
    }
}
