//! The witness's rule, alone: a token never shrinks, and belongs to one pod.

use std::collections::HashMap;

use super::line::Line;

#[derive(Debug, Default)]
pub struct Book {
    highest: HashMap<String, (i64, String)>,
}

impl Book {
    /// An error is the reason of the refusal.
    pub fn judge(&mut self, line: &Line) -> Result<(), String> {
        let held = self.highest.entry(line.session.clone()).or_insert_with(|| (line.token, line.pod.clone()));
        if line.token < held.0 {
            return Err(format!("token {} is smaller than {}, which was accepted before", line.token, held.0));
        }
        if line.token == held.0 && line.pod != held.1 {
            return Err(format!("token {} is {}'s", line.token, held.1));
        }
        *held = (line.token, line.pod.clone());
        Ok(())
    }
}

mod tests {
    use super::*;
    use crate::witness::line::parse;

    #[test]
    fn a_token_never_shrinks_and_belongs_to_one_pod() {
        let mut book = Book::default();
        let mut say = |text: &str| book.judge(&parse(text).expect("a line")).is_ok();
        assert!(say("LOGIN session=a/0 token=5 pod=p"));
        assert!(say("KEEPALIVE session=a/0 token=5 pod=p"));
        assert!(!say("LOGIN session=a/0 token=5 pod=q"), "somebody else's");
        assert!(say("LOGIN session=a/0 token=7 pod=q"));
        assert!(!say("KEEPALIVE session=a/0 token=5 pod=p"), "over");
        assert!(say("LOGIN session=b/0 token=1 pod=p"), "sessions have nothing to do with each other");
    }
}
