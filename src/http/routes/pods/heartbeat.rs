//! `POST /v1/heartbeats`: one renews all leases of the pod.

use std::collections::HashMap;

use axum::extract::State;
use uuid::Uuid;

use crate::domain::command::{Command, Heartbeat, Report};
use crate::domain::fleet::Lease;
use crate::domain::name::{Holder, SessionId};
use crate::domain::refusal::Refusal;
use crate::domain::token::{Epoch, FencingToken, Position};
use crate::http::App;
use crate::http::auth::Caller;
use crate::http::body::Json;
use crate::http::problem::ApiError;
use crate::http::views;
use crate::orchestrator::request::Submission;
use crate::orchestrator::snapshot::Snapshot;
use crate::wire::pod::{HeartbeatAnswer, HeartbeatRequest, LeaseReport, RenewedLease};

/// Records a sign of life and answers with all that the pod owns.
#[utoipa::path(post, path = "/v1/heartbeats", tag = "pods", request_body = HeartbeatRequest,
    responses((status = 200, body = HeartbeatAnswer)))]
pub(crate) async fn heartbeat(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<HeartbeatRequest>,
) -> Result<axum::Json<HeartbeatAnswer>, ApiError> {
    let actor = caller.speak_for(&body.pod)?;
    if body.sequence < 0 {
        return Err(ApiError::invalid("sequence", "a heartbeat's sequence counts from 0"));
    }
    let holder = Holder { pod: body.pod, incarnation: body.incarnation };
    let command = Command::Heartbeat(Heartbeat {
        holder: holder.clone(),
        sequence: body.sequence,
        epoch: body.epoch,
        seen: body.receipt.as_deref().and_then(|receipt| seen(&app, receipt)),
        reports: body.leases.iter().map(report).collect(),
        access_token: caller.access_token,
    });
    let done = app.orchestrator.submit(Submission { command, actor, request_id: Uuid::now_v7() }).await?;
    answer(&done.after, holder, body.epoch, &body.leases).map(axum::Json).map_err(Into::into)
}

pub(crate) fn report(lease: &LeaseReport) -> Report {
    Report {
        session: lease.session.clone(),
        token: lease.token,
        status: lease.status,
        reason: lease.reason.clone(),
        trusted: lease.trusted,
    }
}

fn seen(app: &App, receipt: &str) -> Option<(Epoch, Position)> {
    let as_of = app.orchestrator.latest().receipts.read(receipt)?;
    Some((as_of.epoch, as_of.ledger_position))
}

/// `known` is the epoch that the pod named. If it had not heard of the present one yet, the answer renews nothing, and the pod
/// keeps what it has for as long as it trusts it: its next heartbeat says whether it does.
pub(crate) fn answer(
    snapshot: &Snapshot,
    holder: Holder,
    known: Option<Epoch>,
    reported: &[LeaseReport],
) -> Result<HeartbeatAnswer, Refusal> {
    let current = snapshot.fleet.pod(&holder.pod).filter(|(_, registration)| registration.holder == holder);
    let (registration, _) = current.ok_or(Refusal::HolderUnknown(holder))?;
    let informed = known.is_none_or(|known| known == snapshot.fleet.epoch());
    let leases = || snapshot.fleet.leases_of(registration).filter(|(_, lease)| lease.confirmed || !informed);
    let held: HashMap<&SessionId, FencingToken> = leases().map(|(session, lease)| (session, lease.token)).collect();
    let reports: HashMap<&SessionId, &LeaseReport> = reported.iter().map(|lease| (&lease.session, lease)).collect();
    // Judged before anything is made of it: a grant carries all settings, and usually nothing was missed.
    let missed = |(session, lease): &(&SessionId, &Lease)| match reports.get(session) {
        Some(report) if report.token == lease.token => snapshot.fleet.stop_reason(session, lease).is_some(),
        _ => lease.confirmed,
    };
    let missed = snapshot.fleet.leases_of(registration).filter(missed).map(|(session, lease)| views::grant(snapshot, session, lease));
    Ok(HeartbeatAnswer {
        as_of: snapshot.as_of(),
        heartbeat_interval_ms: views::heartbeat_interval_ms(snapshot),
        receipt: snapshot.receipts.sign(snapshot.as_of()),
        leases: leases()
            .map(|(session, lease)| RenewedLease { session: session.clone(), token: lease.token, ttl_ms: lease.ttl.as_millis() })
            .collect(),
        fenced: reported.iter().filter(|lease| held.get(&lease.session) != Some(&lease.token)).map(|lease| lease.session.clone()).collect(),
        missed: missed.collect(),
        actions: views::untold_actions(snapshot, registration),
    })
}
