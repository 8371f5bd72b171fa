//! Actions as a program gets and answers them: lines of JSON on its standard input and output.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::connector::action::Action;
use crate::domain::action::ActionId;
use crate::domain::name::ActionName;

/// The line that orders an action.
#[derive(Serialize)]
struct Ordered<'a> {
    action: Order<'a>,
}

#[derive(Serialize)]
struct Order<'a> {
    id: ActionId,
    name: &'a ActionName,
    parameters: &'a Map<String, Value>,
}

/// What a program says of an action.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(super) struct AnswerLine {
    id: ActionId,
    state: State,
    #[serde(default)]
    message: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Done,
    Failed,
}

/// What the program has been told and has not answered. Its lock is held for a look at a small map, never across an await.
#[derive(Debug, Default)]
pub(super) struct UnderWay(Mutex<BTreeMap<ActionId, Action>>);

impl UnderWay {
    /// Remembers an action, and gives back the line for the program.
    pub(super) fn begin(&self, action: Action) -> String {
        let order = Ordered { action: Order { id: action.id(), name: &action.name, parameters: &action.parameters } };
        // Every order has a JSON form; the program would ignore an empty line.
        let line = serde_json::to_string(&order).unwrap_or_default();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(action.id(), action);
        line
    }

    /// Passes an answer on. One for an action that the program was not told of is ignored.
    pub(super) fn answer(&self, AnswerLine { id, state, message }: AnswerLine) {
        let action = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        match (action, state) {
            (Some(action), State::Done) => action.done(message.as_deref()),
            (Some(action), State::Failed) => action.failed(message.as_deref().unwrap_or("the program gives no reason")),
            (None, _) => tracing::debug!("the program answers action {id}, which it was not told of"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::action::Answers;
    use crate::domain::action::Answer;
    use crate::domain::token::FencingToken;
    use crate::wire::action::PodAction;
    use tokio::sync::mpsc;

    #[test]
    fn lines_are_what_the_contract_says() {
        let (answers, mut said) = mpsc::unbounded_channel();
        let parameters = serde_json::json!({"next": 7}).as_object().expect("an object").clone();
        let order = PodAction { action_id: ActionId(12), action: "set-sequence".parse().expect("a name"), parameters };
        let token = FencingToken::from_i64(1).expect("valid");
        let under_way = UnderWay::default();
        let line = under_way.begin(Action::new(order, "a/0".parse().expect("valid"), token, Answers::new(answers)));
        assert_eq!(line, r#"{"action":{"id":"12","name":"set-sequence","parameters":{"next":7}}}"#);
        let read = |text| serde_json::from_str::<AnswerLine>(text).expect("an answer");
        under_way.answer(read(r#"{"id":"13","state":"done"}"#));
        under_way.answer(read(r#"{"id":"12","state":"failed","message":"no route"}"#));
        under_way.answer(read(r#"{"id":"12","state":"done"}"#));
        let answer = said.try_recv().expect("an answer");
        assert_eq!((answer.state, answer.message.as_deref()), (Answer::Failed, Some("no route")));
        assert!(said.try_recv().is_err(), "the last answer was the first");
    }
}
