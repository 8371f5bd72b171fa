//! Traces by OpenTelemetry: how a session came to its owner, step by step, in every process that took part.
//!
//! Nothing is sent along for it. All steps of one claim of a session are one trace, whose id each process works out for itself from the
//! session and its fencing token ([`ids`]); so old and new versions, and processes that trace and those that do not, get along.
//!
//! Absent on purpose: decisions, and anything that holds up whoever tells of a step. What does not fit into the queue is dropped.

mod export;
pub mod ids;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::TimeDelta;
use opentelemetry::trace::{SpanContext, SpanKind, Status, TraceFlags, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{BatchSpanProcessor, SpanData, SpanEvents, SpanLinks, SpanProcessor};
use reqwest::Url;

use self::ids::Step;
use crate::domain::name::SessionId;
use crate::domain::token::FencingToken;
use crate::time::wall_clock;

/// How long the last steps may take to be sent when a process ends.
const FAREWELL: Duration = Duration::from_secs(2);

/// Takes note of steps and sends them to a collector, or does nothing. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Traces(Option<Arc<Sink>>);

#[derive(Debug)]
struct Sink {
    processor: BatchSpanProcessor,
    scope: InstrumentationScope,
}

/// Something that was done for the claim of a session.
#[derive(Debug)]
pub struct Deed<'a> {
    pub session: &'a SessionId,
    /// Of the claim.
    pub token: FencingToken,
    pub step: Step,
    /// What it is called where it is shown.
    pub name: &'static str,
    /// How long ago it began.
    pub began: Duration,
    /// How long ago it was over.
    pub ended: Duration,
    pub attributes: Vec<(&'static str, String)>,
}

impl Traces {
    /// Sends steps by OTLP over HTTP, as JSON, to the collector at this address. `service` and `instance` say who tells of them.
    ///
    /// # Errors
    /// Fails if the address is none, or outside a runtime.
    pub fn to(endpoint: &Url, service: &'static str, instance: &str) -> anyhow::Result<Self> {
        let processor = export::processor(endpoint, service, instance).with_context(|| format!("cannot send traces to {endpoint}"))?;
        let scope = InstrumentationScope::builder("conncentric").with_version(env!("CARGO_PKG_VERSION")).build();
        Ok(Self(Some(Arc::new(Sink { processor, scope }))))
    }

    /// Whether anybody will see what is told.
    #[must_use]
    pub fn are_on(&self) -> bool {
        self.0.is_some()
    }

    /// Takes note of a step. Never waits.
    pub fn tell(&self, deed: &Deed<'_>) {
        if let Some(sink) = &self.0 {
            sink.processor.on_end(span(deed, sink.scope.clone()));
        }
    }

    /// Sends what has not been sent yet, as far as that is soon done.
    pub async fn finish(self) {
        let Some(sink) = self.0 else { return };
        let sent = tokio::task::spawn_blocking(move || sink.processor.shutdown_with_timeout(FAREWELL)).await;
        if let Ok(Err(error)) = sent {
            tracing::warn!(%error, "the last traces are lost");
        }
    }
}

fn span(deed: &Deed<'_>, scope: InstrumentationScope) -> SpanData {
    let Deed { session, token, step, name, began, ended, attributes } = deed;
    let context = |step| {
        let (trace, span) = (ids::trace_id(session, *token), ids::span_id(session, *token, step));
        SpanContext::new(trace, span, TraceFlags::SAMPLED, false, TraceState::default())
    };
    let parent = step.parent().map(context);
    let now = wall_clock();
    let at = |ago: Duration| now - TimeDelta::from_std(ago).unwrap_or_default();
    let own = [("conncentric.session", session.to_string()), ("conncentric.token", token.to_string())];
    let attributes = own.into_iter().chain(attributes.iter().cloned());
    SpanData {
        span_context: context(*step),
        parent_span_id: parent.as_ref().map_or(opentelemetry::trace::SpanId::INVALID, SpanContext::span_id),
        parent_span_is_remote: step.parent_is_elsewhere(),
        span_kind: SpanKind::Internal,
        name: Cow::Borrowed(name),
        start_time: at(*began).into(),
        end_time: at(*ended).into(),
        attributes: attributes.map(|(key, value)| KeyValue::new(key, value)).collect(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: scope,
    }
}
