//! How does a rumor look? As a JSON object for scripts and as a line for people.

use bruit::net::{Delivery, Rumor};
use bruit::{Event, NodeId};
use bruit_terminal::output::{DIM, DOUBTFUL, PLAIN, Paint, micros};
use serde_json::Value;

use crate::agent::names::Names;
use crate::event::{self, timestamp};
use crate::view::Pairs;

/// A delivery with version, time and name in front.
pub fn document(delivery: &Delivery, names: &Names) -> Pairs<Value> {
    match delivery {
        Delivery::Rumor(heard) => headed("rumor", rumor(heard, names)),
        Delivery::Lost { origin, boot, from, to } => {
            let lost = vec![("from", (*from).into()), ("to", (*to).into())];
            headed("rumors_lost", of_origin(*origin, *boot, names).into_iter().chain(lost))
        }
        Delivery::Resync { lost } => event::document(&Event::Resync { lost: *lost }),
        Delivery::Reread { origin, boot, to } => {
            let to = [("to", (*to).into())];
            headed("reread", of_origin(*origin, *boot, names).into_iter().chain(to))
        }
    }
}

fn headed(name: &str, fields: impl IntoIterator<Item = (&'static str, Value)>) -> Pairs<Value> {
    let head = [("schema", Value::from(1)), ("time", timestamp().into()), ("event", name.into())];
    head.into_iter().chain(fields).collect()
}

/// Which start of which member.
pub fn of_origin(origin: NodeId, boot: u32, names: &Names) -> [(&'static str, Value); 3] {
    [
        ("origin", names.of_member(origin).into()),
        ("origin_id", origin.to_string().into()),
        ("boot", format!("{boot:08x}").into()),
    ]
}

fn rumor(rumor: &Rumor, names: &Names) -> Vec<(&'static str, Value)> {
    let mut fields = of_origin(rumor.id.origin, rumor.id.boot, names).to_vec();
    fields.extend([
        ("topic", names.of_topic(rumor.topic).into()),
        ("topic_id", rumor.topic.to_string().into()),
        ("sequence", rumor.id.sequence.into()),
        ("class", rumor.class.name().into()),
        ("age_us", u64::try_from(rumor.age.as_micros()).unwrap_or(u64::MAX).into()),
        ("hops", rumor.hops.into()),
        ("bytes", rumor.payload.len().into()),
        match std::str::from_utf8(&rumor.payload) {
            Ok(text) => ("payload", text.into()),
            Err(_) => ("payload_hex", to_hex(&rumor.payload).into()),
        },
    ]);
    fields
}

/// A line of the stream for people; what it does not understand as it came.
pub fn line(doc: &Value, paint: Paint) -> String {
    let text = |key: &str| doc[key].as_str().unwrap_or_default();
    let number = |key: &str| doc[key].as_u64().unwrap_or_default();
    match text("event") {
        "rumor" => {
            let payload = doc["payload"].as_str().map_or_else(|| format!("0x{}", text("payload_hex")), printable);
            let (age, hops) = (micros(number("age_us")), number("hops"));
            let way = format!("#{}  {age}  {hops} {}", number("sequence"), if hops == 1 { "hop" } else { "hops" });
            format!("{}  {}  {}  {payload}", text("origin"), printable(text("topic")), paint.paint(DIM, &way))
        }
        "rumors_lost" => {
            let (from, to, origin) = (number("from"), number("to"), text("origin"));
            paint.paint(DOUBTFUL, &format!("rumors {from} to {to} of {origin} are lost: nobody has them any more"))
        }
        "resync" => {
            let lost = number("lost");
            paint.paint(DOUBTFUL, &format!("{lost} lines were lost because they were not read in time"))
        }
        _ => paint.paint(PLAIN, &doc.to_string()),
    }
}

/// A text on one line: what a terminal would obey is shown instead.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() }).collect()
}

/// Bytes as pairs of hexadecimal digits.
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes from pairs of hexadecimal digits.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// The fields of a payload in a request.
pub fn payload_fields(payload: Vec<u8>) -> (Option<String>, Option<String>) {
    match String::from_utf8(payload) {
        Ok(text) => (Some(text), None),
        Err(error) => (None, Some(to_hex(error.as_bytes()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bruit::{Class, RumorId, Topic};
    use std::time::Duration;

    fn shown(payload: &[u8]) -> (Value, String) {
        let names = Names::default();
        let id = RumorId { origin: NodeId::from_u64(0xa), boot: 0xb, sequence: 3 };
        let (topic, age) = (names.topic("prices"), Duration::from_micros(1_500));
        let rumor = Rumor { id, topic, class: Class::Urgent, age, hops: 1, payload: payload.to_vec() };
        let doc: Value =
            serde_json::from_str(&bruit_terminal::output::json(&document(&Delivery::Rumor(rumor), &names)))
                .expect("what was just written");
        let line = line(&doc, Paint::stdout());
        (doc, line)
    }

    #[test]
    fn text_stays_text_bytes_are_hex_and_nothing_reaches_the_terminal_as_a_command() {
        let (doc, line) = shown(b"up 3\n\x1b[2J");
        assert_eq!((doc["payload"].as_str(), doc["payload_hex"].as_str()), (Some("up 3\n\u{1b}[2J"), None));
        assert_eq!(line, "000000000000000a  prices  #3  1.50 ms  1 hop  up 3\\n\\u{1b}[2J");
        let (doc, line) = shown(&[0xff, 0]);
        assert_eq!((doc["payload"].as_str(), doc["payload_hex"].as_str()), (None, Some("ff00")));
        assert!(line.ends_with("  0xff00"), "{line}");
        assert_eq!((doc["topic"].as_str(), doc["boot"].as_str()), (Some("prices"), Some("0000000b")));
        assert_eq!(doc["topic_id"].as_str(), Some(Topic::new("prices").to_string().as_str()));
    }

    #[test]
    fn hex_is_pairs_of_digits() {
        assert_eq!(from_hex("00fF"), Some(vec![0, 255]));
        assert_eq!((from_hex("0"), from_hex("0g"), from_hex("")), (None, None, Some(Vec::new())));
        assert_eq!(payload_fields(vec![0x80]), (None, Some("80".to_owned())));
    }
}
