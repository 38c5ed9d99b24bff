//! Who wants to hear of changes? Any number of watchers share one node, which watches what they want together.
//!
//! What waits for a watcher are places of changes and no lines: its own thread looks up what a key is when the reader takes it. So a
//! reader that is late gets what is now so and not what has been, and one that was too late is told that it has lost changes and then
//! everything that it watches anew.

use std::collections::{BTreeMap, BTreeSet, hash_map::DefaultHasher};
use std::hash::{Hash, Hasher};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bruit::net::{Change, CommandError, Handle};
use bruit::{Event, NodeId, StateRef};
use bruit_terminal::failure::Failure;
use bruit_terminal::output;
use serde_json::Value;

use super::super::lines::{Reader, Taken, Writer, queue};
use super::super::{Shared, answers, thread};
use super::reading;
use super::who::Who;
use crate::event::timestamp;
use crate::state::documents::Key;

/// Changes that wait for one watcher.
const WAITING_MAX: usize = 256;

/// What has happened to what is watched.
#[derive(Clone, Copy, Debug)]
enum News {
    /// A key is something else.
    Changed(StateRef),
    /// A member is up no more.
    Gone(NodeId),
    /// A member is up.
    Came(NodeId),
    /// So much was lost before it came here.
    Lost(u64),
}

/// All who watch.
#[derive(Debug, Default)]
pub struct Watchers {
    all: Mutex<Watching>,
    /// What the node has been told. Held while it is told something else.
    watched: Mutex<BTreeSet<Vec<u8>>>,
    /// Whether there is a thread that takes the changes.
    heard: Mutex<bool>,
}

#[derive(Debug, Default)]
struct Watching {
    list: Vec<Watched>,
    /// How many there have been: each has a number.
    numbered: u64,
}

#[derive(Debug)]
struct Watched {
    number: u64,
    prefix: Vec<u8>,
    news: Writer<News>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked in here has at worst left one watcher out.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes changes as they come, and tells those who watch.
fn tell_changes(shared: &Shared) {
    loop {
        match shared.handle.next_change(Duration::from_secs(60)) {
            Some(Change::Changed(changed) | Change::Conflict(changed)) => {
                shared.watchers.tell(News::Changed(changed));
            }
            Some(Change::Resync { lost }) => shared.watchers.tell(News::Lost(lost)),
            None if shared.ended.load(std::sync::atomic::Ordering::Relaxed) => return,
            None => {}
        }
    }
}

impl Watchers {
    /// Tells of an event what it means for keys.
    pub fn hear(&self, event: &Event) {
        match event {
            Event::Failed(member) | Event::Left(member) => self.tell(News::Gone(member.id)),
            Event::Up(member) | Event::Refuted(member) => self.tell(News::Came(member.id)),
            Event::Resync { lost } => self.tell(News::Lost(*lost)),
            Event::Joined { .. }
            | Event::JoinRefused { .. }
            | Event::Suspected(_)
            | Event::Forgotten(_)
            | Event::SelfRefuted { .. }
            | Event::SelfRemoved { .. }
            | Event::NameConflict { .. }
            | Event::TableFilling { .. }
            | Event::TableFull { .. }
            | Event::LeaveDone { .. }
            | Event::Rumor(_)
            | Event::RumorsLost { .. }
            | Event::Changed(_)
            | Event::Conflict(_)
            | Event::Diverged { .. } => {}
        }
    }

    fn tell(&self, news: News) {
        let concerns = |watched: &Watched| match news {
            News::Changed(changed) => changed.key.as_bytes().starts_with(&watched.prefix),
            News::Gone(_) | News::Came(_) | News::Lost(_) => true,
        };
        for watched in locked(&self.all).list.iter().filter(|watched| concerns(watched)) {
            // One that has gone takes itself off the list.
            let _ = watched.news.put(&news);
        }
    }

    /// Brings what the node watches in line with what all want together.
    fn tell_node(&self, handle: &Handle) -> Result<(), CommandError> {
        let mut watched = locked(&self.watched);
        let wanted: BTreeSet<Vec<u8>> = locked(&self.all).list.iter().map(|one| one.prefix.clone()).collect();
        for prefix in watched.difference(&wanted).cloned().collect::<Vec<_>>() {
            handle.unwatch(&prefix)?;
            watched.remove(&prefix);
        }
        for prefix in wanted {
            if !watched.contains(&prefix) {
                handle.watch(&prefix)?;
                watched.insert(prefix);
            }
        }
        Ok(())
    }

