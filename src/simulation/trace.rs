//! Tells what the log, the owner and the believers of one session did, in true time: `SIMULATION_TRACE=a3/0`.

use std::time::Duration;

use super::world::World;
use crate::domain::event::{Event, Recorded};
use crate::domain::name::SessionId;
use crate::domain::token::FencingToken;
use crate::log::Entry;

/// Token, the time until which it would write, and whether it closes.
pub(super) type View = Option<(FencingToken, Duration, bool)>;

impl World {
    pub(super) fn tell(&self, what: impl FnOnce(&SessionId) -> String) {
        if let Some(session) = &self.traced {
            println!("{:>11.6}  {}", self.now.as_secs_f64(), what(session));
        }
    }

    pub(super) fn tell_appended(&self, recorded: &[Recorded]) {
        for recorded in recorded {
            self.tell_event("log", recorded);
        }
    }

    pub(super) fn tell_lost(&self, lost: &[Entry]) {
        self.tell(|_| format!("LOST: {} rows; the log ends at {} now", lost.len(), self.log.position()));
        for entry in lost {
            if let Entry::Ledger(recorded) = entry {
                self.tell_event("lost", recorded);
            }
        }
    }

    fn tell_event(&self, verb: &str, recorded: &Recorded) {
        if self.traced.as_ref().is_some_and(|session| concerns(&recorded.event, session)) {
            let (epoch, position) = (recorded.epoch, recorded.position);
            self.tell(|_| format!("{verb} {epoch}:{position} {:?}", recorded.event));
        }
    }

    pub(super) fn view(&self, pod: usize) -> View {
        self.pods[pod].view(self.traced.as_ref()?)
    }

    /// What somebody believes, if it is not what it was.
    pub(super) fn tell_belief(&self, pod: usize, before: View, why: &str) {
        let now = self.view(pod);
        if now != before {
            let belief = now.map_or_else(
                || "nothing".to_owned(),
                |(token, until, closing)| {
                    format!("token {token} until {:.6}{}", until.as_secs_f64(), if closing { ", closing" } else { "" })
                },
            );
            self.tell(|_| format!("{} believes {belief}, by {why}", self.pods[pod].holder));
        }
    }
}

fn concerns(event: &Event, session: &SessionId) -> bool {
    let stream = event.stream();
    let of_all =
        matches!(event, Event::EpochBegan(_) | Event::EpochSettled(_) | Event::PodRegistered(_) | Event::PodLost(_) | Event::PodLeft(_));
    of_all || stream == format!("session:{session}") || stream == format!("adapter:{}", session.adapter)
}
