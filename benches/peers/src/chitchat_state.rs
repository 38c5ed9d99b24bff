//! How does chitchat do it? Two of its servers on one thread, each with the other's mailbox in place of a socket.
//!
//! Messages are written and read as its own UDP transport does; nothing else is between the two. Gossip is asked for and never
//! comes by itself. What its runtime costs is counted: a few polls for each message.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use chitchat::transport::{Socket, Transport};
use chitchat::{
    ChitchatConfig, ChitchatHandle, ChitchatId, ChitchatMessage, DeletionStatus, Deserializable, FailureDetectorConfig,
    Serializable, VersionedValue, spawn_chitchat,
};
use tokio::runtime::{Builder, Runtime};

use crate::side::{Cost, Sent, measured};
use crate::states::{KEYS, States, value_of};
use crate::support::state::key_of;

/// Messages of an exchange: syn, syn-ack, ack.
const MESSAGES: u64 = 3;

/// What has been sent to one of the two and not been read.
#[derive(Default)]
struct Mailbox {
    bytes: Vec<u8>,
    full: bool,
    /// Who waits for mail: set while everything that came has been dealt with.
    reader: Option<Waker>,
}

/// Both mailboxes, and what has gone through them.
#[derive(Default)]
struct Post {
    mailboxes: [Mailbox; 2],
    sent: Sent,
}

/// One end of the post.
#[derive(Clone)]
struct End {
    post: Arc<Mutex<Post>>,
    own: usize,
}

impl End {
    fn post(&self) -> MutexGuard<'_, Post> {
        self.post.lock().expect("one thread")
    }
}

#[async_trait]
impl Transport for End {
    async fn open(&self, _: SocketAddr) -> anyhow::Result<Box<dyn Socket>> {
        Ok(Box::new(self.clone()))
    }
}

#[async_trait]
impl Socket for End {
    async fn send(&mut self, _: SocketAddr, message: ChitchatMessage) -> anyhow::Result<()> {
        let mut post = self.post();
        let mailbox = &mut post.mailboxes[1 - self.own];
        mailbox.bytes.clear();
        message.serialize(&mut mailbox.bytes);
        mailbox.full = true;
        let len = mailbox.bytes.len();
        if let Some(reader) = mailbox.reader.take() {
            reader.wake();
        }
        post.sent.count(len);
        Ok(())
    }

    async fn recv(&mut self) -> anyhow::Result<(SocketAddr, ChitchatMessage)> {
        let from = addr_of(1 - self.own);
        poll_fn(|context| {
            let mailbox = &mut self.post().mailboxes[self.own];
            if !std::mem::take(&mut mailbox.full) {
                mailbox.reader = Some(context.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(ChitchatMessage::deserialize(&mut mailbox.bytes.as_slice()).map(|message| (from, message)))
        })
        .await
    }
}

fn addr_of(member: usize) -> SocketAddr {
    let [_, a, b, c] = u32::try_from(member).expect("fewer than 2^24").to_be_bytes();
    SocketAddr::from(([10, a, b, c], 4_100))
}

fn id_of(member: usize) -> ChitchatId {
    ChitchatId::new(format!("node-{member:05}"), 1, addr_of(member))
}

/// Two servers of chitchat's.
pub struct ChitchatStates {
    runtime: Runtime,
    handles: [ChitchatHandle; 2],
    post: Arc<Mutex<Post>>,
    members: usize,
    /// How often keys have been changed, and whose are next.
    round: u64,
    next: usize,
    /// The values of each member's keys, and their versions.
    keys: Vec<[(u64, u64); KEYS]>,
}

impl ChitchatStates {
    /// Tells one of the two what a member holds.
    fn tell(&self, to: usize, member: usize) {
        let keys = self.keys[member];
        let last = keys.iter().map(|(_, version)| *version).max().unwrap_or(0);
        let values = || {
            keys.into_iter().enumerate().map(|(key, (round, version))| {
                (key_of(key), VersionedValue { value: value_of(round), version, status: DeletionStatus::Set })
            })
        };
        let (handle, id) = (&self.handles[to], id_of(member));
        self.runtime
            .block_on(handle.with_chitchat(|chitchat| chitchat.reset_node_state_if_update(&id, values(), last, 0)));
    }

    /// Everything that one of the two holds.
    fn held(&self, by: usize) -> Vec<(String, String)> {
        self.runtime.block_on(self.handles[by].with_chitchat(|chitchat| {
            let states = chitchat.node_states().iter();
            states
                .flat_map(|(id, state)| {
                    state.key_values().map(move |(key, value)| (format!("{id:?} {key}"), value.to_owned()))
                })
                .collect()
        }))
    }
}

impl States for ChitchatStates {
    fn in_step(members: usize) -> Self {
        let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
        let post = Arc::new(Mutex::new(Post::default()));
        let handles = [0, 1].map(|own| {
            let config = ChitchatConfig {
                chitchat_id: id_of(own),
                cluster_id: "bench".to_owned(),
                gossip_interval: Duration::from_secs(86_400),
                listen_addr: addr_of(own),
                seed_nodes: Vec::new(),
                failure_detector_config: FailureDetectorConfig::default(),
                marked_for_deletion_grace_period: Duration::from_secs(3_600),
                catchup_callback: None,
                extra_liveness_predicate: None,
            };
            let keys = (0..KEYS).map(|key| (key_of(key), value_of(0))).collect();
            let end = End { post: Arc::clone(&post), own };
            runtime.block_on(spawn_chitchat(config, keys, &end)).expect("a server")
        });
        let keys = vec![std::array::from_fn(|key| (0, key as u64 + 1)); members];
        let mut states = Self { runtime, handles, post, members, round: 0, next: 2, keys };
        for (to, member) in (2..members).flat_map(|member| [(0, member), (1, member)]) {
            states.tell(to, member);
        }
        // They learn of each other, and of what they wrote themselves; and their servers' first rounds pass.
        for _ in 0..20 {
            states.exchange();
        }
        assert!(states.agree() && states.held(0).len() == members * KEYS, "both hold everything");
        states
    }

    fn exchange(&mut self) -> Cost {
        let Self { runtime, handles, post, .. } = self;
        let post = || post.lock().expect("one thread");
        let idle = || post().mailboxes.iter().all(|mailbox| mailbox.reader.is_some() && !mailbox.full);
        let until = |done: &dyn Fn() -> bool| {
            runtime.block_on(async {
                while !done() {
                    tokio::task::yield_now().await;
                }
            });
        };
        until(&idle);
        post().sent = Sent::default();
        let mut cost = measured(|_| {
            handles[0].gossip(addr_of(1)).expect("it runs");
            until(&|| post().sent.datagrams >= MESSAGES && idle());
        });
        cost.sent = post().sent;
        cost
    }

    fn differ(&mut self, owners: usize) {
        self.round += 1;
        for nth in 0..owners {
            let member = self.next;
            self.next = if member + 1 == self.members { 2 } else { member + 1 };
            let last = self.keys[member].iter().map(|(_, version)| *version).max().unwrap_or(0);
            self.keys[member][KEYS - 1] = (self.round, last + 1);
            self.tell(nth % 2, member);
        }
    }

    fn agree(&self) -> bool {
        self.held(0) == self.held(1)
    }
}
