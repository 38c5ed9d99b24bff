//! Settings that three nodes share: `cargo run --example settings`. All live in this process; in yours there is one.
//!
//! Two write the same key before either has heard of the other: a conflict, reported to all with both values, until somebody who has
//! seen them decides.

use bruit::net::{self, Change, Handle, Merged};
use bruit::{Class, Config, Event, Identity, Name, Profile, SharedOp, SharedWrite};
use core::net::SocketAddr;
use core::time::Duration;

type Outcome<T> = Result<T, Box<dyn core::error::Error>>;

const KEY: &[u8] = b"db/replicas";

fn start(name: &str, seeds: &[SocketAddr]) -> Outcome<Handle> {
    let addr = "127.0.0.1:0".parse()?;
    let name = Name::new(name).ok_or("a name")?;
    let identity = Identity { name, cluster: "settings", addr, boot: net::fresh_boot()?, zone: "", tags: &[] };
    let options = net::Options { bind: addr, ..net::Options::default() };
    Ok(net::start(Config::new(Profile::Local).try_into()?, &identity, seeds, &options)?)
}

fn write(node: &Handle, value: &[u8]) -> Outcome<()> {
    println!("{} writes {}", node.name(), String::from_utf8_lossy(value));
    let op = SharedOp::Set(value);
    Ok(node.write_shared(&SharedWrite { key: KEY, op, rule: None, class: Class::Urgent, wall_ms: 0 })?)
}

/// Waits until the setting is this at a node; a conflict is `None`.
fn hear(node: &Handle, wanted: Option<&[u8]>) -> Outcome<()> {
    loop {
        let setting = node.shared(KEY)?;
        match setting.as_ref().map(|setting| &setting.value) {
            Some(Merged::Bytes(value)) if wanted == Some(value) => {
                println!("{} reads {}", node.name(), String::from_utf8_lossy(value));
                return Ok(());
            }
            Some(Merged::Conflict) if wanted.is_none() => {
                let standing = setting.iter().flat_map(|setting| &setting.contributions).filter(|said| !said.dominated);
                let said: Vec<_> = standing.map(|said| String::from_utf8_lossy(&said.said).into_owned()).collect();
                println!("{} is told of a conflict between {}", node.name(), said.join(" and "));
                return Ok(());
            }
            _ => {}
        }
        // Each change of what is watched wakes it; what was lost because nobody read it is read anew.
        match node.next_change(Duration::from_secs(30)).ok_or("nothing has changed")? {
            Change::Changed(_) | Change::Conflict(_) | Change::Resync { .. } => {}
        }
    }
}

fn main() -> Outcome<()> {
    let [a, b] = [start("a", &[])?, start("b", &[])?];
    for node in [&a, &b] {
        node.watch(b"db/")?;
        while !matches!(node.next_event(Duration::from_secs(30)).ok_or("it does not start")?, Event::Joined { .. }) {}
    }
    // Neither knows of the other yet.
    write(&a, b"2")?;
    write(&b, b"3")?;
    b.join(&[a.addr()])?;
    let c = start("c", &[a.addr()])?;
    c.watch(b"db/")?;
    for node in [&a, &b, &c] {
        hear(node, None)?;
    }
    // Who has seen both writes over both.
    write(&c, b"5")?;
    for node in [&a, &b, &c] {
        hear(node, Some(b"5"))?;
    }
    Ok(())
}
