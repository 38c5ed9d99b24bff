//! How does an owner publish many numbers as one value? A sketch in the bytes of its buckets that hold anything.
//!
//! ```text
//!  0  1 (no number begins so)    1  sum f64    9  smallest f64   17  largest f64
//! 25  for each bucket that is not empty, in order: how many empty ones are in front of it, how many numbers it holds
//! ```
//! Doubles are little-endian. The two numbers of a bucket are LEB128, the count at least 1 and below 2^32. Buckets are numbered from the
//! largest negative magnitude over zero, number 2,048, to the largest positive one, number 4,096. 64 numbers of one
//! bucket take 28 bytes, the whole numbers from 1 to 1,000 some 600.

use super::sketch::{PLACES, Sketch, place};

/// What stands in front.
const FORM: u8 = 1;
const HEAD: usize = 25;

impl Sketch {
    /// Writes what [`Node::aggregate`](crate::Node::aggregate) takes for a value; how many bytes that took, `None` where they do not
    /// fit or nothing was counted.
    #[must_use]
    pub fn encode(&self, buf: &mut [u8]) -> Option<usize> {
        if self.count == 0 {
            return None;
        }
        let len = buf.len();
        let (head, mut rest) = buf.split_first_chunk_mut::<HEAD>()?;
        head[0] = FORM;
        // Of finite numbers the sum may be none: then the value would be none either.
        let sum = self.sum.value().clamp(f64::MIN, f64::MAX);
        for (bytes, number) in head[1..].chunks_exact_mut(8).zip([sum, self.min, self.max]) {
            bytes.copy_from_slice(&number.to_le_bytes());
        }
        let mut empty = 0;
        for count in self.counts {
            if count == 0 {
                empty += 1;
                continue;
            }
            rest = put(rest, empty).and_then(|rest| put(rest, count))?;
            empty = 0;
        }
        Some(len - rest.len())
    }

    /// Counts all that an encoded sketch has counted; `false` and nothing changed where it is none.
    pub fn merge_encoded(&mut self, value: &[u8]) -> bool {
        let Some((head, buckets)) = read(value) else { return false };
        for (place, count) in Buckets::new(buckets).flatten() {
            self.counts[place] = self.counts[place].saturating_add(count);
            self.count += u64::from(count);
        }
        let [sum, min, max] = head;
        self.sum.add(sum);
        (self.min, self.max) = (self.min.min(min), self.max.max(max));
        true
    }
}

/// Sum and extremes, and the bytes of the buckets; `None` where anything about them is not as it was written.
fn read(value: &[u8]) -> Option<([f64; 3], &[u8])> {
    let ([FORM, numbers @ ..], buckets) = value.split_first_chunk::<HEAD>()? else { return None };
    let (sum, ends) = numbers.split_first_chunk()?;
    let (min, ends) = ends.split_first_chunk()?;
    let [sum, min, max] = [sum, min, ends.first_chunk()?].map(|bytes| f64::from_le_bytes(*bytes));
    let sound = [sum, min, max].iter().all(|number| number.is_finite()) && min <= max;
    let (mut first, mut last) = (None, None);
    for bucket in Buckets::new(buckets) {
        let (place, _) = bucket?;
        (first, last) = (first.or(Some(place)), Some(place));
    }
    let held = first == Some(place(min)) && last == Some(place(max));
    (sound && held).then_some(([sum, min, max], buckets))
}

/// The buckets that are not empty: which, and how many numbers. `None` once the bytes are none.
struct Buckets<'a> {
    rest: &'a [u8],
    next: usize,
}

impl<'a> Buckets<'a> {
    const fn new(rest: &'a [u8]) -> Self {
        Self { rest, next: 0 }
    }

    fn read(&mut self) -> Option<(usize, u32)> {
        let (empty, rest) = get(self.rest)?;
        let (count, rest) = get(rest).filter(|(count, _)| *count > 0)?;
        let place = self.next.checked_add(empty as usize).filter(|place| *place < PLACES)?;
        (self.rest, self.next) = (rest, place + 1);
        Some((place, count))
    }
}

impl Iterator for Buckets<'_> {
    type Item = Option<(usize, u32)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let read = self.read();
        if read.is_none() {
            self.rest = &[];
        }
        Some(read)
    }
}