    /// Begins to take changes, which nobody has done while nobody watched.
    fn hear_changes(&self, shared: &Arc<Shared>) -> Result<(), Failure> {
        let mut heard = locked(&self.heard);
        if !*heard {
            let listener = Arc::clone(shared);
            thread("changes", move || tell_changes(&listener)).map_err(super::super::no_thread)?;
            *heard = true;
        }
        Ok(())
    }
}

/// One who watches, until it is dropped.
pub struct Watcher<'a> {
    shared: &'a Shared,
    number: u64,
    prefix: Vec<u8>,
    news: Reader<News>,
    /// Lines that are told next.
    lines: std::vec::IntoIter<String>,
    /// What was told of everything that was there, until the changes that came meanwhile have been looked at.
    told: BTreeSet<(NodeId, u32, u64)>,
    /// What was told last of each shared key, as a hash.
    shared_keys: BTreeMap<Vec<u8>, u64>,
    /// Members that are gone.
    gone: BTreeSet<NodeId>,
}

impl Drop for Watcher<'_> {
    fn drop(&mut self) {
        locked(&self.shared.watchers.all).list.retain(|watched| watched.number != self.number);
        // A node that cannot be told goes on telling what nobody hears, until somebody comes or goes.
        let _ = self.shared.watchers.tell_node(&self.shared.handle);
    }
}

impl<'a> Watcher<'a> {
    /// One more. From here on it misses nothing; first comes all that is there.
    pub fn new(shared: &'a Arc<Shared>, prefix: Vec<u8>) -> Result<Self, Failure> {
        shared.watchers.hear_changes(shared)?;
        let (news, reader) = queue(WAITING_MAX);
        let mut all = locked(&shared.watchers.all);
        all.numbered += 1;
        let number = all.numbered;
        all.list.push(Watched { number, prefix: prefix.clone(), news });
        drop(all);
        let mut watcher = Self {
            shared,
            number,
            prefix,
            news: reader,
            lines: Vec::new().into_iter(),
            told: BTreeSet::new(),
            shared_keys: BTreeMap::new(),
            gone: BTreeSet::new(),
        };
        shared.watchers.tell_node(&shared.handle).map_err(answers::refused)?;
        watcher.begin(None)?;
        Ok(watcher)
    }

    /// The next line.
    ///
    /// # Errors
    /// That none came in time, or that none will.
    pub fn next(&mut self, patience: Duration) -> Result<Arc<str>, RecvTimeoutError> {
        loop {
            if let Some(line) = self.lines.next() {
                return Ok(line.into());
            }
            let taken = match self.news.take(if self.told.is_empty() { patience } else { Duration::ZERO }) {
                // All that came while everything was told has been looked at.
                Err(RecvTimeoutError::Timeout) if !self.told.is_empty() => {
                    self.told.clear();
                    continue;
                }
                taken => taken?,
            };
            let lines = match taken {
                Taken::One(News::Changed(changed)) => self.changed(&changed).map(|line| line.into_iter().collect()),
                Taken::One(News::Gone(owner)) => self.gone(owner),
                Taken::One(News::Came(owner)) => self.came(owner),
                Taken::One(News::Lost(lost)) | Taken::Lost(lost) => self.begin(Some(lost)).map(|()| Vec::new()),
            };
            match lines {
                Ok(lines) if lines.is_empty() => {}
                Ok(lines) => self.lines = lines.into_iter(),
                // The loop could not be asked: what is so is told anew once it can be.
                Err(_) if self.begin(Some(1)).is_ok() => {}
                Err(_) => return Err(RecvTimeoutError::Disconnected),
            }
        }
    }

    /// Everything that is watched, behind a word on what was lost, where something was.
    fn begin(&mut self, lost: Option<u64>) -> Result<(), Failure> {
        let (handle, who) = (&self.shared.handle, Who::now(&self.shared.handle));
        let values = handle.values(&self.prefix).map_err(answers::refused)?;
        self.told = values.iter().map(|value| (value.owner, value.life, value.version)).collect();
        let keys = reading::documents(handle, &who, values)?;
        self.shared_keys = keys.iter().filter(|key| key.shared).map(|key| (bytes(key), hash(key))).collect();
        let mut lines = Vec::with_capacity(keys.len() + 2);
        lines.extend(lost.map(|lost| line("resync", [("lost", lost.into())])));
        lines.extend(keys.iter().map(|key| key_line("state", key)));
        lines.push(line("current", [("keys", keys.len().into())]));
        self.lines = lines.into_iter();
        Ok(())
    }

