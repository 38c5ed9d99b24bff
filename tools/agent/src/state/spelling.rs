//! How is a key spelled where only text can stand? As it is, and what is no text by its bytes.
//!
//! A byte that is not part of UTF-8 is `\xNN`, as is a control character, which a terminal would obey, and a backslash is two. So each
//! key has one spelling, whatever is spelled is read again, and nearly all are spelled as they are.

use crate::rumor::{from_hex, to_hex};

/// The spelling of a key.
pub fn spelled(key: &[u8]) -> String {
    let mut text = String::with_capacity(key.len());
    let escaped = |bytes: &[u8]| bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
    for chunk in key.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => text += "\\\\",
                c if c.is_control() => text += &escaped(c.encode_utf8(&mut [0; 4]).as_bytes()),
                c => text.push(c),
            }
        }
        text += &escaped(chunk.invalid());
    }
    text
}

/// The key that is spelled so.
///
/// # Errors
/// Why it is the spelling of none.
pub fn read(text: &str) -> Result<Vec<u8>, String> {
    let mut key = Vec::with_capacity(text.len());
    let mut rest = text.split('\\');
    key.extend_from_slice(rest.next().unwrap_or_default().as_bytes());
    while let Some(escaped) = rest.next() {
        if escaped.is_empty() {
            // Two of them: what stands behind the second is as it is.
            let Some(plain) = rest.next() else { return Err(advice(text)) };
            key.push(b'\\');
            key.extend_from_slice(plain.as_bytes());
            continue;
        }
        let byte = escaped.strip_prefix('x').and_then(|digits| digits.split_at_checked(2));
        let Some((byte, plain)) = byte.and_then(|(digits, plain)| Some((from_hex(digits)?, plain))) else {
            return Err(advice(text));
        };
        key.extend(byte);
        key.extend_from_slice(plain.as_bytes());
    }
    Ok(key)
}

fn advice(text: &str) -> String {
    format!("a backslash in `{text}` is neither \\xNN, a byte in hexadecimal digits, nor \\\\, itself")
}

/// What a document says of a key: its spelling, and its bytes as hexadecimal digits where it is no text. Text stands there as it is.
pub fn said(key: &[u8]) -> (String, Option<String>) {
    match std::str::from_utf8(key) {
        Ok(text) => (text.to_owned(), None),
        Err(_) => (spelled(key), Some(to_hex(key))),
    }
}

/// The spelling of a key of which a document says so.
pub fn shown(key: &str, hex: Option<&str>) -> String {
    if hex.is_some() { key.to_owned() } else { spelled(key.as_bytes()) }
}

/// A key, or how keys begin, as a person spells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spelled(Vec<u8>);

impl std::str::FromStr for Spelled {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        read(text).map(Self)
    }
}

impl Spelled {
    /// The two fields of a request: as text where it is text, and else as hexadecimal digits.
    pub fn fields(&self) -> (String, Option<String>) {
        match std::str::from_utf8(&self.0) {
            Ok(text) => (text.to_owned(), None),
            Err(_) => (String::new(), Some(to_hex(&self.0))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_read_as_it_was_spelled_and_text_is_spelled_as_it_is() {
        let cases: [(&[u8], &str); 7] = [
            (b"zone", "zone"),
            ("größe/π 2".as_bytes(), "größe/π 2"),
            (b"", ""),
            (b"C:\\x41", "C:\\\\x41"),
            (b"\xff\x00a", "\\xff\\x00a"),
            (b"a\n\\", "a\\x0a\\\\"),
            ("é\u{85}".as_bytes(), "é\\xc2\\x85"),
        ];
        for (key, text) in cases {
            assert_eq!((spelled(key), read(text)), (text.to_owned(), Ok(key.to_vec())));
        }
        for first in 0..=u8::MAX {
            for second in [0, b'\\', b'x', 0x80, 0xc3, 0xff] {
                let key = [b'k', first, second, first];
                assert_eq!(read(&spelled(&key)).as_deref(), Ok(&key[..]));
            }
        }
        assert_eq!(read("\\x41\\xFF"), Ok(b"A\xff".to_vec()), "what need not be spelled so may be");
        for none in ["\\", "a\\", "\\x", "\\x4", "\\xg0", "\\n", "\\\\\\", "\\xé"] {
            assert!(read(none).is_err(), "{none}");
        }
    }

    #[test]
    fn a_document_has_text_as_it_is_and_digits_beside_what_is_none() {
        assert_eq!(said(b"a\\\n"), ("a\\\n".to_owned(), None));
        assert_eq!(said(b"\xffa"), ("\\xffa".to_owned(), Some("ff61".to_owned())));
        for key in [&b"a\\\n"[..], b"\xffa"] {
            let (text, hex) = said(key);
            assert_eq!(shown(&text, hex.as_deref()), spelled(key));
        }
    }

    #[test]
    fn a_request_has_text_or_digits() {
        let fields = |text: &str| text.parse::<Spelled>().map(|key| key.fields());
        assert_eq!(fields("a\\\\"), Ok(("a\\".to_owned(), None)));
        assert_eq!(fields("\\xffa"), Ok((String::new(), Some("ff61".to_owned()))));
    }
}
