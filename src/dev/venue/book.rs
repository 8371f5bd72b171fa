//! Who may send what: the venue's rules, as a pure state machine. Clients are numbers here, and time is an argument.
//!
//! A venue is what fencing protects. It knows nothing of pods, leases or orchestrators: it compares tokens.

use std::collections::BTreeMap;

use super::line::{Line, Verb};
use crate::domain::token::FencingToken;

/// One connection.
pub(super) type ClientId = u64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Active {
    client: ClientId,
    token: FencingToken,
}

#[derive(Debug, Default)]
struct Session {
    /// The largest token ever accepted. Never shrinks, and outlives restarts.
    highest: Option<FencingToken>,
    active: Option<Active>,
}

/// What the venue answers to a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Accepted {
        /// A client with a smaller token that had not logged out. The rules refuse it from here on.
        superseded: Option<ClientId>,
    },
    Refused(String),
    /// A second client logs in with the token of one that is still connected: what must never happen.
    Conflict {
        with: ClientId,
    },
}

/// All sessions that the venue has heard of.
#[derive(Debug, Default)]
pub(super) struct Book {
    sessions: BTreeMap<String, Session>,
}

impl Book {
    /// Sessions that are remembered at most: the names come from clients, and memory is finite.
    pub(super) const CAPACITY: usize = 100_000;

    /// Takes over a token that was accepted in an earlier life.
    pub(super) fn remember(&mut self, session: &str, token: FencingToken) {
        let session = self.sessions.entry(session.to_owned()).or_default();
        session.highest = session.highest.max(Some(token));
    }

    /// The largest token of each session.
    pub(super) fn highest(&self) -> impl Iterator<Item = (&str, FencingToken)> {
        self.sessions.iter().filter_map(|(name, session)| Some((name.as_str(), session.highest?)))
    }

    pub(super) fn judge(&mut self, client: ClientId, line: &Line) -> Verdict {
        let known = self.sessions.contains_key(&line.session);
        if line.verb == Verb::Login && !known && self.sessions.len() >= Self::CAPACITY {
            return Verdict::Refused(format!("the venue remembers {} sessions and takes no more", Self::CAPACITY));
        }
        match line.verb {
            Verb::Login => self.log_in(client, line),
            Verb::KeepAlive | Verb::Reset | Verb::Sequence | Verb::Logout => self.carry_on(client, line),
        }
    }

    fn log_in(&mut self, client: ClientId, line: &Line) -> Verdict {
        if let Some(other) = self.session_of(client).filter(|other| *other != line.session) {
            return Verdict::Refused(format!("this connection is logged in as {other} already"));
        }
        let session = self.sessions.entry(line.session.clone()).or_default();
        if let Some(highest) = session.highest.filter(|highest| line.token < *highest) {
            return Verdict::Refused(smaller(line.token, highest));
        }
        let superseded = match session.active.filter(|active| active.client != client) {
            Some(active) if active.token == line.token => return Verdict::Conflict { with: active.client },
            other => other.map(|active| active.client),
        };
        session.highest = Some(line.token);
        session.active = Some(Active { client, token: line.token });
        Verdict::Accepted { superseded }
    }

    fn carry_on(&mut self, client: ClientId, line: &Line) -> Verdict {
        let Some(session) = self.sessions.get_mut(&line.session) else {
            return Verdict::Refused("log in first".into());
        };
        if let Some(highest) = session.highest.filter(|highest| line.token < *highest) {
            return Verdict::Refused(smaller(line.token, highest));
        }
        if session.active != Some(Active { client, token: line.token }) {
            return Verdict::Refused("this connection is not logged in with that session and token".into());
        }
        if line.verb == Verb::Logout {
            session.active = None;
        }
        Verdict::Accepted { superseded: None }
    }

    /// Forgets a connection that ended. What it was allowed to do does not come back with the next one.
    pub(super) fn closed(&mut self, client: ClientId) {
        for session in self.sessions.values_mut() {
            session.active = session.active.filter(|active| active.client != client);
        }
    }

