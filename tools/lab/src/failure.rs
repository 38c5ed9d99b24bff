//! Why could it not be measured? A sentence with what can be done about it.

use std::fmt;

/// Why a measurement did not come to its end. What it had started is ended by then.
#[derive(Debug)]
pub enum Failure {
    /// Ctrl-C, or a request to terminate.
    Interrupted,
    /// Something else, in words.
    Because(String),
}

impl Failure {
    /// A failure in these words.
    pub fn new(cause: impl fmt::Display) -> Self {
        Self::Because(cause.to_string())
    }

    /// For `map_err`: what was being done, then what the error says.
    pub fn doing<E: fmt::Display>(what: impl fmt::Display) -> impl FnOnce(E) -> Self {
        move |error| Self::Because(format!("{what}: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interrupted => f.write_str("interrupted; everything started is ended"),
            Self::Because(cause) => f.write_str(cause),
        }
    }
}

impl std::error::Error for Failure {}
