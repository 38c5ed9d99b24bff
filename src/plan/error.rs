//! Which demands make no sense? Said with the field, the value and what it can be.

use core::fmt;

use crate::error::ConfigError;

/// Why nothing can be planned from these inputs.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum PlanError {
    /// A value is out of its range.
    OutOfRange {
        /// Which one.
        field: &'static str,
        /// What it is.
        got: f64,
        /// The least it can be.
        min: f64,
        /// The most it can be.
        max: f64,
    },
    /// Each caller picks distinct targets among the others: there must be so many.
    FanoutTooLarge {
        /// Targets of one caller in one round.
        fanout: u32,
        /// All nodes.
        nodes: u32,
    },
    /// With these shares nobody is left alive, or nothing ever arrives.
    NoneLeft {
        /// `dead` or `loss`.
        field: &'static str,
        /// What it is.
        got: f64,
    },
    /// The configuration contradicts itself.
    Config(ConfigError),
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange { field, got, min, max } if max.is_infinite() => {
                write!(f, "{field} is {got}; it must be {min} at least")
            }
            Self::OutOfRange { field, got, min, max } => write!(f, "{field} is {got}; it can be {min} to {max}"),
            Self::FanoutTooLarge { fanout, nodes } => {
                write!(f, "fanout is {fanout}, but there are only {} others; lower it, or plan more nodes", nodes - 1)
            }
            Self::NoneLeft { field: "dead", got } => {
                write!(f, "with a dead share of {got} nobody is left to inform; it must leave at least two nodes alive")
            }
            Self::NoneLeft { field, got } => {
                write!(f, "with a {field} of {got} nothing ever arrives; it must be below 1")
            }
            Self::Config(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for PlanError {}

impl From<ConfigError> for PlanError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

/// `Ok` where the value is in its range; not-a-number never is.
pub fn within(field: &'static str, got: f64, min: f64, max: f64) -> Result<f64, PlanError> {
    if (min..=max).contains(&got) { Ok(got) } else { Err(PlanError::OutOfRange { field, got, min, max }) }
}
