//! What went wrong, whose doing was it, and what can be done? One type for every way in which a command ends badly.

use std::fmt;
use std::io;

/// The exit codes that scripts rely on; 0 is success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    /// The reader of our output went away: nothing is wrong.
    PipeClosed = 0,
    /// It was tried and did not work.
    Failed = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// No agent, or no peer, answers.
    Unreachable = 3,
    /// A condition was not met in time.
    NotMet = 4,
    /// A configuration, or a key in it, is invalid.
    Invalid = 5,
}

impl Code {
    /// The code with this number: how a client takes over what the agent said.
    pub fn from_number(n: u8) -> Self {
        match n {
            2 => Self::Usage,
            3 => Self::Unreachable,
            4 => Self::NotMet,
            5 => Self::Invalid,
            _ => Self::Failed,
        }
    }
}

/// Why a command ended, and what to do about it.
#[derive(Debug)]
pub struct Failure {
    /// Becomes the exit code.
    pub code: Code,
    /// What happened, with names and numbers; may have several lines.
    pub cause: String,
    /// What the reader can do.
    pub advice: Option<String>,
}

impl Failure {
    /// A failure without advice.
    pub fn new(code: Code, cause: impl fmt::Display) -> Self {
        Self { code, cause: cause.to_string(), advice: None }
    }

    /// The same with advice.
    pub fn advise(mut self, advice: impl fmt::Display) -> Self {
        self.advice = Some(advice.to_string());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cause)?;
        self.advice.as_ref().map_or(Ok(()), |advice| write!(f, "\n  {advice}"))
    }
}

impl From<io::Error> for Failure {
    /// Of writing to standard output; every other source of I/O errors names what it was doing.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new(Code::PipeClosed, "the reader of the output went away"),
            _ => Self::new(Code::Failed, format_args!("cannot write the output: {error}")),
        }
    }
}