    fn session_of(&self, client: ClientId) -> Option<&str> {
        let active = |session: &Session| session.active.is_some_and(|active| active.client == client);
        self.sessions.iter().find(|(_, session)| active(session)).map(|(name, _)| name.as_str())
    }
}

fn smaller(token: FencingToken, highest: FencingToken) -> String {
    format!("token {token} is smaller than {highest}, which was accepted before")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::line::parse;
    use super::*;

    fn say(book: &mut Book, client: ClientId, verb: &str, token: i64) -> Verdict {
        book.judge(client, &parse(&format!("{verb} session=a/0 token={token} pod=p{client}")).expect("a line"))
    }

    const ACCEPTED: Verdict = Verdict::Accepted { superseded: None };

    #[test]
    fn a_larger_token_ends_the_right_of_the_older_client() {
        let mut book = Book::default();
        assert_eq!(say(&mut book, 1, "LOGIN", 5), ACCEPTED);
        assert_eq!(say(&mut book, 1, "KEEPALIVE", 5), ACCEPTED);
        assert_eq!(say(&mut book, 2, "LOGIN", 7), Verdict::Accepted { superseded: Some(1) });
        for verb in ["KEEPALIVE", "LOGOUT", "LOGIN"] {
            assert!(matches!(say(&mut book, 1, verb, 5), Verdict::Refused(reason) if reason.contains("smaller than 7")));
        }
        assert_eq!(say(&mut book, 2, "KEEPALIVE", 7), ACCEPTED);
    }

    #[test]
    fn two_clients_of_one_token_are_a_conflict_until_one_is_gone() {
        let mut book = Book::default();
        say(&mut book, 1, "LOGIN", 5);
        assert_eq!(say(&mut book, 2, "LOGIN", 5), Verdict::Conflict { with: 1 });
        assert!(matches!(say(&mut book, 2, "KEEPALIVE", 5), Verdict::Refused(_)), "the second one was not let in");
        assert_eq!(say(&mut book, 1, "LOGIN", 5), ACCEPTED, "it may log in again");
        book.closed(1);
        assert_eq!(say(&mut book, 2, "LOGIN", 5), ACCEPTED);
        say(&mut book, 2, "LOGOUT", 5);
        assert_eq!(say(&mut book, 3, "LOGIN", 5), ACCEPTED);
    }

    #[test]
    fn a_token_is_remembered_after_a_logout_and_a_restart() {
        let mut book = Book::default();
        say(&mut book, 1, "LOGIN", 5);
        say(&mut book, 1, "LOGOUT", 5);
        let mut next = Book::default();
        for (session, token) in book.highest() {
            next.remember(session, token);
        }
        assert!(matches!(say(&mut next, 2, "LOGIN", 4), Verdict::Refused(_)));
        assert_eq!(say(&mut next, 2, "LOGIN", 5), ACCEPTED);
    }

    #[test]
    fn one_connection_is_one_session() {
        let mut book = Book::default();
        say(&mut book, 1, "LOGIN", 5);
        let other = parse("LOGIN session=b/0 token=9 pod=p").expect("a line");
        assert!(matches!(book.judge(1, &other), Verdict::Refused(reason) if reason.contains("logged in as a/0")));
    }

    proptest! {
        /// Invariant I2, at the end that it protects: accepted tokens never go down, whoever sends what.
        #[test]
        fn accepted_tokens_never_shrink(lines in proptest::collection::vec((1_u64..5, 0_usize..4, 1_i64..6), 0..200)) {
            let mut book = Book::default();
            let mut highest = 0;
            for (client, verb, token) in lines {
                let Some(verb) = ["LOGIN", "KEEPALIVE", "LOGOUT"].get(verb) else {
                    book.closed(client);
                    continue;
                };
                if matches!(say(&mut book, client, verb, token), Verdict::Accepted { .. }) {
                    prop_assert!(token >= highest, "{token} after {highest}");
                    highest = token;
                }
            }
        }
    }
}
