//! The event table as the checker reads it: with its own query, and without any code of ours that is under test.

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use crate::support::postgres::connect;

/// A row of the event table that is no pulse.
#[derive(Debug, Clone)]
pub struct Event {
    pub position: i64,
    pub epoch: i32,
    pub id: String,
    pub kind: String,
    pub actor: String,
    pub request: Option<Uuid>,
    pub data: Value,
}

impl Event {
    pub fn text(&self, field: &str) -> &str {
        self.data[field].as_str().unwrap_or_default()
    }

    /// The token of the lease that it is about. A claim's is its own place in the log.
    pub fn token(&self) -> i64 {
        if self.kind == "SessionClaimed" {
            (i64::from(self.epoch) << 40) | self.position
        } else {
            self.text("token").parse().unwrap_or_default()
        }
    }
}

pub async fn read(url: &str) -> Vec<Event> {
    let text = "select position, epoch, id::text, type, actor, request_id, data::text
                from event where not pulse order by position";
    let rows = connect(url).await.query(text, &[]).await.expect("reads");
    let event = |row: tokio_postgres::Row| Event {
        position: row.get(0),
        epoch: row.get(1),
        id: row.get(2),
        kind: row.get(3),
        actor: row.get(4),
        request: row.get(5),
        data: serde_json::from_str(row.get(6)).expect("JSON"),
    };
    rows.into_iter().map(event).collect()
}

/// A row that records heartbeats.
#[derive(Debug, Clone)]
pub struct Pulse {
    pub position: i64,
    pub registrations: Vec<i32>,
    /// The numbers that pods gave these heartbeats.
    pub sequences: Vec<i32>,
}

pub async fn read_pulses(url: &str) -> Vec<Pulse> {
    let text = "select position, registrations, sequences from event where pulse order by position";
    let rows = connect(url).await.query(text, &[]).await.expect("reads");
    rows.into_iter().map(|row| Pulse { position: row.get(0), registrations: row.get(1), sequences: row.get(2) }).collect()
}

/// One ownership, as the events tell it.
#[derive(Debug, Clone)]
pub struct Ownership {
    pub session: String,
    pub token: i64,
    pub pod: String,
    pub incarnation: String,
    pub claimed: i64,
    pub ttl_ms: u64,
    /// Position of its end and how it came.
    pub ended: Option<(i64, String)>,
}

/// All ownerships in the order of their claims. An error is a contradiction.
pub fn ownerships(ledger: &[Event]) -> Result<Vec<Ownership>, String> {
    let mut all: Vec<Ownership> = Vec::new();
    let mut open: BTreeMap<String, usize> = BTreeMap::new();
    for event in ledger {
        let session = event.text("session").to_owned();
        match event.kind.as_str() {
            "SessionClaimed" => {
                if let Some(owner) = open.insert(session.clone(), all.len()) {
                    return Err(format!("{session} is claimed at {} while {:?} owns it", event.position, all[owner]));
                }
                all.push(Ownership {
                    session,
                    token: event.token(),
                    pod: event.text("pod").to_owned(),
                    incarnation: event.text("incarnation").to_owned(),
                    claimed: event.position,
                    ttl_ms: event.data["ttl_ms"].as_u64().unwrap_or_default(),
                    ended: None,
                });
            }
            "SessionReleased" | "LeaseExpired" => {
                let owner = open.remove(&session).filter(|owner| all[*owner].token == event.token());
                let owner = owner.ok_or_else(|| format!("{} at {} ends what nobody owned", event.kind, event.position))?;
                all[owner].ended = Some((event.position, event.kind.clone()));
            }
            _ => {}
        }
    }
    Ok(all)
}
