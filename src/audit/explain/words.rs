//! Events in plain words.

use std::time::Duration;

use chrono::TimeDelta;

use super::Step;
use crate::domain::action::Answer;
use crate::domain::event::{ActionAnswered, ClaimKind, EpochBegan, EpochCause, Event, SessionClaimed, SessionReleased};
use crate::domain::name::SessionId;
use crate::domain::token::FencingToken;

/// What happened, and because of what.
pub(super) fn what(step: &Step) -> String {
    let mut text = happened(step);
    if let Some(because) = &step.because {
        text = format!("{text}, because {} ({})", reason(step, because), because.recorded.position);
    }
    text
}

fn happened(step: &Step) -> String {
    match &step.recorded.event {
        Event::SessionClaimed(event) => claimed(step, event),
        Event::SessionStatusChanged(event) => with(format!("it was reported {}", event.status), event.reason.as_ref()),
        Event::SessionLogged(event) => format!("its connector said: {}", event.message),
        Event::SessionMoveOrdered(event) => format!("it was ordered to move to {}", event.to),
        Event::ActionOrdered(event) => format!("the action {} was ordered", event.action),
        Event::ActionAnswered(event) => answered(event),
        Event::SessionReleased(event) => released(event),
        Event::LeaseExpired(event) => format!(
            "the lease of {} expired: nothing had been heard of it for {}, the timeout is {}, and it had to stop trusting the lease {} \
             before",
            event.pod,
            millis(event.silence_ms),
            millis(event.ttl_ms.as_millis().into()),
            millis(event.safety_margin_ms),
        ),
        Event::LeaseConfirmed(event) => format!("{} confirmed that it holds it still", event.pod),
        Event::EpochBegan(event) => epoch_began(step, event),
        Event::EpochSettled(event) => {
            format!("the epoch settled after {}: sessions may be granted again", millis(event.waited_ms))
        }
        Event::MaintenanceBegan(event) => with(format!("a maintenance of {} adapters began", event.adapters.len()), event.reason.as_ref()),
        Event::MaintenanceEnded(event) => {
            with(format!("the maintenance of {} adapters ended", event.adapters.len()), event.reason.as_ref())
        }
        Event::AdapterDeclared(event) => format!("adapter {} was declared", event.adapter),
        Event::AdapterRevised(event) => format!("adapter {} was changed to revision {}", event.adapter, event.revision),
        Event::AdapterDeleted(event) => format!("adapter {} was deleted", event.adapter),
        Event::AdapterEnabled(event) => with(format!("adapter {} was enabled", event.adapter), event.reason.as_ref()),
        Event::AdapterDisabled(event) => with(format!("adapter {} was disabled", event.adapter), event.reason.as_ref()),
        Event::PodRegistered(event) => format!("{} registered as {}, with room for {}", event.pod, event.incarnation, event.capacity),
        Event::PodDrained(event) => with(format!("{} was ordered to hand over its sessions", event.pod), event.reason.as_ref()),
        Event::PodResumed(event) => format!("{} was allowed sessions again", event.pod),
        Event::PodLost(event) => format!("{} was given up: nothing had been heard of it for {}", event.pod, millis(event.silence_ms)),
        Event::PodLeft(event) => format!("{} left in order", event.pod),
        Event::PulsesDropped(event) => format!("{} heartbeat records up to position {} were dropped", event.count, event.last),
        Event::LedgerSealed(event) => {
            with(format!("positions {} to {} were moved to the archive {}", event.first, event.last, event.file), event.reason.as_ref())
        }
        Event::LedgerUnsealed(event) => {
            with(format!("positions {} to {} were put back from their archives", event.first, event.last), event.reason.as_ref())
        }
        Event::AccessTokenCreated(event) => format!("access token {} was made for {}, role {}", event.access_token, event.name, event.role),
        Event::ArtifactStored(event) => format!("version {} of artifact {} was stored", event.version, event.artifact),
        Event::PluginInstalled(event) => {
            format!(
                "version {} of plugin {} was installed, which brings connector {}",
                event.version, event.plugin, event.descriptor.connector
            )
        }
        Event::PluginRemoved(event) => format!("plugin {} was removed", event.plugin),
        Event::ArtifactDeleted(event) => format!("artifact {} was deleted", event.artifact),
        Event::AccessTokenRevoked(event) => format!("access token {} was revoked", event.access_token),
    }
}

