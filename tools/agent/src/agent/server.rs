//! Who asks? Connections to the control socket, one small thread each, at most [`CONNECTIONS_MAX`]; none of them can hold
//! up the loop, which they only read.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use bruit_terminal::failure::{Code, Failure};
use bruit_terminal::output;
use serde::Serialize;
use serde_json::Value;

use super::answers;
use super::asker::Asker;
use super::state::{self, Watcher};
use super::{Message, Shared};
use crate::control::{Publish, REQUEST_MAX, Refused, Request, RumorOrder};
use crate::state::asked;
use crate::view::Left;
use crate::view::Pairs;

/// Connections at once; one more is told so.
const CONNECTIONS_MAX: usize = 32;
/// How long a connection may ask nothing, or a subscription leave its lines unread, before it makes room.
const IDLE_MAX: Duration = Duration::from_secs(300);
/// How long a client may leave an answer unread.
const WRITE_WITHIN: Duration = Duration::from_secs(5);
/// How often a silent subscription is looked at: has the client gone?
const LOOK_FOR_END: Duration = Duration::from_secs(1);

/// Accepts for as long as the process lives.
pub fn serve(listener: &UnixListener, shared: &Arc<Shared>) {
    let open = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming() {
        let Ok(stream) = stream else {
            // Out of descriptors: they come back when connections end, and until then a loop here would only burn.
            std::thread::sleep(Duration::from_millis(100));
            continue;
        };
        let place = Place::take(&open);
        let shared = Arc::clone(shared);
        // Without a thread the connection is closed, which the client sees.
        drop(super::thread("control", move || connection(stream, &shared, place.as_ref())));
    }
}

/// One of the places for connections; free again when dropped.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(open: &Arc<AtomicUsize>) -> Option<Self> {
        let place = Self(Arc::clone(open));
        (open.fetch_add(1, Ordering::Relaxed) < CONNECTIONS_MAX).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn connection(stream: UnixStream, shared: &Arc<Shared>, place: Option<&Place>) {
    // Both fail for a time of zero only.
    let _ = (stream.set_write_timeout(Some(WRITE_WITHIN)), stream.set_read_timeout(Some(IDLE_MAX)));
    let mut out = &stream;
    if place.is_none() {
        let no = Failure::new(Code::Failed, format_args!("{CONNECTIONS_MAX} control connections are open already"))
            .advise("close some; `events`, `subscribe`, `watch` and --watch hold theirs");
        return send(&mut out, &output::json(&Refused::from(&no))).unwrap_or_default();
    }
    let mut reader = BufReader::new(&stream);
    // A line that was read ahead.
    let mut ahead = None;
    while let Some(line) = ahead.take().or_else(|| next_line(&mut reader)) {
        // An error here is the client's end: it has gone, or does not read.
        if line.trim().is_empty() {
            continue;
        }
        let goes_on = match parse(&line) {
            Ok(Request::Events {}) => events(&stream, shared).map(|()| false),
            Ok(Request::Subscribe { topic, order }) => rumors(&stream, shared, topic.as_deref(), order).map(|()| false),
            Ok(Request::Watch(asked)) => changes(&stream, shared, &asked).map(|()| false),
            Ok(Request::Publish(first)) => {
                let asked;
                (asked, ahead) = publications(first, &mut reader);
                let answers = answers::publish(shared, &asked);
                send_all(&mut out, answers.into_iter().map(document)).map(|()| true)
            }
            Ok(Request::Leave { timeout_ms }) => leave(&mut out, shared, timeout_ms).map(|()| false),
            Ok(request) => send(&mut out, &answer(&request, shared, Asker::new(&stream))).map(|()| true),
            Err(no) => send(&mut out, &output::json(&Refused::from(&no))).map(|()| true),
        };
        if !goes_on.unwrap_or(false) {
            return;
        }
    }
}

/// What else is to be published and has come already, and the line behind that.
fn publications(first: Publish, reader: &mut BufReader<&UnixStream>) -> (Vec<Publish>, Option<String>) {
    let mut all = vec![first];
    while reader.buffer().contains(&b'\n') {
        let Some(line) = next_line(reader) else { break };
        match parse(&line) {
            Ok(Request::Publish(next)) => all.push(next),
            Ok(_) | Err(_) => return (all, Some(line)),
        }
    }
    (all, None)
}

/// A whole line within the bound; `None` at the end, on an error, when idle for too long or when the line is too long.
fn next_line(reader: &mut BufReader<&UnixStream>) -> Option<String> {
    let mut line = String::new();
    let read = reader.by_ref().take(REQUEST_MAX).read_line(&mut line).ok()?;
    (read > 0 && (read as u64) < REQUEST_MAX).then_some(line)
}

fn parse(line: &str) -> Result<Request, Failure> {
    serde_json::from_str(line).map_err(|error| {
        Failure::new(Code::Usage, format_args!("not a request: {error}"))
            .advise("one object per line: {\"cmd\":\"members\"}")
    })
}

fn send(out: &mut &UnixStream, line: &str) -> std::io::Result<()> {
    out.write_all(format!("{line}\n").as_bytes())
}

/// Together, as a reader that has asked without waiting takes them.
fn send_all(out: &mut &UnixStream, lines: impl Iterator<Item = String>) -> std::io::Result<()> {
    let all: String = lines.flat_map(|line| [line, "\n".to_owned()]).collect();
    out.write_all(all.as_bytes())
}

