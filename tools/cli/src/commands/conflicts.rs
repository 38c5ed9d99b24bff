//! `bruit conflicts`: shared keys that were written concurrently.

use bruit_terminal::failure::Failure;
use bruit_terminal::output::{self, DIM, Paint, Table};

use super::keys;
use bruit_agent::control::{Client, Control, Request, parse};
use bruit_agent::state::documents::{Key, Keys};
use bruit_agent::state::spelling::shown;

/// List the shared keys that are in conflict, with all values that stand and who wrote them
///
/// Whoever writes such a key next, having seen all of them, settles it.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    control: Control,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

/// Asks and shows.
pub fn run(args: &Args) -> Result<(), Failure> {
    let mut client = Client::connect(&args.control)?;
    let line = client.ask_raw(&Request::Conflicts {})?;
    if args.json {
        return output::print(&format!("{line}\n"));
    }
    let doc: Keys = parse(&line)?;
    let paint = Paint::stdout();
    if doc.keys.is_empty() {
        return output::print(&format!("{}\n", paint.paint(DIM, "no shared key is in conflict")));
    }
    output::print(&table(&doc.keys).render(paint))
}

/// All values that stand of some keys.
pub fn table(keys: &[Key]) -> Table {
    let mut table = Table::new(&["key", "writer", ">version", "value"]);
    for key in keys {
        for writer in &key.writers {
            let value = if writer.absent { "(unset)".to_owned() } else { keys::shortened(&keys::said(&writer.said)) };
            table.row([
                shown(&key.key, key.key_hex.as_deref()).into(),
                writer.writer.clone().into(),
                format!("{}.{}", writer.life, writer.version).into(),
                value.into(),
            ]);
        }
    }
    table
}
