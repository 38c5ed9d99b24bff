//! Who is right? The precedence of two claims about one member.

use crate::id::Incarnation;
use crate::wire::State::{self, Alive, Dead, Left, Suspect};

/// Whether a claim of `new` replaces `old` when both speak of one member.
///
/// The later life wins. Within a life, having left is final; otherwise the higher refutation wins, and at equal numbers
/// the worse news. Departs from SWIM 2002 §4.2, where death is final: a live member refutes it with a higher number.
#[must_use]
pub fn supersedes(new: (State, Incarnation), old: (State, Incarnation)) -> bool {
    let ((new_state, new), (old_state, old)) = (new, old);
    match (old_state, new_state) {
        (Left, Alive | Suspect | Dead | Left) => new.life() > old.life(),
        (Alive | Suspect | Dead, Left) => new.life() >= old.life(),
        (Alive, Suspect | Dead) | (Suspect, Dead) => new >= old,
        (Alive, Alive) | (Suspect, Alive | Suspect) | (Dead, Alive | Suspect | Dead) => new > old,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every state against every claim, at an older life, an older, the same and a newer refutation, and a newer life.
    /// `+` replaces, `.` does not. Reviewed by hand; a change here is a change of the protocol.
    const TABLE: &str = "\
        held     claim    life-1 ref-1 same ref+1 life+1\n\
        alive    alive    .      .     .    +     +\n\
        alive    suspect  .      .     +    +     +\n\
        alive    dead     .      .     +    +     +\n\
        alive    left     .      +     +    +     +\n\
        suspect  alive    .      .     .    +     +\n\
        suspect  suspect  .      .     .    +     +\n\
        suspect  dead     .      .     +    +     +\n\
        suspect  left     .      +     +    +     +\n\
        dead     alive    .      .     .    +     +\n\
        dead     suspect  .      .     .    +     +\n\
        dead     dead     .      .     .    +     +\n\
        dead     left     .      +     +    +     +\n\
        left     alive    .      .     .    .     +\n\
        left     suspect  .      .     .    .     +\n\
        left     dead     .      .     .    .     +\n\
        left     left     .      .     .    .     +\n";

    #[test]
    fn the_whole_table_is_as_reviewed() {
        let held = Incarnation::new(5, 5);
        let claims =
            [(4, 9), (5, 4), (5, 5), (5, 6), (6, 0)].map(|(life, refutation)| Incarnation::new(life, refutation));
        let mut table = String::from("held     claim    life-1 ref-1 same ref+1 life+1\n");
        for old in State::ALL {
            for new in State::ALL {
                let marks = claims.map(|at| if supersedes((*new, at), (*old, held)) { "+" } else { "." });
                let [a, b, c, d, e] = marks;
                table += &format!("{:<8} {:<8} {a:<6} {b:<5} {c:<4} {d:<5} {e}\n", old.name(), new.name());
            }
        }
        assert_eq!(table, TABLE);
    }

    #[test]
    fn no_two_claims_replace_each_other() {
        let numbers = [Incarnation::new(1, 0), Incarnation::new(1, 1), Incarnation::new(2, 0)];
        let all: Vec<_> = State::ALL.iter().flat_map(|s| numbers.map(|n| (*s, n))).collect();
        for a in &all {
            for b in &all {
                assert!(!(supersedes(*a, *b) && supersedes(*b, *a)), "{a:?} and {b:?} would swap for ever");
            }
        }
    }
}
