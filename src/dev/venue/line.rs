//! The lines that clients send: `LOGIN session=S token=T pod=P`, `KEEPALIVE …`, `RESET …`, `SEQUENCE … next=N`, `LOGOUT …`.

use std::fmt;

use serde::Serialize;

use crate::domain::token::FencingToken;

/// Longest line in bytes. Whoever sends more is cut off.
pub(super) const LONGEST: usize = 4096;

/// What a client wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Verb {
    Login,
    KeepAlive,
    /// Sequence numbers begin again with 1.
    Reset,
    /// The next message has this number.
    Sequence,
    Logout,
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Login => "LOGIN",
            Self::KeepAlive => "KEEPALIVE",
            Self::Reset => "RESET",
            Self::Sequence => "SEQUENCE",
            Self::Logout => "LOGOUT",
        })
    }
}

/// One line, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) verb: Verb,
    pub(super) session: String,
    pub(super) token: FencingToken,
    /// A logout need not name it.
    pub(super) pod: Option<String>,
    /// The number of the next message, where a line sets it.
    pub(super) next: Option<u64>,
}

/// Reads a line. The error says what is wrong with it, for the client.
pub(super) fn parse(text: &str) -> Result<Line, String> {
    let mut words = text.split_ascii_whitespace();
    let verb = match words.next() {
        Some("LOGIN") => Verb::Login,
        Some("KEEPALIVE") => Verb::KeepAlive,
        Some("RESET") => Verb::Reset,
        Some("SEQUENCE") => Verb::Sequence,
        Some("LOGOUT") => Verb::Logout,
        _ => return Err("a line begins with LOGIN, KEEPALIVE, RESET, SEQUENCE or LOGOUT".into()),
    };
    let (mut session, mut token, mut pod, mut next) = (None, None, None, None);
    for word in words {
        let (name, value) = word.split_once('=').ok_or("fields are written name=value")?;
        let field = match name {
            "session" => &mut session,
            "token" => &mut token,
            "pod" => &mut pod,
            "next" => &mut next,
            _ => continue,
        };
        *field = Some(printable(name, value)?);
    }
    let token = token.ok_or("token= is missing")?.parse().map_err(|invalid| format!("token: {invalid}"))?;
    let session = session.ok_or("session= is missing")?;
    if pod.is_none() && verb != Verb::Logout {
        return Err("pod= is missing".into());
    }
    let number = |next: String| next.parse().ok().filter(|next| *next >= 1).ok_or("next= needs a number from 1 on");
    let next = match verb {
        Verb::Reset => Some(1),
        Verb::Sequence => Some(next.ok_or("next= is missing").and_then(number)?),
        Verb::Login | Verb::KeepAlive | Verb::Logout => None,
    };
    Ok(Line { verb, session, token, pod, next })
}

/// Names go to the journal and to terminals.
fn printable(name: &str, value: &str) -> Result<String, String> {
    let fits = (1..=200).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_graphic());
    if fits { Ok(value.to_owned()) } else { Err(format!("{name}= needs 1 to 200 printable ASCII characters")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_in_any_order_of_fields() {
        let line = parse("KEEPALIVE pod=pod-1 token=1099511627783 session=venue-a/0 later=x").expect("a line");
        assert_eq!((line.verb, line.session.as_str(), line.token.as_i64()), (Verb::KeepAlive, "venue-a/0", 1_099_511_627_783));
        assert_eq!(parse("LOGOUT session=a/0 token=5").expect("a line").pod, None);
    }

    #[test]
    fn a_refusal_names_what_is_wrong() {
        for (text, problem) in [
            ("", "begins with"),
            ("login session=a token=1 pod=p", "begins with"),
            ("LOGIN token=1 pod=p", "session= is missing"),
            ("LOGIN session=a pod=p", "token= is missing"),
            ("LOGIN session=a token=1", "pod= is missing"),
            ("LOGIN session=a token=-1 pod=p", "token:"),
            ("LOGIN session=a token=1 pod=p\u{1b}[31m", "pod= needs"),
            ("LOGIN session", "name=value"),
            ("SEQUENCE session=a token=1 pod=p", "next= is missing"),
            ("SEQUENCE session=a token=1 pod=p next=0", "next= needs"),
        ] {
            let refusal = parse(text).expect_err(text);
            assert!(refusal.contains(problem), "{text}: {refusal}");
        }
    }
}
