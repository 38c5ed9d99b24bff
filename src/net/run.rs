//! Who drives the node? One loop that owns the socket, the [`Node`](crate::Node) and all buffers.

use core::net::SocketAddr;
use std::io;

use super::error::StartError;
use super::handle::Handle;
use super::options::Options;
use crate::config::Params;
use crate::id::BootId;
use crate::node::Identity;

/// Binds, buys everything, and runs the loop on a thread of its own that bears the node's name. No seeds: founds a cluster.
///
/// # Errors
/// What has to be changed for the node to start.
pub fn start(
    params: Params,
    identity: &Identity<'_>,
    seeds: &[SocketAddr],
    options: &Options,
) -> Result<Handle, StartError> {
    let (_looped, handle) = Loop::new(params, identity, seeds, options)?;
    Ok(handle)
}

/// 64 bits from the operating system, for [`Identity::boot`].
///
/// # Errors
/// When the system has none to give.
pub fn fresh_boot() -> Result<BootId, StartError> {
    unimplemented!()
}

/// A bound node that does not run yet, for those who bring the thread.
#[derive(Debug)]
pub struct Loop(());

impl Loop {
    /// Binds and buys everything. No seeds: founds a cluster. From here on datagrams wait in the kernel.
    ///
    /// # Errors
    /// What has to be changed for the node to start.
    pub fn new(
        _params: Params,
        _identity: &Identity<'_>,
        _seeds: &[SocketAddr],
        _options: &Options,
    ) -> Result<(Self, Handle), StartError> {
        unimplemented!()
    }

    /// Runs on this thread until [`Handle::stop`], or until the last handle is dropped. Allocates nothing.
    ///
    /// # Errors
    /// When the operating system no longer waits for the socket; the node is gone then.
    pub fn run(self) -> io::Result<()> {
        unimplemented!()
    }
}
