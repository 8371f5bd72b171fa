//! What a run came to, for people and as JSON.

use std::fmt::Write;
use std::time::Duration;

use serde_json::json;

use crate::checker::{Counts, Takeover, Violation, count, takeovers};
use crate::evidence::Evidence;
use crate::ledger::ownerships;

#[derive(Debug)]
pub struct Report {
    pub seed: u64,
    pub lasted: Duration,
    pub counts: Counts,
    /// The slowest, and by how much it was slower than its lease timeout.
    pub slowest: Option<Takeover>,
    pub takeovers: usize,
    pub violations: Vec<Violation>,
    /// What ended the run before its time.
    pub found: Vec<Violation>,
}

impl Report {
    pub fn new(seed: u64, evidence: &Evidence, violations: Vec<Violation>) -> Self {
        let measured = ownerships(&evidence.ledger).map(|owners| takeovers(evidence, &owners)).unwrap_or_default();
        let beyond = |takeover: &Takeover| takeover.took.unwrap_or(Duration::MAX).saturating_sub(takeover.ttl);
        let lasted = evidence.run.map_or(Duration::ZERO, |run| run.to.saturating_sub(run.from));
        let takeovers = measured.len();
        Self {
            seed,
            lasted,
            counts: count(evidence),
            slowest: measured.into_iter().max_by_key(beyond),
            takeovers,
            violations,
            found: evidence.found.clone(),
        }
    }

    pub fn table(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: String| writeln!(text, "  {name:<44} {value:>10}").expect("a string");
        line("seed", self.seed.to_string());
        line("seconds", self.lasted.as_secs().to_string());
        line("faults", self.counts.faults().to_string());
        for (kind, count) in &self.counts.faults {
            line(&format!("  {kind}"), count.to_string());
        }
        line("sessions that changed hands", self.counts.moves().to_string());
        for (kind, count) in &self.counts.claims {
            line(&format!("  by {kind}"), count.to_string());
        }
        for (name, count) in [
            ("leases expired", self.counts.expiries),
            ("sessions fenced by their pods", self.counts.fencings),
            ("writes accepted downstream", self.counts.accepted_writes),
            ("stale writes refused downstream", self.counts.refused_stale_writes),
            ("commands acknowledged", self.counts.acknowledged),
            ("unknown outcomes", self.counts.unknown_outcomes),
            ("forbidden requests refused", self.counts.forbidden_refused),
            ("reads after acknowledged writes", self.counts.readings),
            ("events heard by subscribers", self.counts.events_heard),
            ("takeovers measured", self.takeovers),
        ] {
            line(name, count.to_string());
        }
        if let Some(slowest) = &self.slowest {
            let beyond = slowest.took.map(|took| took.as_secs_f64() - slowest.ttl.as_secs_f64());
            line("slowest takeover, beyond the lease timeout", beyond.map_or("never".into(), |beyond| format!("{beyond:.3} s")));
        }
        for found in &self.found {
            line("found", found.told());
        }
        line("violations", self.violations.len().to_string());
        for violation in self.violations.iter().take(20) {
            writeln!(text, "  {}: {}", violation.rule, violation.what).expect("a string");
        }
        text
    }

    pub fn json(&self) -> String {
        let slowest = self.slowest.as_ref().and_then(|slowest| Some(slowest.took?.as_secs_f64() - slowest.ttl.as_secs_f64()));
        let value = json!({
            "seed": self.seed, "seconds": self.lasted.as_secs_f64(), "counts": self.counts, "takeovers": self.takeovers,
            "slowest_takeover_beyond_ttl_s": slowest, "violations": self.violations,
            "found": self.found.first().map(|found| found.rule),
        });
        value.to_string()
    }
}
