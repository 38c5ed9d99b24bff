//! `bruit decode`: takes datagrams apart, from hex or from a capture.

use std::io::Read;
use std::path::PathBuf;

use bruit_terminal::failure::{Code, Failure};
use bruit_terminal::output::{self, BAD, BOLD, DIM, GOOD, Paint, Table};
use serde::Serialize;

use crate::decode::dissect::{self, Dissection};
use crate::decode::input;
use crate::decode::verify::{Checksum, Known};

/// Take datagrams apart: hex (one per line) or a pcap file
///
/// Checksums are verified where everything that they cover is known: the cluster's label (--cluster) and the boot ids of
/// both ends, which introductions and profiles in the same input tell, or --boot.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file; standard input when not given
    file: Option<PathBuf>,
    /// The cluster's label, to verify checksums
    #[arg(long, value_name = "LABEL")]
    cluster: Option<String>,
    /// A boot id (16 hexadecimal digits, as `bruit info` shows it) to try; may be repeated
    #[arg(long, value_name = "ID", value_parser = boot)]
    boot: Vec<u64>,
    /// Of a capture, only packets from or to this port
    #[arg(long)]
    port: Option<u16>,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

fn boot(text: &str) -> Result<u64, String> {
    u64::from_str_radix(text, 16).map_err(|_| "a boot id is 16 hexadecimal digits".to_owned())
}

#[derive(Serialize)]
struct Document {
    schema: u32,
    datagrams: Vec<Dissection>,
    skipped: usize,
}

/// Reads, takes apart, prints.
pub fn run(args: &Args) -> Result<(), Failure> {
    let bytes = read(args)?;
    let input = input::read(&bytes, args.port)?;
    let mut known = Known::new(args.cluster.as_deref(), &args.boot);
    for found in &input.found {
        known.learn(&found.bytes);
    }
    let dissect = |(i, found)| dissect::dissect(i + 1, found, &known);
    let datagrams: Vec<Dissection> = input.found.iter().enumerate().map(dissect).collect();
    let malformed = datagrams.iter().filter(|d| d.error.is_some()).count();
    let total = datagrams.len();
    if args.json {
        output::print_json(&Document { schema: 1, datagrams, skipped: input.skipped })?;
    } else {
        let paint = Paint::stdout();
        for datagram in &datagrams {
            output::print(&text(datagram, paint))?;
        }
        if input.skipped > 0 {
            output::print(&format!("{} other packets skipped\n", input.skipped))?;
        }
    }
    match (total, malformed) {
        (0, _) => Err(Failure::new(Code::Failed, "no datagram in the input")
            .advise("give hex, one datagram per line, or a pcap file that holds some")),
        (_, 0) => Ok(()),
        _ => Err(Failure::new(Code::Failed, format_args!("{malformed} of {total} datagrams are malformed"))),
    }
}

fn read(args: &Args) -> Result<Vec<u8>, Failure> {
    let cannot = |what: String, error| Failure::new(Code::Failed, format_args!("cannot read {what}: {error}"));
    match &args.file {
        Some(path) => std::fs::read(path).map_err(|error| cannot(path.display().to_string(), error)),
        None => {
            let mut bytes = Vec::new();
            std::io::stdin().read_to_end(&mut bytes).map_err(|error| cannot("standard input".to_owned(), error))?;
            Ok(bytes)
        }
    }
}

fn text(d: &Dissection, paint: Paint) -> String {
    let route = d.from.iter().zip(&d.to).map(|(from, to)| format!("  {from} -> {to}"));
    let time = d.time.iter().map(|time| format!("  {time}"));
    let place: String = route.chain(time).collect();
    let mut out = format!("{}{place}  {} bytes\n", paint.paint(BOLD, &format!("#{}", d.number)), d.bytes);
    let mut table = Table::new(&["", ""]);
    let mut label = "  header";
    for line in d.header.iter().flat_map(|header| fold(&header.text())) {
        table.row([output::Cell::new(DIM, std::mem::take(&mut label)), line.into()]);
    }
    if let Some(checksum) = &d.checksum {
        let (style, said) = match checksum {
            Checksum::Verified => (GOOD, "verified".to_owned()),
            Checksum::Corrupt => (BAD, "does not fit".to_owned()),
            Checksum::NotVerified(why) => (DIM, format!("not verified: {why}")),
        };
        table.row([output::Cell::new(DIM, "  checksum"), output::Cell::new(style, said)]);
    }
    for section in &d.sections {
        let mut name = format!("  {}", section.kind);
        for line in section.records.iter().flat_map(|record| fold(&record.text())) {
            table.row([std::mem::take(&mut name).into(), line.into()]);
        }
        if section.records.is_empty() {
            table.row([name.into(), "nothing".into()]);
        }
    }
    if let Some(error) = &d.error {
        let said = format!("at byte {}: {} ({})", error.offset, error.detail, error.reason);
        table.row([output::Cell::new(BAD, "  malformed"), output::Cell::new(BAD, said)]);
    }
    out.push_str(&table.render(paint));
    out
}

/// Breaks a record between its fields, so that the whole stays within 80 columns where the fields permit.
fn fold(text: &str) -> Vec<String> {
    const WIDTH: usize = 64;
    let mut lines = vec![String::new()];
    for field in text.split("  ") {
        let last = lines.last_mut().filter(|l| !l.is_empty() && l.chars().count() + 2 + field.chars().count() <= WIDTH);
        match last {
            Some(line) => line.extend(["  ", field]),
            None => lines.push(field.to_owned()),
        }
    }
    lines.retain(|line| !line.is_empty());
    lines
}
