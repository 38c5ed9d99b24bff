//! `bruit agg`: what do all owners of an attribute say together?

use std::collections::BTreeMap;

use bruit_terminal::failure::{Code, Failure};
use bruit_terminal::output::{self, Cell, DIM, Paint, Table};
use serde::Serialize;

use super::set::zone;
use crate::fold::Fold;
use bruit_agent::control::{Client, Control, Request};
use bruit_agent::state::asked;
use bruit_agent::state::documents::{Key, Keys};

/// Count, sum and compare an attribute over all members that have it
///
/// Values are decimal numbers; those that are none are counted apart. Members that are down do not count. Exact once all is in step:
/// it is computed from what the agent holds. Exit code 1 where nobody has it.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    control: Control,
    /// Which attribute
    #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
    key: String,
    /// A row for each zone as well
    #[arg(long)]
    by_zone: bool,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

/// `bruit agg --json`.
#[derive(Debug, Serialize)]
struct Aggregate {
    schema: u32,
    key: String,
    /// Values that are no number.
    not_numbers: u64,
    #[serde(flatten)]
    all: Fold,
    by_zone: Option<Vec<InZone>>,
}

#[derive(Debug, Serialize)]
struct InZone {
    zone: String,
    #[serde(flatten)]
    fold: Fold,
}

/// Asks, and reckons.
pub fn run(args: Args) -> Result<(), Failure> {
    let mut client = Client::connect(&args.control)?;
    let asked = asked::Keys { prefix: args.key.clone(), exact: true, ..asked::Keys::default() };
    let doc: Keys = client.ask(&Request::Keys(asked))?;
    let up = |key: &&Key| matches!(key.owner_state.as_deref(), Some("alive" | "suspect"));
    let owned: Vec<&Key> = doc.keys.iter().filter(|key| !key.shared).filter(up).collect();
    if owned.is_empty() {
        let cause = format!("no member that is up has an attribute `{}`", args.key);
        return Err(Failure::new(Code::Failed, cause).advise("`bruit keys` lists what there is"));
    }
    let mut zones: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut not_numbers = 0;
    for key in owned {
        match number(key) {
            Some(number) => zones.entry(key.zone.clone().unwrap_or_default()).or_default().push(number),
            None => not_numbers += 1,
        }
    }
    let all = Fold::of(zones.values().flatten().copied().collect());
    let by_zone = zones.into_iter().map(|(zone, numbers)| InZone { zone, fold: Fold::of(numbers) });
    let by_zone = args.by_zone.then(|| by_zone.collect());
    let aggregate = Aggregate { schema: 1, key: args.key, not_numbers, all, by_zone };
    if args.json { output::print_json(&aggregate) } else { output::print(&text(&aggregate, Paint::stdout())) }
}

fn number(key: &Key) -> Option<f64> {
    key.said.value.as_deref()?.trim().parse().ok().filter(|number: &f64| number.is_finite())
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
