//! How does the text get its figures? A template in which each section names what it wants, and may claim nothing that was
//! not looked at.
//!
//! `{{name}}` is replaced by a value. `{{holds name}}` is replaced by nothing, once what is said before it has been checked: a
//! section with a sentence that has become untrue is not written. A section begins with `## `; the name in the
//! backquotes of that line is its own.

use bruit_terminal::failure::{Code, Failure};

use super::section::Section;

/// Where the text of a section and what was played for it do not go together.
#[derive(Debug)]
pub struct Misfit(String);

/// Whether there is none; the failure names all.
pub fn all_fit(misfits: &[Misfit]) -> Result<(), Failure> {
    if misfits.is_empty() {
        return Ok(());
    }
    let all: Vec<_> = misfits.iter().map(|misfit| misfit.0.as_str()).collect();
    Err(Failure::new(Code::Failed, format_args!("these sections are not written:\n{}", all.join("\n")))
        .advise("mend the text, tools/experiments/src/sim/all/experiments.md; --json shows the figures"))
}

/// The document without figures.
const TEMPLATE: &str = include_str!("experiments.md");

/// A document in parts.
#[derive(Debug)]
pub struct Parts<'a> {
    /// What stands before the first section.
    pub head: &'a str,
    /// Each section from its heading on, by its name.
    pub sections: Vec<(&'a str, &'a str)>,
}

/// The template in parts.
pub fn template() -> Parts<'static> {
    parts(TEMPLATE)
}

/// A document in parts; headings without a name belong to the section before.
pub fn parts(document: &str) -> Parts<'_> {
    let starts = document.match_indices("\n## ").map(|(at, _)| at + 1);
    let named = starts.filter_map(|at| Some((at, name(document[at..].lines().next()?)?)));
    let named: Vec<_> = named.collect();
    let ends = named.iter().skip(1).map(|(at, _)| *at).chain([document.len()]);
    let sections = named.iter().zip(ends).map(|((at, name), end)| (*name, &document[*at..end])).collect();
    Parts { head: &document[..named.first().map_or(document.len(), |(at, _)| *at)], sections }
}

fn name(heading: &str) -> Option<&str> {
    heading.split('`').nth(1)
}

/// A section's text with what was played for it.
pub fn fill(text: &str, section: &Section) -> Result<String, Misfit> {
    let mut out = String::with_capacity(2 * text.len());
    let mut wrong = Vec::new();
    let mut asked = Vec::new();
    let mut pieces = text.split("{{");
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let (name, rest) = piece.split_once("}}").unwrap_or((piece, ""));
        asked.push(name);
        match name.strip_prefix("holds ").map(|claim| section.claims.get(claim)) {
            Some(Some(true)) => {}
            Some(Some(false)) => wrong.push(format!("does not hold any more: {name}, after `{}`", last_words(&out))),
            Some(None) => wrong.push(format!("nobody has checked: {name}")),
            None => match section.values.get(name) {
                Some(value) => out.push_str(value),
                None => wrong.push(format!("there is no value: {name}")),
            },
        }
        out.push_str(rest);
    }
    let values = section.values.keys().filter(|name| !asked.contains(&name.as_str()));
    wrong.extend(values.map(|name| format!("the text does not use {name}")));
    let claims = section.claims.keys().filter(|name| !asked.contains(&format!("holds {name}").as_str()));
    wrong.extend(claims.map(|name| format!("the text does not claim {name}")));
    let pictures = section.pictures.keys().filter(|file| !text.contains(&format!("(experiments/{file})")));
    wrong.extend(pictures.map(|file| format!("the text does not show {file}")));
    let heading = text.lines().next().unwrap_or_default();
    if wrong.is_empty() { Ok(out) } else { Err(Misfit(format!("{heading:?}:\n  {}", wrong.join("\n  ")))) }
}

fn last_words(text: &str) -> &str {
    let line = text.lines().last().unwrap_or_default();
    line.char_indices().rev().nth(79).map_or(line, |(at, _)| &line[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section() -> Section {
        let mut section = Section::new(1);
        section.set("n", "17");
        section.claim("few", true);
        section
    }

    #[test]
    fn names_are_replaced_and_claims_vanish() {
        let text = fill("## `x`\nThere were {{n}}, few.{{holds few}}\n", &section()).expect("all there");
        assert_eq!(text, "## `x`\nThere were 17, few.\n");
    }

    #[test]
    fn what_is_missing_unused_or_untrue_is_named() {
        let mut section = section();
        section.claim("few", false);
        section.picture("x.svg", String::new());
        section.set("spare", "");
        let error =
            fill("There were {{m}}, few.{{holds few}} And old.{{holds old}} {{n}}", &section).expect_err("wrong");
        let said = all_fit(&[error]).expect_err("one does not").to_string();
        for part in ["no value: m", "`There were , few.`", "nobody has checked: holds old", "use spare", "show x.svg"] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }

    #[test]
    fn the_committed_document_is_this_text_with_figures() {
        let mut rest = include_str!("../../../../../docs/experiments.md");
        for piece in TEMPLATE.split("{{") {
            let words = piece.split_once("}}").map_or(piece, |(_, words)| words);
            let at = rest.find(words);
            let at = at.unwrap_or_else(|| panic!("play it again, `bruit sim all --out docs`: it lacks {words:?}"));
            rest = &rest[at + words.len()..];
        }
    }

    #[test]
    fn parts_are_the_whole() {
        let text = "# T\nhead\n\n## A: `a`\none\n\n## No name\n\n## B: `b`\ntwo\n";
        let Parts { head, sections } = parts(text);
        assert_eq!(sections.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!([head, sections[0].1, sections[1].1].concat(), text);
    }
}
