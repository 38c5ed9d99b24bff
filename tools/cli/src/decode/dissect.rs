//! What does one datagram say, and where does it stop making sense? Header, checksum, sections, and the first mistake with
//! its offset.

use bruit::DropReason;
use bruit::wire::{Datagram, Kind, OVERHEAD, SECTION_HEADER, Sections, VERSION};
use serde::Serialize;

use super::Found;
use super::records::{self, Record};
use super::verify::{Checksum, Known};

/// One datagram taken apart.
#[derive(Debug, Serialize)]
pub struct Dissection {
    /// Its place in the input, from 1.
    pub number: usize,
    /// When it was captured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Who sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// To whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Bytes of UDP payload.
    pub bytes: usize,
    /// The header, if it could be read.
    pub header: Option<Record>,
    /// What can be said of the checksum, if there is one.
    pub checksum: Option<Checksum>,
    /// Sections up to the first mistake.
    pub sections: Vec<SectionDoc>,
    /// The first mistake.
    pub error: Option<Mistake>,
}

/// One section.
#[derive(Debug, Serialize)]
pub struct SectionDoc {
    /// Its kind by name, or `unknown_N`.
    pub kind: String,
    /// Where in the datagram it begins.
    pub offset: usize,
    /// Its length with its header.
    pub bytes: usize,
    /// What is in it.
    pub records: Vec<Record>,
}

/// Why a receiver would drop the datagram.
#[derive(Debug, Serialize)]
pub struct Mistake {
    /// The reason under which it is counted.
    pub reason: &'static str,
    /// Where in the datagram.
    pub offset: usize,
    /// What is there.
    pub detail: String,
}

impl Mistake {
    fn new(reason: DropReason, offset: usize, detail: impl Into<String>) -> Self {
        Self { reason: reason.name(), offset, detail: detail.into() }
    }
}

/// Takes one datagram apart.
pub fn dissect(number: usize, found: &Found, known: &Known) -> Dissection {
    let bytes = &found.bytes[..];
    let mut out = Dissection {
        number,
        time: found.time.map(|t| humantime::format_rfc3339_micros(std::time::UNIX_EPOCH + t).to_string()),
        from: found.route.map(|(from, _)| from.to_string()),
        to: found.route.map(|(_, to)| to.to_string()),
        bytes: bytes.len(),
        header: None,
        checksum: None,
        sections: Vec::new(),
        error: None,
    };
    if found.missing > 0 {
        out.error = Some(Mistake::new(
            DropReason::Short,
            bytes.len(),
            format!("the capture left out the last {} bytes of the frame", found.missing),
        ));
        return out;
    }
    let datagram = match Datagram::parse(bytes) {
        Ok(datagram) => datagram,
        Err(reason) => {
            out.error = Some(header_mistake(reason, bytes));
            return out;
        }
    };
    out.header = Some(records::header(&datagram.header));
    out.checksum = Some(known.verify(&datagram));
    let body_at = bytes.len() - (OVERHEAD - HEADER) - datagram.body().len();
    out.error = sections(datagram.body(), body_at, &mut out.sections).err();
    if out.error.is_none() && out.checksum == Some(Checksum::Corrupt) {
        let detail = "the checksum does not fit the bytes, the label and the boot id before it";
        out.error = Some(Mistake::new(DropReason::Corrupt, bytes.len() - (OVERHEAD - HEADER), detail));
    }
    out
}

/// Bytes of the fixed header; the rest of a datagram's overhead is the checksum.
const HEADER: usize = OVERHEAD - 8;

fn sections(body: &[u8], body_at: usize, into: &mut Vec<SectionDoc>) -> Result<(), Mistake> {
    let mut at = 0;
    while at < body.len() {
        let (section, len) = section(&body[at..], body_at + at)?;
        into.push(section);
        at += len;
    }
    Ok(())
}

fn section(rest: &[u8], offset: usize) -> Result<(SectionDoc, usize), Mistake> {
    let bad = |reason, detail: String| Mistake::new(reason, offset, detail);
    let Some(&[code, count, low, high]) = rest.first_chunk::<SECTION_HEADER>() else {
        let detail = format!("{} bytes are left over; a section's header takes {SECTION_HEADER}", rest.len());
        return Err(bad(DropReason::BadSection, detail));
    };
    let kind = code.checked_sub(1).and_then(|i| Kind::ALL.get(usize::from(i)));
    let name = kind.map_or_else(|| format!("unknown_{code}"), |k| k.name().to_owned());
    let len = SECTION_HEADER + usize::from(u16::from_le_bytes([low, high]));
    let Some(bytes) = rest.get(..len) else {
        let detail = format!("a section `{name}` of {len} bytes, but only {} are left", rest.len());
        return Err(bad(DropReason::BadSection, detail));
    };
    let mut sections = Sections::check(bytes).map_err(|reason| {
        let detail = if reason == DropReason::BadRecord {
            format!("a value in a section `{name}` of {count} records means nothing")
        } else {
            format!("{count} records of `{name}` do not make up {len} bytes")
        };
        bad(reason, detail)
    })?;
    let records = sections.next().map_or_else(Vec::new, |section| records::section(section));
    Ok((SectionDoc { kind: name, offset, bytes: len, records }, len))
}

/// Where in the header the reason lies. `Datagram::parse` gives the first five reasons only.
fn header_mistake(reason: DropReason, bytes: &[u8]) -> Mistake {
    let at = |i: usize| bytes.get(i).copied().unwrap_or_default();
    let places = [
        (DropReason::Short, bytes.len(), format!("{} bytes; the smallest datagram has {OVERHEAD}", bytes.len())),
        (DropReason::NotBruit, 0, format!("the first byte is {:#04x}, not {:#04x}", at(0), bruit::wire::MAGIC)),
        (DropReason::UnknownVersion, 1, format!("version {}; this build speaks {VERSION}", at(1))),
        (DropReason::UnknownSuite, 2, format!("suite {} with key {}; this build opens suite 0", at(2), at(3))),
        (DropReason::ReservedBits, 4, format!("flags {:#04x}, or bytes that must be zero, are not", at(4))),
    ];
    match places.into_iter().find(|(r, ..)| *r == reason) {
        Some((_, offset, detail)) => Mistake::new(reason, offset, detail),
        None => Mistake::new(reason, 0, reason.name()),
    }
}
