//! Actions as a connector gets them: each is answered once, whatever becomes of the connector.

use std::fmt;

use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::secrets::Secrets;
use crate::domain::action::{ActionId, Answer};
use crate::domain::name::{ActionName, SessionId};
use crate::domain::token::FencingToken;
use crate::wire::action::{NewAnswer, PodAction};

/// Where answers go. Without a reader they go nowhere.
#[derive(Debug, Clone, Default)]
pub struct Answers(Option<mpsc::UnboundedSender<NewAnswer>>);

impl Answers {
    #[must_use]
    pub fn new(answers: mpsc::UnboundedSender<NewAnswer>) -> Self {
        Self(Some(answers))
    }

    fn send(&self, answer: NewAnswer) {
        // Whoever does not listen has ended, and its leases with it.
        let _ = self.0.as_ref().map(|answers| answers.send(answer));
    }
}

/// An action that a connector is to carry out. Dropped without an answer, it has failed.
pub struct Action {
    pub name: ActionName,
    pub parameters: Map<String, Value>,
    id: ActionId,
    session: SessionId,
    token: FencingToken,
    secrets: Secrets,
    answers: Answers,
    answered: bool,
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Action").field("id", &self.id).field("name", &self.name).field("session", &self.session).finish_non_exhaustive()
    }
}

impl Action {
    #[must_use]
    pub fn new(action: PodAction, session: SessionId, token: FencingToken, answers: Answers) -> Self {
        let PodAction { action_id, action, parameters } = action;
        Self { name: action, parameters, id: action_id, session, token, secrets: Secrets::default(), answers, answered: false }
    }

    /// Says that it has reached a connector, and what is not to be said of it.
    pub(super) fn received(&mut self, secrets: &Secrets) {
        self.secrets = secrets.clone();
        self.say(Answer::Received, None);
    }

    /// What it is called everywhere.
    #[must_use]
    pub fn id(&self) -> ActionId {
        self.id
    }

    /// It was carried out.
    pub fn done(mut self, message: Option<&str>) {
        self.answered = true;
        self.say(Answer::Done, message);
    }

    /// It was not carried out, or not in whole, and why.
    pub fn failed(mut self, reason: &str) {
        self.answered = true;
        self.say(Answer::Failed, Some(reason));
    }

    fn say(&self, state: Answer, message: Option<&str>) {
        let message = message.map(|message| self.secrets.hide(message).into_owned());
        self.answers.send(NewAnswer { session: self.session.clone(), token: self.token, action_id: self.id, state, message });
    }
}

impl Drop for Action {
    fn drop(&mut self) {
        if !self.answered {
            self.say(Answer::Failed, Some("the connector ended before it had carried it out"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_answered_once() {
        let (answers, mut said) = mpsc::unbounded_channel();
        let action = || {
            let action = PodAction { action_id: ActionId(7), action: "reset".parse().expect("a name"), parameters: Map::new() };
            Action::new(action, "a/0".parse().expect("valid"), FencingToken::from_i64(1).expect("valid"), Answers::new(answers.clone()))
        };
        action().done(None);
        action().failed("why not");
        drop(action());
        let said: Vec<_> = std::iter::from_fn(|| said.try_recv().ok()).map(|answer| answer.state).collect();
        assert_eq!(said, [Answer::Done, Answer::Failed, Answer::Failed]);
    }
}