/// Writes a number in sevens of bits, the lowest first; what is left of the room.
fn put(mut room: &mut [u8], mut number: u32) -> Option<&mut [u8]> {
    loop {
        let (byte, rest) = room.split_first_mut()?;
        *byte = (number & 0x7f) as u8 | if number > 0x7f { 0x80 } else { 0 };
        (room, number) = (rest, number >> 7);
        if number == 0 {
            return Some(room);
        }
    }
}

/// The reverse.
fn get(mut bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut number = 0_u64;
    for nth in 0..5 {
        let (byte, rest) = bytes.split_first()?;
        number |= u64::from(byte & 0x7f) << (7 * nth);
        bytes = rest;
        if byte & 0x80 == 0 {
            return Some((u32::try_from(number).ok()?, bytes));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use quickcheck::quickcheck;

    fn encoded(numbers: &[f64]) -> Option<Vec<u8>> {
        let mut sketch = Sketch::new();
        numbers.iter().for_each(|number| {
            sketch.record(*number);
        });
        let mut buf = vec![0; 64 << 10];
        let len = sketch.encode(&mut buf)?;
        buf.truncate(len);
        Some(buf)
    }

    #[test]
    fn the_layout_is_as_documented() {
        let bytes = encoded(&[1.0; 64]).expect("it fits");
        assert_eq!(bytes[0], 1);
        assert_eq!(bytes[1..9], 64.0_f64.to_le_bytes());
        assert_eq!(bytes[9..25], [1.0_f64.to_le_bytes(); 2].concat());
        // Place 2,048 + 1 + 24 octaves of 32: 2,817 empty ones in front.
        assert_eq!(bytes[25..], [0x81, 0x16, 64]);
        assert_eq!(encoded(&[]), None);
        let thousand: Vec<f64> = (1..=1_000).map(f64::from).collect();
        assert!(encoded(&thousand).is_some_and(|bytes| bytes.len() <= 700));
    }

    #[test]
    fn what_is_no_sketch_is_refused_whole() {
        let good = encoded(&[1.0, 2.0, -3.0]).expect("it fits");
        let refused = |bytes: &[u8]| {
            let mut sketch = Sketch::new();
            !sketch.merge_encoded(bytes) && sketch.count() == 0
        };
        assert!((0..good.len()).all(|len| refused(&good[..len])), "cut short");
        let with = |at: usize, bytes: &[u8]| {
            let mut bad = good.clone();
            bad[at..at + bytes.len()].copy_from_slice(bytes);
            bad
        };
        assert!(refused(&with(0, &[2])), "another form");
        assert!(refused(&with(1, &f64::NAN.to_le_bytes())), "no sum");
        assert!(refused(&with(9, &3.0_f64.to_le_bytes())), "the smallest is above the largest");
        assert!(refused(&with(17, &9.0_f64.to_le_bytes())), "the largest lies in no bucket that holds anything");
        let last = good.len() - 1;
        assert!(refused(&with(last, &[0])), "a bucket of nothing");
        assert!(refused(&[&good[..], &[0xff, 0xff, 0xff, 0xff, 0x0f, 1]].concat()), "beyond the last bucket");
        assert!(refused(&[&good[..], &[0x80, 0x80, 0x80, 0x80, 0x80, 0]].concat()), "too long a number");
    }

    quickcheck! {
        fn merging_what_was_encoded_is_merging(a: Vec<f64>, b: Vec<f64>) -> bool {
            let finite = |numbers: Vec<f64>| numbers.into_iter().filter(|n| n.abs() < 1e100).collect::<Vec<_>>();
            let (a, b) = (finite(a), finite(b));
            let of = |numbers: &[f64]| {
                let mut sketch = Sketch::new();
                numbers.iter().for_each(|number| {
            sketch.record(*number);
        });
                sketch
            };
            let (mut got, mut wanted) = (of(&a), of(&a));
            let merged = encoded(&b).is_none_or(|bytes| got.merge_encoded(&bytes));
            wanted.merge(&of(&b));
            let ends = |sketch: &Sketch| (sketch.count(), sketch.min(), sketch.max());
            merged && got.counts == wanted.counts && ends(&got) == ends(&wanted)
        }

        fn nothing_that_comes_breaks_it(bytes: Vec<u8>, at: usize, with: u8) -> bool {
            let mut bad = encoded(&[5.0, 6.0, 1e6]).expect("it fits");
            let at = at % bad.len();
            bad[at] = with;
            for value in [bad, [&[1][..], &bytes].concat()] {
                let mut sketch = Sketch::new();
                sketch.merge_encoded(&value);
                let _ = sketch.quantile(0.5);
            }
            true
        }
    }
}
