//! Which trace a step belongs to, worked out from what everybody knows who takes part in it. Pure.

use opentelemetry::trace::{SpanId, TraceId};
use sha2::{Digest, Sha256};

use crate::domain::name::SessionId;
use crate::domain::token::FencingToken;

/// The steps from the last heartbeat of an owner to the connector that runs at the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The whole at the orchestrator that recorded the claim.
    Claim,
    /// From the last sign of life of the owner before to the decision that it is gone.
    Silence,
    /// The claim on its way into the log.
    Append,
    /// At the orchestrator that the new owner listens to.
    Push,
    /// At the new owner, from hearing of the lease to being ACTIVE.
    Start,
    /// What it needed before its connector could run.
    Prepare,
}

impl Step {
    /// The step that it is part of.
    #[must_use]
    pub fn parent(self) -> Option<Self> {
        match self {
            Self::Claim => None,
            Self::Silence | Self::Append | Self::Push | Self::Start => Some(Self::Claim),
            Self::Prepare => Some(Self::Start),
        }
    }

    /// Whether that one may be told of by another process.
    #[must_use]
    pub fn parent_is_elsewhere(self) -> bool {
        matches!(self, Self::Push | Self::Start)
    }
}

/// The first half of SHA-256 over `SESSION TOKEN`.
#[must_use]
pub fn trace_id(session: &SessionId, token: FencingToken) -> TraceId {
    TraceId::from_bytes(first(&format!("{session} {token}")))
}

/// The first quarter of SHA-256 over `SESSION TOKEN STEP`. A session takes each step once under one token.
#[must_use]
pub fn span_id(session: &SessionId, token: FencingToken, step: Step) -> SpanId {
    SpanId::from_bytes(first(&format!("{session} {token} {step:?}")))
}

fn first<const N: usize>(text: &str) -> [u8; N] {
    let digest = Sha256::digest(text.as_bytes());
    let bytes: &[u8] = digest.as_ref();
    bytes.first_chunk().copied().unwrap_or([1; N])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Other versions work the same ids out, so they must never change. `printf 'venue-a/0 1099511627843' | sha256sum` shows them.
    #[test]
    fn ids_are_the_same_for_everybody_for_ever() {
        let session: SessionId = "venue-a/0".parse().expect("a session");
        let token = FencingToken::from_i64(1_099_511_627_843).expect("a token");
        assert_eq!(trace_id(&session, token).to_string(), "f073a3f190d77691ef938193f18ee896");
        assert_eq!(span_id(&session, token, Step::Claim).to_string(), "f8858ad1a9afb142");
        assert_ne!(span_id(&session, token, Step::Start), span_id(&session, token, Step::Claim));
        let later = FencingToken::from_i64(1_099_511_627_844).expect("a token");
        assert_ne!(trace_id(&session, token), trace_id(&session, later));
    }

    #[test]
    fn every_step_leads_to_the_claim() {
        for mut step in [Step::Silence, Step::Append, Step::Push, Step::Start, Step::Prepare] {
            while let Some(parent) = step.parent() {
                step = parent;
            }
            assert_eq!(step, Step::Claim);
        }
    }
}
