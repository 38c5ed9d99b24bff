//! Which intervals are looked at? Those of two digits: nobody configures 3.6172 s.

use core::time::Duration;

/// The longest, in nanoseconds: a minute.
const LONGEST: u64 = 60_000_000_000;

/// All from one to another, both included where they are of two digits themselves; from 1 µs to a minute.
pub fn between(from: Duration, to: Duration) -> Vec<Duration> {
    let decades = (2..).map(|decade| 10_u64.pow(decade)).take_while(|unit| unit * 10 <= LONGEST);
    let all = decades.flat_map(|unit| (10..100).map(move |digits| digits * unit)).filter(|nanos| *nanos <= LONGEST);
    all.map(Duration::from_nanos).filter(|value| (from..=to).contains(value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_a_tenth_to_a_hundredth_apart_and_all_have_two_digits() {
        let millis = Duration::from_millis;
        assert_eq!(between(millis(98), millis(120)), [98, 99, 100, 110, 120].map(millis));
        assert_eq!(between(millis(99), millis(99)), [millis(99)]);
        let all = between(Duration::ZERO, Duration::MAX);
        assert_eq!((all[0], all[all.len() - 1]), (Duration::from_micros(1), Duration::from_secs(60)));
        let apart = |w: &[Duration]| w[1].as_secs_f64() / w[0].as_secs_f64();
        assert!(all.windows(2).all(|w| (1.01..1.101).contains(&apart(w))));
    }
}
