//! `bruit agg`: what do all owners of an attribute say together?

use bruit_terminal::failure::Failure;
use bruit_terminal::output::{self, Cell, DIM, Paint, Table};

use super::set::zone;
use crate::keys::key;
use bruit_agent::control::{Client, Control, Request, parse};
use bruit_agent::state::asked;
use bruit_agent::state::documents::{Aggregate, Fold};
use bruit_agent::state::spelling::Spelled;

/// Count, sum and compare an attribute over all members that have it
///
/// Values are decimal numbers, or sketches of many; those that are neither are counted apart. Members that are down do not count. Computed
/// from what the agent holds: exact once all is in step, but for quantiles, which are within 1.6 %. Exit code 1 where nobody has it.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    control: Control,
    /// Which attribute; \xNN is a byte of it, in hexadecimal digits, and \\ a backslash
    #[arg(value_parser = key)]
    key: Spelled,
    /// A row for each zone as well
    #[arg(long)]
    by_zone: bool,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

/// Asks and shows.
pub fn run(args: &Args) -> Result<(), Failure> {
    let mut client = Client::connect(&args.control)?;
    let (key, key_hex) = args.key.fields();
    let line = client.ask_raw(&Request::Agg(asked::Agg { key, key_hex, by_zone: args.by_zone }))?;
    if args.json {
        return output::print(&format!("{line}\n"));
    }
    output::print(&text(&parse(&line)?, Paint::stdout()))
}

fn text(aggregate: &Aggregate, paint: Paint) -> String {
    let titles = ["zone", ">count", ">sum", ">mean", ">min", ">p50", ">p90", ">p99", ">max"];
    let mut table = Table::new(if aggregate.by_zone.is_some() { &titles } else { &titles[1..] });
    let figures = |fold: &Fold| -> Vec<Cell> {
        let of = [fold.mean, fold.min, fold.p50, fold.p90, fold.p99, fold.max];
        let shown = |figure: Option<f64>| figure.map_or_else(|| "-".to_owned(), shown);
        let figures = of.into_iter().map(|figure| shown(figure).into());
        [fold.count.to_string().into(), shown(Some(fold.sum)).into()].into_iter().chain(figures).collect()
    };
    match &aggregate.by_zone {
        None => table.row(figures(&aggregate.all)),
        Some(zones) => {
            let zones = zones.iter().map(|one| (zone(&one.zone), &one.fold)).chain([("all", &aggregate.all)]);
            zones.for_each(|(zone, fold)| table.row([zone.to_owned().into()].into_iter().chain(figures(fold))));
        }
    }
    let mut text = table.render(paint);
    if aggregate.not_numbers > 0 {
        text += &format!("{}\n", paint.paint(DIM, &format!("{} more are no number", aggregate.not_numbers)));
    }
    text
}

/// As many digits as it takes, six of a fraction at most.
fn shown(figure: f64) -> String {
    let text = format!("{figure:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
