//! The venue's journal, typed: what the downstream was sent, and what it accepted.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use conncentric::domain::name::SessionId;
use conncentric::domain::token::FencingToken;
use serde::Deserialize;

/// One object of the journal.
#[derive(Debug, Clone, Deserialize)]
pub struct Line {
    monotonic_ns: u64,
    pub kind: String,
    pub session: Option<SessionId>,
    pub token: Option<FencingToken>,
    pub pod: Option<String>,
    #[serde(rename = "line")]
    pub verb: Option<String>,
    pub accepted: bool,
    pub reason: Option<String>,
}

impl Line {
    /// When the venue heard it, since boot.
    pub fn at(&self) -> Duration {
        Duration::from_nanos(self.monotonic_ns)
    }

    pub fn is(&self, verb: &str) -> bool {
        self.verb.as_deref() == Some(verb)
    }
}

/// All of it, in the order in which the venue judged.
#[derive(Debug)]
pub struct Journal(pub Vec<Line>);

impl Journal {
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).expect("a journal");
        // The last line may be half written.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        Self(whole.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect())
    }

    /// The accepted lines of a session under one token.
    pub fn accepted(&self, session: &SessionId, token: FencingToken) -> Vec<&Line> {
        let ours = |line: &&Line| line.session.as_ref() == Some(session) && line.token == Some(token);
        self.0.iter().filter(|line| line.kind == "line" && line.accepted).filter(ours).collect()
    }

    /// How many lines of this verb each session had accepted.
    pub fn count(&self, verb: &str) -> BTreeMap<SessionId, usize> {
        let mut counts = BTreeMap::new();
        for line in self.0.iter().filter(|line| line.kind == "line" && line.accepted && line.is(verb)) {
            *counts.entry(line.session.clone().expect("names its session")).or_default() += 1;
        }
        counts
    }

    /// I2: no accepted line of an older token after one of a newer one. And never two clients with one token.
    pub fn assert_tokens_never_shrink(&self) {
        let mut highest: BTreeMap<&SessionId, FencingToken> = BTreeMap::new();
        for line in &self.0 {
            assert_ne!(line.kind, "conflict", "two clients claimed one session with one token: {line:?}");
            let (Some(session), Some(token), true) = (&line.session, line.token, line.accepted) else { continue };
            let known = highest.entry(session).or_insert(token);
            assert!(token >= *known, "accepted after token {known}: {line:?}");
            *known = token;
        }
    }

    /// I3: whoever lost a session had stopped by itself before the next owner came. The venue had to refuse nobody.
    pub fn assert_one_believer_at_a_time(&self) {
        self.assert_tokens_never_shrink();
        for line in &self.0 {
            assert!(line.accepted && line.kind == "line", "the venue had to step in: {line:?}");
        }
    }
}
