//! `bruit sim all`: plays everything that docs/experiments.md tells of, and writes it.
//!
//! The text is a template; every figure of ours in it comes from what is played here, and so does every statement about these
//! figures: those that are not numbers are checked. Nothing that a machine or a clock decides is written, so that the same
//! seed gives the same files to the bit.

mod section;
mod sections;
mod template;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bruit_terminal::failure::{Code, Failure};
use bruit_terminal::output;
use clap::builder::PossibleValuesParser;
use serde::Serialize;
use serde_json::Value;

use section::Section;
use sections::SECTIONS;
use template::Parts;

/// The document's file, and the folder of its pictures.
const DOCUMENT: &str = "experiments.md";
const PICTURES: &str = "experiments";

/// Play everything that docs/experiments.md tells of, and write it with its pictures: some minutes
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Writes experiments.md and experiments/*.svg into the folder. With --only the other sections stay as they are."
)]
pub struct Args {
    /// The folder to write into
    #[arg(long, value_name = "DIR", required_unless_present = "json")]
    out: Option<PathBuf>,
    /// Only this section; may be given several times
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(SECTIONS.map(|(name, _)| name)))]
    only: Vec<String>,
    /// The seed of every first run
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// All figures as one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Document {
    schema: u32,
    seed: u64,
    /// For each section what its experiments give to a script, in the order of its commands.
    sections: BTreeMap<&'static str, Value>,
}

/// Plays it and writes what came out.
pub fn run(args: &Args) -> Result<(), Failure> {
    let template = template::template();
    let present = match &args.out {
        // Whoever may not write there shall not wait for minutes to be told.
        Some(out) => std::fs::create_dir_all(out.join(PICTURES))
            .map_err(|error| unwritable(out, &error))
            .and_then(|()| present(out, args))?,
        None => String::new(),
    };
    let (mut texts, mut pictures) = (BTreeMap::new(), BTreeMap::new());
    let mut misfits = Vec::new();
    let mut document = Document { schema: 1, seed: args.seed, sections: BTreeMap::new() };
    for (name, play) in SECTIONS.iter().filter(|(name, _)| wanted(args, name)) {
        let mut section = Section::new(args.seed);
        play(&mut section)?;
        document.sections.insert(name, section.finish());
        if args.out.is_some() {
            let text = template.sections.iter().find(|(section, _)| section == name).map_or("", |(_, text)| text);
            match template::fill(text, &section) {
                Ok(text) => drop(texts.insert(*name, text)),
                Err(why) => misfits.push(why),
            }
        }
        pictures.extend(section.pictures);
    }
    if let Some(out) = &args.out {
        write_pictures(&out.join(PICTURES), &pictures)?;
        write(&out.join(DOCUMENT), &whole(args, &template, &template::parts(&present), &texts))?;
    }
    if args.json {
        output::print_json(&document)?;
    }
    template::all_fit(&misfits)
}

fn wanted(args: &Args, name: &str) -> bool {
    args.only.is_empty() || args.only.iter().any(|only| only == name)
}

/// The document that is there, of which parts are kept.
fn present(out: &Path, args: &Args) -> Result<String, Failure> {
    let path = out.join(DOCUMENT);
    if !path.exists() {
        return Ok(String::new());
    }
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Failure::new(Code::Failed, format_args!("cannot read {}: {error}", path.display())))?;
    if template::parts(&text).head == head(args.seed, &template::template()) {
        return Ok(text);
    }
    if args.only.is_empty() {
        return Ok(String::new());
    }
    Err(Failure::new(Code::Failed, format_args!("{} is of another seed, or another version", path.display()))
        .advise("play all of it, or choose another folder"))
}

fn head(seed: u64, template: &Parts<'_>) -> String {
    template.head.replace("{{seed}}", &seed.to_string())
}

/// Sections that were played, and what is kept of the present document, in the template's order.
fn whole(args: &Args, template: &Parts<'_>, present: &Parts<'_>, texts: &BTreeMap<&str, String>) -> String {
    let section = |(name, _): &(&str, &str)| {
        let kept = || present.sections.iter().find(|(kept, _)| kept == name).map(|(_, text)| (*text).to_owned());
        texts.get(name).cloned().or_else(kept)
    };
    let sections = template.sections.iter().filter_map(section).map(|text| text.trim_end().to_owned());
    let text: Vec<_> = [head(args.seed, template).trim_end().to_owned()].into_iter().chain(sections).collect();
    text.join("\n\n") + "\n"
}

fn write_pictures(folder: &Path, pictures: &BTreeMap<&str, String>) -> Result<(), Failure> {
    pictures.iter().try_for_each(|(file, svg)| write(&folder.join(file), svg))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Code::Failed, format_args!("cannot write {}: {error}", path.display()))
        .advise("name a folder that you may write to")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_the_sections_that_are_played_in_their_order() {
        let named: Vec<_> = template::template().sections.iter().map(|(name, _)| *name).collect();
        assert_eq!(named, SECTIONS.map(|(name, _)| name));
    }
}
