//! Owners that are no members: what they have written is told to a node, page by page, as another member would tell it.

use super::{KEYS, VALUE};
use crate::config::{Config, Params};
use crate::error::ConfigError;
use crate::id::NodeId;
use crate::limits::Limits;
use crate::rumor::Class;
use crate::sim::{HostId, Observer, World};
use crate::state::{Draft, Nature};
use crate::wire::{Binding, Header, StateEntry, StateHead, Writer};

const LIFE: u32 = 1;
const NATURE: Nature = Nature { class: Class::Normal, durable: true, shared: false, removed: false };

/// What is told of an owner.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fed {
    /// All its keys.
    All,
    /// That it has written one of them anew.
    Anew(u32),
}

/// The parameters of nodes that have room for so many owners.
pub(super) fn room(config: &Config, members: u32, owners: u32) -> Result<Params, ConfigError> {
    let keys = owners * KEYS;
    let limits = Limits {
        state_owners: owners + members,
        state_keys: keys + keys / 8 + 64,
        state_bytes: (keys + keys / 8) * 80 + (1 << 16),
        ..Limits::for_members(members)
    };
    Params::new(config, &limits)
}

fn owner(nth: u32) -> NodeId {
    NodeId::from_name(&format!("owner{nth}"))
}

/// Tells `host` in the name of `teller`, who is a member to it, what owners have written. Nothing of it is news: it is older than anything
/// that is under way.
pub(super) fn feed<O: Observer>(
    world: &mut World<O>,
    (host, teller): (HostId, HostId),
    owners: impl Iterator<Item = (u32, Fed)>,
) {
    for (nth, fed) in owners {
        let bytes = page(world, (host, teller), owner(nth), fed);
        world.inject(world.addr(teller), host, &bytes);
        world.run_for(crate::time::Span::ZERO);
    }
}

fn page<O: Observer>(world: &World<O>, (host, teller): (HostId, HostId), owner: NodeId, fed: Fed) -> Vec<u8> {
    let (host, teller) = (world.node(host).expect("it runs"), world.node(teller).expect("it runs"));
    let (sender, receiver) = (teller.me().boot, host.me().boot);
    let header = Header {
        cluster: host.cluster().tag(),
        sender: teller.me().id,
        boot_tag: sender.tag(),
        intro: Some((sender.high(), 0)),
        receiver: Some(receiver.short()),
        counter: teller.counters().datagrams_sent as u32,
        membership: 0,
        rumors: 0,
        state: 0,
    };
    let max = host.params().max_datagram();
    let mut bytes = vec![0; max];
    let mut writer = Writer::new(&mut bytes, max, &header).expect("room for a header");
    let all = u64::from(KEYS);
    let (base, upto) = match fed {
        Fed::All => (0, all),
        Fed::Anew(_) => (all, all + 1),
    };
    let head = StateHead { owner, life: LIFE, base, upto, floor: 0, partial: false, lost: false };
    assert!(head.write(&mut writer), "one page fits");
    for version in base + 1..=upto {
        let key = match fed {
            Fed::All => version as u32 - 1,
            Fed::Anew(key) => key,
        };
        let (key, value) = (format!("key{key:05}"), [version as u8; VALUE]);
        let draft = Draft { version, check: 0, nature: NATURE, ttl_ms: 0, key: key.as_bytes(), value: &value };
        let draft = Draft { check: draft.hash(owner, LIFE), ..draft };
        let written = StateEntry { draft, age_ms: None }.write(version - 1, &mut writer);
        assert!(written, "ten keys fit a page");
    }
    let binding = Binding { cluster: host.cluster(), sender, receiver: Some(receiver), counter_high: 0 };
    let len = writer.finish(&binding);
    bytes.truncate(len);
    bytes
}