    fn changed(&mut self, changed: &StateRef) -> Result<Option<String>, Failure> {
        let (handle, key) = (&self.shared.handle, changed.key.as_bytes());
        let who = Who::now(handle);
        if changed.shared {
            let now = reading::shared_key(handle, &who, key)?;
            let before = match &now {
                Some(now) => self.shared_keys.insert(key.to_vec(), hash(now)),
                None => self.shared_keys.remove(key),
            };
            return Ok(match now {
                Some(now) => (before != Some(hash(&now))).then(|| key_line("changed", &now)),
                None => before.map(|_| key_line("removed", &Key { shared: true, ..reading::named(&who, key, None) })),
            });
        }
        let write = (changed.owner, changed.life, changed.version);
        if self.told.contains(&write) {
            return Ok(None);
        }
        let now = handle.value(changed.owner, key).map_err(answers::refused)?;
        Ok(match now {
            Some(now) if (now.life, now.version) == (changed.life, changed.version) => {
                Some(key_line("changed", &reading::attribute(&who, now)))
            }
            // What it is now is told by a later change.
            Some(_) => None,
            None if changed.removed => {
                let named = reading::named(&who, key, Some(changed.owner));
                let (life, version) = (Some(changed.life), Some(changed.version));
                Some(key_line("removed", &Key { life, version, ..named }))
            }
            None => None,
        })
    }

    /// What is ephemeral goes with its owner.
    fn gone(&mut self, owner: NodeId) -> Result<Vec<String>, Failure> {
        self.gone.insert(owner);
        let who = Who::now(&self.shared.handle);
        let fields = [("owner", who.name(owner).into()), ("owner_id", owner.to_string().into())];
        let mut lines = vec![line("owner_gone", fields)];
        if who.member(owner).is_some_and(|member| member.state.is_up()) {
            lines.extend(self.came(owner)?);
        }
        Ok(lines)
    }

    /// And is there again with it, where it was only held dead.
    fn came(&mut self, owner: NodeId) -> Result<Vec<String>, Failure> {
        if !self.gone.remove(&owner) {
            return Ok(Vec::new());
        }
        let handle = &self.shared.handle;
        let who = Who::now(handle);
        let mut values = handle.values(&self.prefix).map_err(answers::refused)?;
        values.retain(|value| value.owner == owner && !value.durable && !value.shared);
        self.told.extend(values.iter().map(|value| (value.owner, value.life, value.version)));
        Ok(values.into_iter().map(|value| key_line("changed", &reading::attribute(&who, value))).collect())
    }
}

fn line<const N: usize>(event: &str, fields: [(&str, Value); N]) -> String {
    let head = [("schema", Value::from(1)), ("time", timestamp().into()), ("event", event.into())];
    output::json(&head.into_iter().chain(fields).collect::<crate::view::Pairs<Value>>())
}

fn key_line(event: &str, key: &Key) -> String {
    /// A key with what has happened to it in front.
    #[derive(serde::Serialize)]
    struct Line<'a> {
        schema: u32,
        time: String,
        event: &'a str,
        #[serde(flatten)]
        key: &'a Key,
    }
    output::json(&Line { schema: 1, time: timestamp(), event, key })
}

fn bytes(key: &Key) -> Vec<u8> {
    key.key_hex.as_deref().and_then(crate::rumor::from_hex).unwrap_or_else(|| key.key.clone().into_bytes())
}

/// Of what a shared key is: neither who says it nor since when.
fn hash(key: &Key) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&key.said.value, &key.said.value_hex, key.conflict, &key.rule).hash(&mut hasher);
    let said = |said: &crate::state::documents::Said| (said.value.clone(), said.value_hex.clone());
    key.elements.iter().flatten().map(said).collect::<Vec<_>>().hash(&mut hasher);
    if key.conflict {
        key.writers.iter().map(|writer| said(&writer.said)).collect::<Vec<_>>().hash(&mut hasher);
    }
    hasher.finish()
}
