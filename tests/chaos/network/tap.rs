//! Notes when each line to the witness was written, as early as it can be seen: before the network does anything to it. What a
//! pod writes is what it believes.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use conncentric::time::since_boot;

use crate::witness::line::{Line, parse};

/// A line, and when it was written, since boot.
#[derive(Debug, Clone)]
pub struct Stamp {
    pub at: Duration,
    pub line: Line,
}

#[derive(Debug, Default)]
pub struct Tap {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    stamps: Vec<Stamp>,
    /// What was sent of a line that is not whole yet.
    halves: HashMap<u64, Vec<u8>>,
}

impl Tap {
    pub(super) fn hear(&self, connection: u64, bytes: &[u8]) {
        let at = since_boot();
        let mut inner = self.inner.lock().expect("nobody panics with it");
        let mut text = inner.halves.remove(&connection).unwrap_or_default();
        text.extend_from_slice(bytes);
        while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = text.drain(..=end).collect();
            if let Some(line) = parse(String::from_utf8_lossy(&line).trim()) {
                inner.stamps.push(Stamp { at, line });
            }
        }
        if !text.is_empty() {
            inner.halves.insert(connection, text);
        }
    }

    /// All lines, in the order in which they were written.
    pub fn stamps(&self) -> Vec<Stamp> {
        let mut stamps = self.inner.lock().expect("nobody panics with it").stamps.clone();
        stamps.sort_by_key(|stamp| stamp.at);
        stamps
    }
}

/// The pod that a first line names.
pub(super) fn pod_of(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    parse(text.lines().next()?).map(|line| line.pod)
}
