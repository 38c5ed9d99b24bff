//! What does a person hand over? A text, or standard input as it is.

use std::io::Read;

use bruit_terminal::failure::{Code, Failure};

use bruit_agent::control::REQUEST_MAX;

/// Hexadecimal digits double it, and the request has room for the rest of itself.
const MAX: u64 = REQUEST_MAX / 2 - 1_024;

/// The bytes of an argument; those of standard input where it is `-`. `what` is to carry them.
pub fn given(argument: String, what: &str) -> Result<Vec<u8>, Failure> {
    if argument != "-" {
        return Ok(argument.into_bytes());
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(MAX + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::new(Code::Failed, format_args!("cannot read standard input: {error}")))?;
    if bytes.len() as u64 > MAX {
        let cause = format!("standard input has more than {MAX} bytes, which no {what} carries");
        return Err(Failure::new(Code::Failed, cause).advise("tell where it is to be had, and let others fetch it"));
    }
    Ok(bytes)
}
