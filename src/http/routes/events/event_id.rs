//! The id of an event in a stream: `epoch:position`. A position alone says where, but not in which history (design 14).

use std::fmt;
use std::str::FromStr;

use crate::domain::token::{Epoch, Position};

/// What a subscriber has seen last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EventId {
    /// Not known of who only has a position.
    pub epoch: Option<Epoch>,
    pub position: Position,
}

impl FromStr for EventId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "the id of an event is its epoch and its position, as in 1:4711; a position alone will do";
        let (epoch, position) = match text.split_once(':') {
            Some((epoch, position)) => (Some(Epoch(epoch.parse().map_err(|_| WRONG)?)), position),
            None => (None, text),
        };
        let position = position.parse().ok().filter(|position| *position >= 0).ok_or(WRONG)?;
        Ok(Self { epoch, position })
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.epoch {
            Some(epoch) => write!(f, "{epoch}:{}", self.position),
            None => self.position.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_as_it_is_written() {
        for text in ["1:4711", "0", "12:0"] {
            assert_eq!(text.parse::<EventId>().expect("an id").to_string(), text);
        }
        for text in ["", "first", ":5", "1:", "-1", "1:-1", "1:2:3", "x:1", "99999999999:1"] {
            text.parse::<EventId>().expect_err(text);
        }
    }
}
