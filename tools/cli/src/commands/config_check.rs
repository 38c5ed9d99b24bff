//! `bruit config check`: every value that an agent started here would run with, and where it comes from.

use bruit::Node;
use bruit_agent::command as agent;
use bruit_config::{KEYS, Resolved};
use bruit_terminal::failure::Failure;
use bruit_terminal::output::{self, BOLD, Cell, DIM, PLAIN, Paint, Table};
use serde::Serialize;

/// Check the configuration that an agent would run with, and show where each value comes from
///
/// Takes the arguments of `bruit agent` and starts nothing. Exit code 5 when a value is invalid or contradicts another.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    agent: agent::Args,
    /// Only what somebody has set
    #[arg(long)]
    changed: bool,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Document {
    schema: u32,
    valid: bool,
    /// What is wrong, a line each.
    errors: Vec<String>,
    warnings: Vec<String>,
    memory_bytes: Option<usize>,
    keys: Vec<KeyDoc>,
}

#[derive(Serialize)]
struct KeyDoc {
    key: &'static str,
    value: String,
    from: String,
    variable: String,
}

/// Resolves, checks, prints.
pub fn run(args: &Args) -> Result<(), Failure> {
    let checked = args.agent.resolve().and_then(|resolved| {
        agent::check(&resolved.settings)?;
        let memory_bytes = Node::memory_bytes(&resolved.settings.params()?);
        Ok((resolved, memory_bytes))
    });
    match (checked, args.json) {
        (Ok((resolved, memory)), true) => output::print_json(&document(&resolved, memory, args.changed)),
        (Ok((resolved, memory)), false) => table(&resolved, memory, args.changed),
        (Err(failure), true) => {
            let errors = failure.cause.lines().map(str::to_owned).collect();
            output::print_json(&Document {
                schema: 1,
                valid: false,
                errors,
                warnings: Vec::new(),
                memory_bytes: None,
                keys: Vec::new(),
            })?;
            Err(failure)
        }
        (Err(failure), false) => Err(failure),
    }
}

fn shown(resolved: &Resolved, changed: bool) -> impl Iterator<Item = &'static bruit_config::Key> {
    KEYS.iter().filter(move |key| !changed || resolved.is_set(key))
}

fn document(resolved: &Resolved, memory_bytes: usize, changed: bool) -> Document {
    let doc = |key: &'static bruit_config::Key| KeyDoc {
        key: key.path,
        value: (key.show)(&resolved.settings),
        from: resolved.origin(key.path).to_string(),
        variable: key.variable(),
    };
    Document {
        schema: 1,
        valid: true,
        errors: Vec::new(),
        warnings: resolved.warnings.clone(),
        memory_bytes: Some(memory_bytes),
        keys: shown(resolved, changed).map(doc).collect(),
    }
}

fn table(resolved: &Resolved, memory_bytes: usize, changed: bool) -> Result<(), Failure> {
    let paint = Paint::stdout();
    let mut table = Table::new(&["key", "value", "from"]);
    for key in shown(resolved, changed) {
        let (value, from) = if resolved.is_set(key) { (BOLD, PLAIN) } else { (PLAIN, DIM) };
        let value = Cell::new(value, (key.show)(&resolved.settings));
        table.row([key.path.into(), value, Cell::new(from, resolved.origin(key.path).to_string())]);
    }
    for warning in &resolved.warnings {
        eprintln!("warning: {warning}");
    }
    output::print(&table.render(paint))?;
    let memory = output::bytes(memory_bytes as u64);
    output::print(&format!("\nThe configuration is valid. The node would buy {memory} of memory.\n"))
}
