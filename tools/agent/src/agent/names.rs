//! What are they called? Rumors carry hashes of names; those of members and of topics that were named here are known.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bruit::net::Handle;
use bruit::{Name, NodeId, Topic};

/// Topics whose names are remembered; others are shown as their hash.
const TOPICS_MAX: usize = 1_024;
/// Members are looked up again at most this often.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Names by their hash.
#[derive(Debug, Default)]
pub struct Names {
    topics: Mutex<BTreeMap<Topic, String>>,
    members: Mutex<Members>,
}

#[derive(Debug, Default)]
struct Members {
    names: BTreeMap<NodeId, Name>,
    looked_at: Option<Instant>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked in here has at worst left out a name.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Names {
    /// The topic with a name, which is remembered.
    pub fn topic(&self, name: &str) -> Topic {
        let topic = Topic::new(name);
        let mut topics = locked(&self.topics);
        if topics.len() < TOPICS_MAX {
            topics.entry(topic).or_insert_with(|| name.to_owned());
        }
        topic
    }

    /// How a topic is called, where that is known, else its hash.
    pub fn of_topic(&self, topic: Topic) -> String {
        locked(&self.topics).get(&topic).cloned().unwrap_or_else(|| topic.to_string())
    }

    /// Looks at the members anew, unless this one is known or that was just done.
    pub fn look_for(&self, id: NodeId, handle: &Handle) {
        let mut members = locked(&self.members);
        if members.names.contains_key(&id) || members.looked_at.is_some_and(|at| at.elapsed() < LOOK_AGAIN) {
            return;
        }
        members.names = handle.members().into_iter().map(|m| (m.id, m.name)).collect();
        members.looked_at = Some(Instant::now());
    }

    /// How a member is called, where that is known, else its id.
    pub fn of_member(&self, id: NodeId) -> String {
        locked(&self.members).names.get(&id).map_or_else(|| id.to_string(), Name::to_string)
    }
}
