//! Hex or a capture? Tells them apart by their first bytes and reads either.
//!
//! Hex: one datagram per line, white space and colons anywhere, an optional `0x`, `#` begins a comment. A capture is the
//! classic pcap format (all four of its magics), as `tcpdump -w` writes it.

use bruit_terminal::failure::{Code, Failure};

use super::layers::{self, Link};
use super::{Found, Input};

/// The classic pcap format: the magic's bytes in the file, whether numbers are big-endian, nanoseconds per tick.
const PCAP: [([u8; 4], bool, u32); 4] = [
    ([0xd4, 0xc3, 0xb2, 0xa1], false, 1_000),
    ([0xa1, 0xb2, 0xc3, 0xd4], true, 1_000),
    ([0x4d, 0x3c, 0xb2, 0xa1], false, 1),
    ([0xa1, 0xb2, 0x3c, 0x4d], true, 1),
];
const PCAPNG: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;

/// Reads whatever this is. `port` keeps only packets from or to it.
///
/// # Errors
/// [`Code::Failed`], with line and column or with the offset.
pub fn read(bytes: &[u8], port: Option<u16>) -> Result<Input, Failure> {
    let magic = bytes.first_chunk::<4>().copied().unwrap_or_default();
    if let Some((_, big, tick)) = PCAP.into_iter().find(|(m, ..)| *m == magic) {
        return pcap(bytes, big, tick, port);
    }
    if magic == PCAPNG {
        return Err(Failure::new(Code::Failed, "this is a pcapng file; only the classic pcap format is read")
            .advise("`tcpdump -r IN -w OUT` converts it"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        Failure::new(Code::Failed, format_args!("neither a pcap file nor hex: byte {} is no text", error.valid_up_to()))
    })?;
    let lines = text.lines().enumerate().map(|(i, line)| hex(i + 1, line));
    let found = lines.filter_map(Result::transpose).collect::<Result<_, _>>()?;
    Ok(Input { found, skipped: 0 })
}

/// The datagram on one line, if the line has one.
fn hex(number: usize, line: &str) -> Result<Option<Found>, Failure> {
    let wrong =
        |column: usize, what: &str| Failure::new(Code::Failed, format_args!("line {number}, column {column}: {what}"));
    let content = line.split('#').next().unwrap_or_default();
    let start = content.len() - content.trim_start().len();
    let prefix = if content[start..].starts_with("0x") { start + 2 } else { start };
    let mut bytes = Vec::new();
    let mut high = None;
    for (at, c) in content.char_indices().skip_while(|(at, _)| *at < prefix) {
        if c.is_whitespace() || c == ':' {
            continue;
        }
        let digit = c.to_digit(16).ok_or_else(|| wrong(at + 1, &format!("{c:?} is not a hexadecimal digit")))? as u8;
        match high.take() {
            None => high = Some(digit),
            Some(high) => bytes.push(high << 4 | digit),
        }
    }
    if high.is_some() {
        return Err(wrong(content.trim_end().len(), "the last byte has one digit only"));
    }
    Ok((!bytes.is_empty()).then_some(Found { bytes, route: None, time: None, missing: 0 }))
}

fn pcap(bytes: &[u8], big: bool, tick: u32, port: Option<u16>) -> Result<Input, Failure> {
    let number = |at: usize| -> Option<u32> {
        let raw = *bytes.get(at..)?.first_chunk::<4>()?;
        Some(if big { u32::from_be_bytes(raw) } else { u32::from_le_bytes(raw) })
    };
    let cut = |at: usize| Failure::new(Code::Failed, format_args!("the pcap file is cut off at byte {at}"));
    // The upper bits of the link type hold the length of frame check sequences.
    let code = number(20).ok_or_else(|| cut(bytes.len()))? & 0x0fff_ffff;
    let link = Link::from_code(code).ok_or_else(|| {
        Failure::new(
            Code::Failed,
            format_args!("link type {code} is not known: only Ethernet, Linux cooked, BSD loopback and raw IP"),
        )
    })?;
    let mut input = Input::default();
    let mut at = FILE_HEADER;
    while at < bytes.len() {
        let field = |i: usize| number(at + 4 * i).ok_or_else(|| cut(at));
        let (secs, ticks, len, whole) = (field(0)?, field(1)?, field(2)?, field(3)?);
        let from = at + RECORD_HEADER;
        let frame = bytes.get(from..).and_then(|rest| rest.get(..len as usize)).ok_or_else(|| cut(at))?;
        let time = std::time::Duration::from_secs(secs.into())
            + std::time::Duration::from_nanos(u64::from(ticks) * u64::from(tick));
        match layers::bruit_payload(link, frame, port) {
            Some((route, payload)) => input.found.push(Found {
                bytes: payload.to_vec(),
                route: Some(route),
                time: Some(time),
                missing: whole.saturating_sub(len) as usize,
            }),
            None => input.skipped += 1,
        }
        at = from + len as usize;
    }
    Ok(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_of(text: &str) -> Result<Vec<Vec<u8>>, String> {
        let input = read(text.as_bytes(), None).map_err(|f| f.cause)?;
        Ok(input.found.into_iter().map(|f| f.bytes).collect())
    }

    #[test]
    fn hex_may_have_spaces_colons_prefix_and_comments_and_each_line_is_a_datagram() {
        let text = "b7 01\t0203 # a comment\n\n  0xB7:ff\n# nothing\n";
        assert_eq!(bytes_of(text), Ok(vec![vec![0xb7, 1, 2, 3], vec![0xb7, 0xff]]));
    }

    #[test]
    fn what_is_not_hex_is_told_with_line_and_column() {
        let cases = [
            ("b701\nb7 0g", "line 2, column 5: 'g' is not a hexadecimal digit"),
            ("b7 0", "line 1, column 4: the last byte has one digit only"),
        ];
        for (text, said) in cases {
            assert_eq!(bytes_of(text), Err(said.to_owned()), "{text}");
        }
    }

    /// A capture of one raw IPv4 packet (127.0.0.1:4100 to 127.0.0.2:4101, payload b7 07) in the given byte order.
    pub fn capture(big: bool) -> Vec<u8> {
        let n = |x: u32| if big { x.to_be_bytes() } else { x.to_le_bytes() };
        let mut packet = vec![0x45, 0, 0, 30, 0, 0, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 2];
        packet.extend([0x10, 0x04, 0x10, 0x05, 0, 10, 0, 0, 0xb7, 7]);
        let mut file = if big { vec![0xa1, 0xb2, 0xc3, 0xd4] } else { vec![0xd4, 0xc3, 0xb2, 0xa1] };
        file.extend(n(0)); // the versions, which nobody reads
        for field in [0, 0, 65_535, 101, 7, 250, 30, 30] {
            file.extend(n(field));
        }
        file.extend(packet);
        file
    }

    #[test]
    fn a_capture_is_read_in_either_byte_order() {
        for big in [false, true] {
            let input = read(&capture(big), None).map_err(|f| f.cause).expect("a capture");
            let found = &input.found[0];
            assert_eq!((input.found.len(), input.skipped), (1, 0));
            assert_eq!(found.bytes, [0xb7, 7]);
            assert_eq!(found.time, Some(std::time::Duration::new(7, 250_000)));
            assert_eq!(
                found.route.map(|(a, b)| (a.to_string(), b.to_string())),
                Some(("127.0.0.1:4100".into(), "127.0.0.2:4101".into()))
            );
        }
    }

    #[test]
    fn another_port_is_skipped_and_a_cut_off_file_is_told() {
        let whole = capture(false);
        let input = read(&whole, Some(9)).map_err(|f| f.cause).expect("a capture");
        assert_eq!((input.found.len(), input.skipped), (0, 1));
        for len in [5, 23, 30, whole.len() - 1] {
            let failure = read(&whole[..len], None).expect_err("cut off");
            assert!(failure.cause.starts_with("the pcap file is cut off at byte"), "{len}: {}", failure.cause);
        }
    }
}
