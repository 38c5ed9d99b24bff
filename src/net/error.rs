//! Why not? What the operator, the machine or the loop has against a start or a command, and what to do about it.

use core::fmt;
use core::net::SocketAddr;
use std::io;

use crate::error::{ConfigError, Refusal};

/// Why a node did not start. Nothing is left behind: no socket, no thread.
#[derive(Debug)]
pub enum StartError {
    /// A value in the options, the identity or the parameters.
    Config(ConfigError),
    /// Another socket has the address.
    PortTaken(SocketAddr),
    /// The process may not listen there.
    NoPermission(SocketAddr),
    /// No interface of this machine has the address.
    NotOurAddress(SocketAddr),
    /// What is sent to the address advertised cannot arrive at the one bound: one is IPv4, the other IPv6.
    FamiliesDiffer {
        /// The address bound.
        bind: SocketAddr,
        /// The address advertised.
        advertised: SocketAddr,
    },
    /// The operating system refused something else.
    Os {
        /// What was being done.
        doing: &'static str,
        /// What it said.
        error: io::Error,
    },
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::PortTaken(at) => write!(f, "{at} is taken; stop what listens there, or bind another port"),
            Self::NoPermission(at) => {
                write!(f, "this process may not listen on {at}; take a port above 1023, or grant CAP_NET_BIND_SERVICE")
            }
            Self::NotOurAddress(at) => {
                write!(f, "no interface has the address {}; bind one that `ip addr` lists, or 0.0.0.0 or [::]", at.ip())
            }
            Self::FamiliesDiffer { bind, advertised } => {
                write!(
                    f,
                    "what is sent to {advertised} cannot arrive at {bind}; bind [::], or an address of the same kind"
                )
            }
            Self::Os { doing, error } => write!(f, "{doing}: {error}"),
        }
    }
}

impl core::error::Error for StartError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Config(error) => Some(error),
            Self::Os { error, .. } => Some(error),
            Self::PortTaken(_) | Self::NoPermission(_) | Self::NotOurAddress(_) | Self::FamiliesDiffer { .. } => None,
        }
    }
}

impl From<ConfigError> for StartError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

/// Why a command was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandError {
    /// The node refused it.
    Refused(Refusal),
    /// As many commands as permitted wait for the loop already.
    QueueFull,
    /// The loop has not answered in time; it is wedged or starved. The command may still be carried out.
    NoAnswer,
    /// The node has ended.
    Stopped,
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::QueueFull => f.write_str("too many commands wait for the loop; try again later"),
            Self::NoAnswer => f.write_str("the loop has not answered in time; the command may still be carried out"),
            Self::Stopped => f.write_str("the node is stopped; start a new one"),
        }
    }
}

impl core::error::Error for CommandError {}
