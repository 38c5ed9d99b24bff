//! What was played? One line over each table, for a person.

use bruit::sim::experiment::{Base, Runs};

/// The line.
pub fn heading<const N: usize>(experiment: &str, parts: [String; N]) -> String {
    format!("{experiment}: {}\n", parts.join(", "))
}

/// How many nodes.
pub fn nodes(base: &Base) -> String {
    format!("{} nodes", base.nodes)
}

/// What the links lose.
pub fn loss(base: &Base) -> String {
    format!("loss {}", percent(base.link.loss_permille))
}

/// Thousandths as a person reads them.
pub fn percent(permille: u32) -> String {
    format!("{} %", f64::from(permille) / 10.0)
}

/// How often, and from which seed.
pub fn runs(runs: Runs) -> String {
    match runs.count.max(1) {
        1 => format!("1 run from seed {}", runs.seed),
        count => format!("{count} runs from seed {}", runs.seed),
    }
}

#[cfg(test)]
mod tests {
    use bruit::Profile;

    use super::*;

    #[test]
    fn a_heading_says_what_was_played() {
        let base = Base::new(100, Profile::Lan);
        let of = |count| heading("detect", [nodes(&base), loss(&base), runs(Runs { count, seed: 3 })]);
        assert_eq!(of(1), "detect: 100 nodes, loss 0 %, 1 run from seed 3\n");
        assert_eq!(of(20), "detect: 100 nodes, loss 0 %, 20 runs from seed 3\n");
    }
}
