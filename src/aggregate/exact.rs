//! What is the sum, whatever the order? A fixed-point number wide enough for every double.
//!
//! Two nodes that hold the same go through it in different orders. Rounding after each addition would give each another last digit, and a
//! reader would take that for disagreement. Here nothing is rounded before the end (Kulisch's long accumulator).

/// Bits of a limb that carry the number; the rest of its 64 takes up carries until they are spread.
const LIMB: u32 = 32;
/// The weight of the lowest bit: the smallest double there is.
const LOWEST: i32 = -1_074;
/// Doubles reach up to bit 1,024 + 1,074; 64 bits more hold the carries of any count.
const LIMBS: usize = (1_024 + 1_074 + 64) / LIMB as usize + 1;
/// After so many additions carries are spread, before a limb can run over.
const ADDITIONS_MAX: u32 = 1 << 30;

/// The exact sum of any numbers.
#[derive(Clone, Debug)]
pub struct ExactSum {
    limbs: [i64; LIMBS],
    additions: u32,
}

impl Default for ExactSum {
    fn default() -> Self {
        Self { limbs: [0; LIMBS], additions: 0 }
    }
}

impl ExactSum {
    /// Adds a finite number.
    pub fn add(&mut self, number: f64) {
        debug_assert!(number.is_finite());
        let bits = number.to_bits();
        let exponent = (bits >> 52 & 0x7ff) as u32;
        let fraction = bits & ((1 << 52) - 1);
        // Of a subnormal number the hidden bit is not set, and its exponent is that of the smallest normal one.
        let (mantissa, shift) = if exponent == 0 { (fraction, 0) } else { (fraction | 1 << 52, exponent - 1) };
        let (at, shift) = ((shift / LIMB) as usize, shift % LIMB);
        let spread = u128::from(mantissa) << shift;
        let sign = if number < 0.0 { -1 } else { 1 };
        for (nth, limb) in self.limbs[at..at + 3].iter_mut().enumerate() {
            *limb += sign * i64::from((spread >> (LIMB * nth as u32)) as u32);
        }
        self.count_one();
    }

    /// Adds all that another has added.
    pub fn merge(&mut self, other: &Self) {
        let mut other = other.clone();
        other.carry();
        self.limbs.iter_mut().zip(other.limbs).for_each(|(limb, other)| *limb += other);
        self.count_one();
    }

    fn count_one(&mut self) {
        self.additions += 1;
        if self.additions >= ADDITIONS_MAX {
            self.carry();
        }
    }

    /// Leaves 32 bits in each limb; the highest keeps the sign.
    fn carry(&mut self) {
        let mut carry = 0;
        let (top, below) = self.limbs.split_last_mut().expect("there are limbs");
        for limb in below {
            let whole = *limb + carry;
            (*limb, carry) = (whole & ((1 << LIMB) - 1), whole >> LIMB);
        }
        *top += carry;
        self.additions = 0;
    }

    /// The double next to the sum, of two that are as near the even one. Infinite beyond the largest.
    #[must_use]
    pub fn value(&self) -> f64 {
        let mut whole = self.clone();
        whole.carry();
        let negative = whole.limbs[LIMBS - 1] < 0;
        if negative {
            whole.limbs.iter_mut().for_each(|limb| *limb = -*limb);
            whole.carry();
        }
        let size = whole.size();
        if negative { -size } else { size }
    }

    /// The value of a sum that is not negative and has its carries spread.
    fn size(&self) -> f64 {
        let Some(top) = self.limbs.iter().rposition(|limb| *limb != 0) else { return 0.0 };
        let lowest = top.saturating_sub(2);
        // Up to 96 bits, so at least 65 where there are more limbs below: these only break a tie.
        let mut head = self.limbs[lowest..=top].iter().rev().fold(0_u128, |head, limb| head << LIMB | *limb as u128);
        head |= u128::from(self.limbs[..lowest].iter().any(|limb| *limb != 0));
        // One rounding: to a whole number of doubles at this height; the scaling is exact where the result is normal, and where it is
        // not the head is the whole sum and short.
        let scale = LOWEST + (LIMB * lowest as u32) as i32;
        times_two_to(head as f64, scale)
    }
}

/// `number * 2^exponent`, in steps that doubles can have.
fn times_two_to(mut number: f64, mut exponent: i32) -> f64 {
    let power = |exponent: i32| f64::from_bits(((exponent + 1_023) as u64) << 52);
    if exponent < -1_022 {
        number *= power(-52);
        exponent += 52;
    }
    if exponent > 1_023 {
        number *= power(1_023);
        exponent -= 1_023;
    }
    number * power(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quickcheck::quickcheck;

    fn sum(numbers: &[f64]) -> f64 {
        let mut sum = ExactSum::default();
        numbers.iter().for_each(|number| sum.add(*number));
        sum.value()
    }

    #[test]
    fn nothing_is_lost_between_large_numbers_and_small_ones() {
        assert_eq!(sum(&[1e300, 1.0, -1e300]), 1.0);
        assert_eq!(sum(&[0.1; 10]), 1.0, "the exact sum of ten tenths, as doubles are, is next to 1");
        assert_eq!(sum(&[f64::MAX, f64::MIN]), 0.0);
        assert_eq!(sum(&[f64::MAX, f64::MAX]), f64::INFINITY);
        assert_eq!(sum(&[f64::MAX, f64::MAX, f64::MIN]), f64::MAX);
        assert_eq!(sum(&[5e-324, 5e-324, -1e-323, 5e-324]), 5e-324);
        assert_eq!(sum(&[9_007_199_254_740_992.0, 1.0]), 9_007_199_254_740_992.0, "a tie goes to the even one");
        assert_eq!(sum(&[9_007_199_254_740_992.0, 1.0, 5e-324]), 9_007_199_254_740_994.0, "and this is no tie");
        assert_eq!(sum(&[-1.5, -2.25]), -3.75);
        assert_eq!(sum(&[]), 0.0);
    }

    quickcheck! {
        fn one_number_is_its_own_sum(number: f64) -> bool {
            !number.is_finite() || sum(&[number]) == number
        }

        fn whole_numbers_are_added_as_whole_numbers_are(numbers: Vec<i32>) -> bool {
            let doubles: Vec<f64> = numbers.iter().map(|n| f64::from(*n)).collect();
            sum(&doubles) == numbers.iter().map(|n| i64::from(*n)).sum::<i64>() as f64
        }

        fn two_numbers_are_rounded_once(a: f64, b: f64) -> bool {
            !(a.is_finite() && b.is_finite()) || sum(&[a, b]) == a + b
        }

        fn neither_order_nor_grouping_matters(numbers: Vec<f64>, cut: usize) -> bool {
            let numbers: Vec<f64> = numbers.into_iter().filter(|number| number.is_finite()).collect();
            let mut backwards = numbers.clone();
            backwards.reverse();
            let (a, b) = numbers.split_at(cut % (numbers.len() + 1));
            let [mut left, mut right] = [a, b].map(|part| {
                let mut sum = ExactSum::default();
                part.iter().for_each(|number| sum.add(*number));
                sum
            });
            let whole = sum(&numbers);
            let before = left.clone();
            left.merge(&right);
            right.merge(&before);
            sum(&backwards) == whole && left.value() == whole && right.value() == whole
        }
    }
}
