//! What do all owners of an attribute say together? The node folds what it holds.

use std::collections::BTreeSet;

use bruit_terminal::failure::{Code, Failure};

use super::super::{Shared, answers};
use crate::state::asked;
use crate::state::documents::{Aggregate, Fold, InZone};
use crate::state::spelling::{self, spelled};

/// Over all members that are up, and over those of each zone.
pub fn agg(shared: &Shared, asked: &asked::Agg) -> Result<Aggregate, Failure> {
    let key = asked.key()?;
    let (owners, all) = folded(shared, &key, None)?;
    if owners.iter().sum::<u64>() == 0 {
        let cause = format!("no member that is up has an attribute `{}`", spelled(&key));
        return Err(Failure::new(Code::Failed, cause).advise("`bruit keys` lists what there is"));
    }
    let mut by_zone = asked.by_zone.then(Vec::new);
    if let Some(by_zone) = &mut by_zone {
        let zones: BTreeSet<String> = shared.handle.members().into_iter().map(|member| member.zone).collect();
        for zone in zones {
            let (_, fold) = folded(shared, &key, Some(&zone))?;
            if fold.count > 0 {
                by_zone.push(InZone { zone, fold });
            }
        }
    }
    let (key, key_hex) = spelling::said(&key);
    let [_, not_numbers] = owners;
    Ok(Aggregate { schema: 1, key, key_hex, not_numbers, all, by_zone })
}

/// What the numbers come to, how many members have one, and how many something else. The library's fold is 16 KiB, and this thread's
/// stack is small: one at a time.
fn folded(shared: &Shared, key: &[u8], zone: Option<&str>) -> Result<([u64; 2], Fold), Failure> {
    let fold = match shared.handle.aggregate(key, zone) {
        Ok(fold) => fold,
        Err(error) => return Err(answers::refused(error)),
    };
    let figures = Fold {
        count: fold.count(),
        sum: fold.sum(),
        mean: fold.mean(),
        min: fold.min(),
        p50: fold.quantile(0.5),
        p90: fold.quantile(0.9),
        p99: fold.quantile(0.99),
        max: fold.max(),
    };
    Ok(([fold.owners(), fold.not_numbers()].map(u64::from), figures))
}
