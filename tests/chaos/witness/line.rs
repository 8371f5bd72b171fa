//! What is said to the witness: `LOGIN session=S token=T pod=P`, `KEEPALIVE …`, `LOGOUT …`, as the `tcp` connector writes them.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub verb: String,
    pub session: String,
    pub token: i64,
    pub pod: String,
}

/// `None` for what is no such line.
pub fn parse(text: &str) -> Option<Line> {
    let mut words = text.split_ascii_whitespace();
    let verb = words.next().filter(|verb| ["LOGIN", "KEEPALIVE", "LOGOUT"].contains(verb))?.to_owned();
    let (mut session, mut token, mut pod) = (None, None, None);
    for word in words {
        match word.split_once('=')? {
            ("session", value) => session = Some(value.to_owned()),
            ("token", value) => token = value.parse().ok(),
            ("pod", value) => pod = Some(value.to_owned()),
            _ => {}
        }
    }
    Some(Line { verb, session: session?, token: token?, pod: pod? })
}
