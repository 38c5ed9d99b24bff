//! `bruit info`: what an agent is, how it feels, and how full it is.

use std::time::Duration;

use bruit_agent::control::Request;
use bruit_agent::view::Info;
use bruit_terminal::failure::Failure;
use bruit_terminal::output::{Cell, DIM, DOUBTFUL, PLAIN, Paint, Table, bytes};

use crate::watch::{self, Show};

/// Show what an agent is: identity, health, limits, memory
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    show: Show,
}

/// Asks and shows.
pub fn run(args: &Args) -> Result<(), Failure> {
    watch::show(&args.show, &Request::Info {}, table)
}

fn table(doc: &Info, paint: Paint) -> String {
    let uptime = humantime::format_duration(Duration::from_secs(doc.uptime_s as u64)).to_string();
    let allocations = doc.allocations_after_start.map_or_else(|| "not counted".to_owned(), |n| n.to_string());
    let health = if doc.health == 0 { "0 (healthy)".to_owned() } else { format!("{} (slowed down)", doc.health) };
    let mut table = Table::new(&["", ""]);
    let facts = [
        ("name", doc.name.clone()),
        ("id", doc.id.clone()),
        ("boot id", doc.boot_id.clone()),
        ("cluster", doc.cluster.clone()),
        ("address", format!("{} (socket at {})", doc.addr, doc.bind)),
        ("zone", if doc.zone.is_empty() { "-".to_owned() } else { doc.zone.clone() }),
        ("profile", doc.profile.clone()),
        ("phase", doc.phase.clone()),
        ("up for", uptime),
        ("health", health),
        ("memory bought", bytes(doc.memory_bytes)),
        ("allocations since start", allocations),
        ("fingerprints", format!("membership {}, state {}", doc.fingerprints.membership, doc.fingerprints.state)),
        (
            "input and output",
            format!(
                "{}, buffers {} in, {} out",
                doc.io,
                bytes(doc.socket.receive_buffer_bytes),
                bytes(doc.socket.send_buffer_bytes)
            ),
        ),
        ("program", format!("bruit {}, process {}", doc.version, doc.pid)),
    ];
    for (name, value) in facts {
        table.row([Cell::new(DIM, name), value.into()]);
    }
    let mut limits = Table::new(&["capacity", ">used", ">max"]);
    for (name, usage) in &doc.limits.0 {
        // The same mark at which the node itself warns (R28).
        let style = if u64::from(usage.used) * 10 >= u64::from(usage.max) * 8 { DOUBTFUL } else { PLAIN };
        limits.row([name.clone().into(), Cell::new(style, usage.used.to_string()), usage.max.to_string().into()]);
    }
    format!("{}\n{}", table.render(paint), limits.render(paint))
}
