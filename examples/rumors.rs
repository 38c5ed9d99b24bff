//! A rumor from one node to another: `cargo run --example rumors`. Both live in this process; in yours there is one.

use bruit::net::{self, Delivery, Handle};
use bruit::{Class, Config, Identity, Name, Order, Profile, Topic};
use core::net::SocketAddr;
use core::time::Duration;

fn start(name: &str, seeds: &[SocketAddr]) -> Result<Handle, Box<dyn core::error::Error>> {
    let addr = "127.0.0.1:0".parse()?;
    let name = Name::new(name).ok_or("a name")?;
    let identity = Identity { name, cluster: "rumors", addr, boot: net::fresh_boot()?, zone: "", tags: &[] };
    let options = net::Options { bind: addr, ..net::Options::default() };
    Ok(net::start(Config::new(Profile::Local).try_into()?, &identity, seeds, &options)?)
}

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let teller = start("teller", &[])?;
    let listener = start("listener", &[teller.addr()])?;
    let prices = Topic::new("prices");
    listener.subscribe(Some(prices), Order::Arrival)?;
    while teller.members().len() < 2 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let id = teller.publish(prices, Class::Urgent, b"EURUSD 1.0842")?;
    println!("{} has published {id}", teller.name());
    while let Some(delivery) = listener.next_rumor(Duration::from_secs(1)) {
        match delivery {
            Delivery::Rumor(rumor) => println!("{} hears {}", listener.name(), String::from_utf8_lossy(&rumor.payload)),
            // What is lost is told: read it again where it is retained, or fetch what it was about.
            other => println!("{other:?}"),
        }
    }
    Ok(())
}
