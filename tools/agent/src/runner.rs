//! How is a node run here? On a thread of its own, as the library would do it, with its allocations counted.

use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use bruit::net::{Handle, Loop, Options, StartError};
use bruit::{Identity, Params};

/// Starts a node; `ended` is called on its thread when the loop has ended, for whatever reason.
///
/// # Errors
/// What has to be changed for the node to start.
pub fn start(
    params: Params,
    identity: &Identity<'_>,
    seeds: &[SocketAddr],
    options: &Options,
    ended: impl FnOnce(io::Result<()>) + Send + 'static,
) -> Result<Handle, StartError> {
    let (looped, handle) = Loop::new(params, identity, seeds, options)?;
    let work = move || {
        let run = AssertUnwindSafe(|| crate::allocations::count(|| looped.run()));
        // A loop that panics must end the agent, not leave it standing without one.
        ended(catch_unwind(run).unwrap_or_else(|_| Err(io::Error::other("it panicked; the message is above"))));
    };
    thread::Builder::new()
        .name(identity.name.to_string())
        .spawn(work)
        .map_err(|error| StartError::Os { doing: "starting the loop's thread", error })?;
    Ok(handle)
}
