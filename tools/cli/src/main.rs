//! The command line of bruit.
fn main() {}