fn answer(request: &Request, shared: &Shared, asker: Asker<'_>) -> String {
    let answer = match request {
        Request::Members {} => Ok(output::json(&answers::members(shared))),
        Request::Info {} => Ok(output::json(&answers::info(shared))),
        Request::Stat {} => Ok(output::json(&answers::stat(shared))),
        Request::Join { addrs } => answers::join(shared, addrs).map(|doc| output::json(&doc)),
        Request::Remove { node } => answers::remove(shared, node).map(|doc| output::json(&doc)),
        Request::Set(asked) => state::set(shared, asker, asked).map(|doc| output::json(&doc)),
        Request::Get(asked) => state::get(shared, asked).map(|doc| output::json(&doc)),
        Request::Unset(asked) => state::unset(shared, asked).map(|doc| output::json(&doc)),
        Request::Keys(asked) => state::keys(shared, asked).map(|doc| output::json(&doc)),
        Request::Agg(asked) => state::agg(shared, asked).map(|doc| output::json(&doc)),
        Request::Conflicts {} => state::conflicts(shared).map(|doc| output::json(&doc)),
        Request::Trace(asked) => state::trace(shared, asker, asked).map(|doc| output::json(&doc)),
        Request::Views(asked) => state::views(shared, asker, asked).map(|doc| output::json(&doc)),
        Request::ResetState(asked) => state::reset(shared, asker, asked).map(|doc| output::json(&doc)),
        Request::Publish(_)
        | Request::Events {}
        | Request::Subscribe { .. }
        | Request::Watch(_)
        | Request::Leave { .. } => Err(Failure::new(Code::Usage, "not a question with one answer")),
    };
    answer.unwrap_or_else(|no| output::json(&Refused::from(&no)))
}

/// An answer as a line.
fn document<T: Serialize>(answer: Result<T, Failure>) -> String {
    answer.map_or_else(|no| output::json(&Refused::from(&no)), |document| output::json(&document))
}

/// Every event as a line, until the client goes.
fn events(stream: &UnixStream, shared: &Shared) -> std::io::Result<()> {
    let lines = shared.subscribers.add();
    stream_lines(stream, &answers::subscribed(shared, Vec::new()), |patience| lines.next(patience))
}

/// Every rumor as a line, until the client goes.
fn rumors(stream: &UnixStream, shared: &Shared, topic: Option<&str>, order: RumorOrder) -> std::io::Result<()> {
    let place = match answers::subscribe(shared, topic, order) {
        Ok(place) => place,
        Err(no) => return send(&mut &*stream, &output::json(&Refused::from(&no))),
    };
    let what = vec![("topic", topic.into()), ("order", output::json(&order).trim_matches('"').into())];
    stream_lines(stream, &answers::subscribed(shared, what), |patience| place.lines.next(patience))
}

/// Every key that begins so as a line, and then every change, until the client goes.
fn changes(stream: &UnixStream, shared: &Arc<Shared>, asked: &asked::Watch) -> std::io::Result<()> {
    let mut watcher = match asked.prefix().and_then(|prefix| Watcher::new(shared, prefix)) {
        Ok(watcher) => watcher,
        Err(no) => return send(&mut &*stream, &output::json(&Refused::from(&no))),
    };
    let hex = asked.prefix_hex.as_ref().map(|hex| ("prefix_hex", hex.as_str().into()));
    let what = [("prefix", asked.prefix.as_str().into())].into_iter().chain(hex).collect();
    stream_lines(stream, &answers::subscribed(shared, what), |patience| watcher.next(patience))
}

/// A first line, then all that come, until the client goes.
fn stream_lines(
    stream: &UnixStream,
    first: &Pairs<Value>,
    mut next: impl FnMut(Duration) -> Result<Arc<str>, RecvTimeoutError>,
) -> std::io::Result<()> {
    let mut out = stream;
    send(&mut out, &output::json(first))?;
    // Who stands still for a while is told what it has lost. It holds up nobody: this thread is its own.
    stream.set_write_timeout(Some(IDLE_MAX))?;
    stream.set_read_timeout(Some(Duration::from_millis(1)))?;
    loop {
        match next(LOOK_FOR_END) {
            Ok(line) => send(&mut out, &line)?,
            Err(RecvTimeoutError::Timeout) => match out.read(&mut [0; 64]) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => return Err(error),
            },
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

/// Hands the request to the agent's main thread, and its answer to the client before the process ends.
fn leave(out: &mut &UnixStream, shared: &Shared, timeout_ms: Option<u64>) -> std::io::Result<()> {
    let (reply, outcome) = sync_channel(1);
    let timeout = timeout_ms.map(Duration::from_millis);
    if shared.main.send(Message::Leave { timeout, reply }).is_err() {
        return Ok(());
    }
    let Ok((left, written)) = outcome.recv() else { return Ok(()) };
    let left: Left = left;
    let result = if left.left {
        send(out, &output::json(&left))
    } else {
        let no = Failure::new(
            Code::NotMet,
            format_args!("ended after {} ms without enough members having been told", left.took_ms),
        )
        .advise("the others will find out by themselves that it is gone");
        send(out, &output::json(&Refused::from(&no)))
    };
    // The main thread waits for this, so that the process does not end before the answer is out.
    drop(written);
    result
}
