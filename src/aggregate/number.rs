//! Is this value a number? Decimal text, with or without a sign, a point and an exponent.

/// The number that a value says; `None` where it says none. Infinite is none, and so is what is surrounded by blanks: whoever writes
/// numbers writes nothing else.
#[must_use]
pub fn number(value: &[u8]) -> Option<f64> {
    let text = core::str::from_utf8(value).ok()?;
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_text_is_a_number_and_nothing_else_is() {
        for (text, says) in [("0", 0.0), ("-3", -3.0), ("+2.5", 2.5), ("1e3", 1e3), (".5", 0.5), ("7.", 7.0)] {
            assert_eq!(number(text.as_bytes()), Some(says), "{text}");
        }
        for text in ["", " 1", "1 ", "1,5", "0x10", "inf", "-infinity", "NaN", "1e999", "ten", "1 2"] {
            assert_eq!(number(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(number(&[0xff, b'1']), None, "no text at all");
    }
}
