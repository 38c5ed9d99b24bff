//! A running node in ten lines: `cargo run --example embed -- NAME BIND [SEED]...`, for example
//! `embed a 127.0.0.1:4100` and then `embed b 127.0.0.1:4101 127.0.0.1:4100` in another terminal.

use bruit::{Config, Identity, Name, Profile, net};
use core::net::SocketAddr;
use core::time::Duration;

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let mut args = std::env::args().skip(1);
    let name = args.next().as_deref().and_then(Name::new).ok_or("usage: embed NAME BIND [SEED]...")?;
    let addr = args.next().unwrap_or_else(|| "127.0.0.1:4100".into()).parse()?;
    let seeds = args.map(|seed| seed.parse()).collect::<Result<Vec<SocketAddr>, _>>()?;

    let params = Config::new(Profile::Lan).try_into()?;
    let identity = Identity { name, cluster: "embed", addr, boot: net::fresh_boot()?, zone: "", tags: &[] };
    let options = net::Options { bind: addr, ..net::Options::default() };
    let node = net::start(params, &identity, &seeds, &options)?;
    while !node.wait_stopped(Duration::ZERO) {
        if let Some(event) = node.next_event(Duration::from_secs(1)) {
            println!("{} with {} members: {event:?}", node.name(), node.members().len());
        }
    }
    Ok(())
}
