//! What is told of the events that this orchestrator has appended: a line each in its log, and the traces of claims.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::event::{ClaimKind, Event, LeaseExpired, Recorded, SessionClaimed};
use crate::domain::token::FencingToken;
use crate::orchestrator::metrics::name_of;
use crate::trace::ids::Step;
use crate::trace::{Deed, Traces};

/// Lines for one append at most: it may end thousands of leases, and everybody else waits meanwhile.
const LINES: usize = 100;

/// Tells of one append that began at `began` and is done now.
pub(super) fn tell(recorded: &[Recorded], began: Instant, traces: &Traces) {
    for event in recorded.iter().take(LINES) {
        line(event);
    }
    if let [first, .., last] = recorded.get(LINES..).unwrap_or_default() {
        tracing::info!(target: "conncentric::event", position = first.position, last = last.position, "and more in the same append");
    }
    if traces.are_on() {
        for (event, claimed) in recorded.iter().filter_map(claim) {
            trace(event, claimed, recorded, began.elapsed(), traces);
        }
    }
}

fn line(Recorded { position, epoch, actor, request_id, cause, event, .. }: &Recorded) {
    tracing::info!(
        target: "conncentric::event",
        position,
        epoch = epoch.0,
        request_id = request_id.map(tracing::field::display),
        cause,
        stream = event.stream(),
        actor,
        "{}",
        event.type_name()
    );
}

fn claim(recorded: &Recorded) -> Option<(&Recorded, &SessionClaimed)> {
    match &recorded.event {
        Event::SessionClaimed(claimed) => Some((recorded, claimed)),
        _ => None,
    }
}

/// The claim and what led to it, as far as this orchestrator has seen it.
fn trace(event: &Recorded, claimed: &SessionClaimed, batch: &[Recorded], took: Duration, traces: &Traces) {
    let Ok(token) = FencingToken::new(event.epoch, event.position) else { return };
    let name = match claimed.kind {
        ClaimKind::Takeover => "takeover",
        ClaimKind::Handover => "handover",
        ClaimKind::Placement | ClaimKind::Request => "claim",
    };
    let expired = batch.iter().find(|led| Some(led.position) == event.cause).and_then(|led| match &led.event {
        Event::LeaseExpired(expired) => Some(expired),
        _ => None,
    });
    let silence = expired.map_or(Duration::ZERO, |expired| Duration::from_millis(expired.silence_ms));
    let tell = |step, name, began, ended, attributes| {
        traces.tell(&Deed { session: &claimed.session, token, step, name, began, ended, attributes });
    };
    let owner = vec![
        ("conncentric.pod", claimed.pod.to_string()),
        ("conncentric.kind", name_of(claimed.kind).to_owned()),
        ("conncentric.position", event.position.to_string()),
    ];
    tell(Step::Claim, name, took + silence, Duration::ZERO, owner);
    if let Some(LeaseExpired { pod, silence_ms, safety_margin_ms, .. }) = expired {
        let lost = vec![
            ("conncentric.pod", pod.to_string()),
            ("conncentric.silence_ms", silence_ms.to_string()),
            ("conncentric.safety_margin_ms", safety_margin_ms.to_string()),
        ];
        tell(Step::Silence, "silence", took + silence, took, lost);
    }
    tell(Step::Append, "append", took, Duration::ZERO, Vec::new());
}
