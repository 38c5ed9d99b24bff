//! Where is the program that runs one node? Beside our own, where cargo builds both, or where `--bin` says.

use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The file of the program.
const FILE: &str = "bruit";

/// The program to run: the one given, otherwise the one beside our own.
///
/// # Errors
/// When there is none, with how to build it.
pub fn find(given: Option<&Path>) -> Result<PathBuf, Failure> {
    let path = match given {
        Some(path) => path.to_owned(),
        None => std::env::current_exe().map_err(Failure::doing("asking where this program is"))?.with_file_name(FILE),
    };
    if path.is_file() {
        return Ok(path);
    }
    let path = path.display();
    Err(Failure::new(format_args!(
        "no agent at {path}; build it with `cargo build --release -p bruit-cli`, or give --bin"
    )))
}