fn epoch_began(step: &Step, event: &EpochBegan) -> String {
    let recorded = &step.recorded;
    let why = match event.because {
        EpochCause::Restored => "the log was found in another database",
        EpochCause::Promoted => "the database was found on another timeline",
        EpochCause::LostHistory => "the database was found without what it had acknowledged",
    };
    let lost = event.known.filter(|known| *known >= recorded.position).map_or_else(
        || "nothing is known to be lost".to_owned(),
        |known| format!("what stood at positions {} to {known} is lost", recorded.position),
    );
    format!("epoch {} began after epoch {}: {why}; {lost}", recorded.epoch, event.previous)
}

fn claimed(step: &Step, event: &SessionClaimed) -> String {
    let how = match event.kind {
        ClaimKind::Takeover => "took it over",
        ClaimKind::Handover => "was handed it",
        ClaimKind::Placement => "was given it",
        ClaimKind::Request => "claimed it by name",
    };
    let recorded = &step.recorded;
    let token = FencingToken::new(recorded.epoch, recorded.position).map_or_else(|_| "none".into(), |token| token.to_string());
    format!("{} {how}, under token {token}", event.pod)
}

fn answered(event: &ActionAnswered) -> String {
    let text = match event.state {
        Answer::Received => format!("the action {} ({}) was received", event.name, event.action),
        Answer::Done => format!("the action {} ({}) was done", event.name, event.action),
        Answer::Failed => format!("the action {} ({}) failed", event.name, event.action),
    };
    with(text, event.message.as_ref())
}

fn released(event: &SessionReleased) -> String {
    if event.handover { format!("{} closed it so that it could run elsewhere", event.pod) } else { format!("{} closed it", event.pod) }
}

/// A cause in a subordinate clause. Only of another session its name is said.
fn reason(step: &Step, because: &Step) -> String {
    let of = |session: &SessionId| if about(&step.recorded.event) == Some(session) { "it".into() } else { session.to_string() };
    match &because.recorded.event {
        Event::LeaseExpired(event) => format!("the lease of {} on {} had expired", event.pod, of(&event.session)),
        Event::SessionReleased(event) => format!("{} had closed {}", event.pod, of(&event.session)),
        Event::SessionMoveOrdered(event) => format!("{} was to move to {}", of(&event.session), event.to),
        Event::SessionClaimed(event) => format!("{} had been given {}", event.pod, of(&event.session)),
        Event::SessionStatusChanged(event) => format!("{} was {}", of(&event.session), event.status),
        Event::EpochBegan(_) => format!("epoch {} had begun, and it was not confirmed", because.recorded.epoch),
        Event::PodDrained(event) => format!("{} was to hand over its sessions", event.pod),
        Event::PodRegistered(event) => format!("{} had registered", event.pod),
        _ => happened(because),
    }
}

fn about(event: &Event) -> Option<&SessionId> {
    match event {
        Event::SessionClaimed(event) => Some(&event.session),
        Event::SessionStatusChanged(event) => Some(&event.session),
        Event::SessionMoveOrdered(event) => Some(&event.session),
        Event::ActionOrdered(event) => Some(&event.session),
        Event::ActionAnswered(event) => Some(&event.session),
        Event::SessionReleased(event) => Some(&event.session),
        Event::LeaseConfirmed(event) => Some(&event.session),
        Event::LeaseExpired(event) => Some(&event.session),
        _ => None,
    }
}

/// With the reason that was given, if one was.
fn with(text: String, reason: Option<&String>) -> String {
    match reason {
        Some(reason) => text + ": " + reason,
        None => text,
    }
}

/// People order, pods report, orchestrators find out.
pub(super) fn who(actor: &str) -> String {
    let verb = match actor.split_once(':') {
        Some(("orchestrator", _)) => "found out by",
        Some(("pod", _)) => "reported by",
        _ => "ordered by",
    };
    format!("{verb} {actor}")
}

fn millis(millis: u64) -> String {
    span(TimeDelta::from_std(Duration::from_millis(millis)).unwrap_or(TimeDelta::MAX))
}

/// A length of time, as precise as it is short: `12 ms`, `5.003 s`, `3 min 2 s`, `2 h 5 min`, `3 d 4 h`.
#[must_use]
pub fn span(length: TimeDelta) -> String {
    let ms = length.num_milliseconds().max(0);
    let (seconds, minutes, hours) = (ms / 1000, ms / 60_000, ms / 3_600_000);
    match ms {
        0..1000 => format!("{ms} ms"),
        1000..60_000 => format!("{seconds}.{:03} s", ms % 1000),
        60_000..3_600_000 => format!("{minutes} min {} s", seconds % 60),
        3_600_000..172_800_000 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{} d {} h", hours / 24, hours % 24),
    }
}
