//! The lines of JSON by which a pod tells a guard what to do, on the guard's standard input.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The longest line that a guard reads. The pod writes far shorter ones; the bound keeps a broken pod from filling memory.
pub const MAX_LINE: usize = 256 * 1024;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Control {
    /// The lease is trusted until this time since boot. Only ever extends.
    Deadline { deadline_ns: u64 },
    /// SIGTERM now, SIGKILL after the timeout or at the deadline, whichever is first.
    Stop { stop: StopTimeout },
    /// SIGKILL now.
    Kill { kill: bool },
    /// A line for the child's standard input.
    Line { line: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopTimeout {
    pub timeout_ms: u64,
}

impl Control {
    #[must_use]
    pub fn deadline(at: Duration) -> Self {
        Self::Deadline { deadline_ns: nanoseconds(at) }
    }

    #[must_use]
    pub fn stop(timeout: Duration) -> Self {
        Self::Stop { stop: StopTimeout { timeout_ms: u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX) } }
    }

    /// The line with its end.
    ///
    /// # Errors
    /// None in practice: every control line has a JSON form.
    pub fn to_line(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self).map(|json| json + "\n")
    }
}

/// 64 bits of nanoseconds last for 584 years of uptime.
#[must_use]
pub fn nanoseconds(at: Duration) -> u64 {
    u64::try_from(at.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_what_the_contract_says() {
        for (control, line) in [
            (Control::deadline(Duration::from_nanos(7)), r#"{"deadline_ns":7}"#),
            (Control::stop(Duration::from_secs(5)), r#"{"stop":{"timeout_ms":5000}}"#),
            (Control::Kill { kill: true }, r#"{"kill":true}"#),
            (Control::Line { line: "{}".into() }, r#"{"line":"{}"}"#),
        ] {
            assert_eq!(control.to_line().expect("serialises").trim_end(), line);
            assert_eq!(serde_json::from_str::<Control>(line).expect("parses"), control);
        }
    }
}
