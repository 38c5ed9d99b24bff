//! How does a person name a key?

use bruit_agent::state::spelling::Spelled;

/// An argument that names a key: never an empty one.
pub fn key(text: &str) -> Result<Spelled, String> {
    if text.is_empty() { Err("a key has a byte at least".to_owned()) } else { text.parse() }
}
