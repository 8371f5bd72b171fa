//! Where everybody who watches a run writes down what they see, while it goes on.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use crate::arena::ORCHESTRATORS;
use crate::evidence::{Done, Evidence, Happened, Heard, Reading, Request, Span};

#[derive(Debug, Default)]
pub struct Notebook(Mutex<Evidence>);

impl Notebook {
    fn open(&self) -> MutexGuard<'_, Evidence> {
        self.0.lock().expect("nobody panics with it")
    }

    pub fn happened(&self, fault: Happened) {
        self.open().faults.push(fault);
    }

    pub fn done(&self, deed: Done) {
        self.open().deeds.push(deed);
    }

    /// The log had grown to this position at this time.
    pub fn grown(&self, at: Duration, position: i64) {
        self.open().growth.push((at, position));
    }

    pub fn asked(&self, request: Request) {
        self.open().requests.push(request);
    }

    pub fn read(&self, reading: Reading) {
        self.open().readings.push(reading);
    }

    pub fn heard(&self, event: Heard) {
        self.open().heard.push(event);
    }

    pub fn stalled(&self, span: Span) {
        self.open().stalls.push(span);
    }

    /// The last position that every subscriber has heard of.
    pub fn least_heard(&self) -> i64 {
        let notes = self.open();
        let last = |subscriber| notes.heard.iter().rev().find(|heard| heard.subscriber == subscriber).map_or(0, |heard| heard.position);
        (0..ORCHESTRATORS).map(last).min().unwrap_or_default()
    }

    /// What was noted so far about requests and subscribers.
    pub fn copy(&self) -> Evidence {
        let notes = self.open();
        let Evidence { faults, deeds, requests, readings, heard, stalls, growth, .. } = &*notes;
        let (faults, deeds, stalls) = (faults.clone(), deeds.clone(), stalls.clone());
        Evidence {
            faults,
            deeds,
            stalls,
            requests: requests.clone(),
            readings: readings.clone(),
            heard: heard.clone(),
            growth: growth.clone(),
            ..Evidence::default()
        }
    }

    pub fn give_to(&self, evidence: &mut Evidence) {
        let mut notes = self.open();
        evidence.faults.append(&mut notes.faults);
        evidence.deeds.append(&mut notes.deeds);
        evidence.requests.append(&mut notes.requests);
        evidence.readings.append(&mut notes.readings);
        evidence.heard.append(&mut notes.heard);
        evidence.stalls.append(&mut notes.stalls);
        evidence.growth.append(&mut notes.growth);
    }
}
