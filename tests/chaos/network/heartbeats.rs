//! Listens in on the ways between pods and orchestrators: which heartbeat was answered with which leases, and which promise of trust
//! a pod was given, whether or not the answer arrived.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use conncentric::time::since_boot;
use serde_json::Value;

/// An answer to a heartbeat, and what it renews.
#[derive(Debug, Clone)]
pub struct Renewal {
    pub pod: String,
    pub incarnation: String,
    /// The number that the pod gave the heartbeat.
    pub sequence: i64,
    /// Sessions with their tokens.
    pub leases: Vec<(String, i64)>,
}

/// A heartbeat or a registration that was answered with success: what a pod counts its deadlines from.
#[derive(Debug, Clone)]
pub struct Promise {
    pub pod: String,
    /// When the request was on its way, since boot. The pod looked at its clock before.
    pub asked: Duration,
}

#[derive(Debug, Default)]
pub struct Heartbeats(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    renewals: Vec<Renewal>,
    promises: Vec<Promise>,
    connections: HashMap<u64, Dialogue>,
}

/// What was said on one connection and is not understood yet: HTTP/1.1, one request after the other.
#[derive(Debug, Default)]
struct Dialogue {
    asked: Vec<u8>,
    answered: Vec<u8>,
    /// Requests without their answer; nothing where one is neither a heartbeat nor a registration.
    open: VecDeque<Option<Sent>>,
}

/// A heartbeat or a registration, and when it was sent.
#[derive(Debug)]
struct Sent {
    at: Duration,
    body: Value,
}

impl Heartbeats {
    pub(super) fn hear_request(&self, connection: u64, bytes: &[u8]) {
        let at = since_boot();
        let mut inner = self.0.lock().expect("nobody panics with it");
        let dialogue = inner.connections.entry(connection).or_default();
        dialogue.asked.extend_from_slice(bytes);
        while let Some((head, body)) = message(&mut dialogue.asked) {
            let promising = head.starts_with(b"POST /v1/heartbeats ") || head.starts_with(b"POST /v1/pods ");
            let sent = promising.then(|| serde_json::from_slice(&body).ok()).flatten().map(|body| Sent { at, body });
            dialogue.open.push_back(sent);
        }
    }

    pub(super) fn hear_answer(&self, connection: u64, bytes: &[u8]) {
        let mut inner = self.0.lock().expect("nobody panics with it");
        let Some(dialogue) = inner.connections.get_mut(&connection) else { return };
        dialogue.answered.extend_from_slice(bytes);
        let (mut renewals, mut promises) = (Vec::new(), Vec::new());
        while let Some((head, body)) = message(&mut dialogue.answered) {
            let Some(Sent { at, body: sent }) = dialogue.open.pop_front().flatten() else { continue };
            if let Some(pod) = sent["pod"].as_str().filter(|_| head.starts_with(b"HTTP/1.1 2")) {
                promises.push(Promise { pod: pod.to_owned(), asked: at });
            }
            renewals.extend(serde_json::from_slice(&body).ok().and_then(|answer| renewal(&sent, &answer)));
        }
        inner.renewals.append(&mut renewals);
        inner.promises.append(&mut promises);
    }

    pub(super) fn over(&self, connection: u64) {
        self.0.lock().expect("nobody panics with it").connections.remove(&connection);
    }

    pub fn renewals(&self) -> Vec<Renewal> {
        self.0.lock().expect("nobody panics with it").renewals.clone()
    }

    pub fn promises(&self) -> Vec<Promise> {
        self.0.lock().expect("nobody panics with it").promises.clone()
    }
}

/// Takes the first message if it is whole: its head and its body. Of a body in chunks the end is all that is found, and as long as
/// a stream goes on there is none.
fn message(bytes: &mut Vec<u8>) -> Option<(Vec<u8>, Vec<u8>)> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let lines = bytes.windows(2).position(|window| window == b"\r\n")? + 2;
    let (_, headers) = httparse::parse_headers(&bytes[lines..head], &mut headers).ok()?.unwrap();
    let value = |name: &str| headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value);
    let length = match value("content-length") {
        Some(text) => std::str::from_utf8(text).ok()?.parse().ok()?,
        None if value("transfer-encoding").is_some() => chunks(&bytes[head..])?,
        None => 0,
    };
    if bytes.len() < head + length {
        return None;
    }
    let mut first: Vec<u8> = bytes.drain(..head + length).collect();
    let body = first.split_off(head);
    Some((first, body))
}

/// How long a body in chunks is, if its end is there.
fn chunks(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let httparse::Status::Complete((line, length)) = httparse::parse_chunk_size(&bytes[at..]).ok()? else { return None };
        at += line + usize::try_from(length).ok()? + 2;
        if at > bytes.len() {
            return None;
        }
        if length == 0 {
            return Some(at);
        }
    }
}

fn renewal(beat: &Value, answer: &Value) -> Option<Renewal> {
    let lease = |lease: &Value| Some((lease["session"].as_str()?.to_owned(), lease["token"].as_str()?.parse().ok()?));
    Some(Renewal {
        pod: beat["pod"].as_str()?.to_owned(),
        incarnation: beat["incarnation"].as_str()?.to_owned(),
        sequence: beat["sequence"].as_i64()?,
        leases: answer["leases"].as_array()?.iter().filter_map(lease).collect(),
    })
}

mod tests {
    use super::*;

    fn answer(body: &str) -> String {
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    }

    /// A connection on which a stream has ended goes on with heartbeats.
    #[test]
    fn a_heartbeat_is_heard_after_a_stream_on_its_connection() {
        let heartbeats = Heartbeats::default();
        heartbeats.hear_request(1, b"GET /v1/pods/pod-1/stream HTTP/1.1\r\n\r\n");
        heartbeats.hear_answer(1, b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nid: 1\r\n");
        heartbeats.hear_answer(1, b"0\r\n");
        heartbeats.hear_answer(1, b"\r\n");
        heartbeats.hear_request(1, b"POST /v1/pods/leave HTTP/1.1\r\ncontent-length: 0\r\n\r\n");
        heartbeats.hear_answer(1, b"HTTP/1.1 204 No Content\r\n\r\n");
        assert!(heartbeats.promises().is_empty());
        let beat = r#"{"pod":"pod-1","incarnation":"i","sequence":7}"#;
        let request = format!("POST /v1/heartbeats HTTP/1.1\r\ncontent-length: {}\r\n\r\n{beat}", beat.len());
        heartbeats.hear_request(1, request.as_bytes());
        heartbeats.hear_answer(1, answer(r#"{"leases":[{"session":"a/0","token":"5"}]}"#).as_bytes());
        assert_eq!(heartbeats.promises().len(), 1);
        assert_eq!(heartbeats.renewals()[0].leases, [("a/0".to_owned(), 5)]);
    }
}
