//! `action`: a command to a running session.

use serde_json::{Map, Value};

use super::output;
use super::progress::{Pending, Standing, WaitArgs, wait_until};
use super::server::Api;
use crate::client;
use crate::domain::action::ActionState;
use crate::domain::name::{ActionName, SessionId};
use crate::wire::action::{ActionAccepted, ActionRequest, ActionView};

/// Orders an action of a running session: restart, or one that its connector understands.
///
/// Values are read as JSON where they are JSON, and as text where they are not. What the connectors understand: GET /v1/connectors.
///
/// Examples: conncentric action venue-a/0 restart --wait, conncentric action venue-a/0 set-sequence next=42
#[derive(Debug, clap::Args)]
pub(super) struct ActionArgs {
    /// The session, for example venue-a/0
    session: SessionId,

    /// The action, for example restart
    #[arg(value_name = "NAME")]
    action: ActionName,

    /// Its parameters, for example next=42
    #[arg(value_name = "KEY=VALUE", value_parser = parameter)]
    parameters: Vec<(String, Value)>,

    #[command(flatten)]
    wait: WaitArgs,
}

fn parameter(text: &str) -> Result<(String, Value), String> {
    let (key, value) = text.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or("a parameter is written key=value")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok((key.to_owned(), value))
}

impl ActionArgs {
    pub(super) async fn run(self, api: &Api) -> anyhow::Result<()> {
        let Self { session, action, parameters, wait } = self;
        let request = ActionRequest { action, parameters: parameters.into_iter().collect::<Map<_, _>>() };
        let path = format!("/v1/sessions/{session}/actions");
        let accepted: ActionAccepted = api.post(&path, &request).await?;
        let ActionAccepted { action_id, owner, .. } = accepted;
        output::line(&format!("session/{session} action {action_id} ({}) ordered of {}", request.action, owner.pod))?;
        if !wait.wait {
            return Ok(());
        }
        let mut last = None;
        wait_until("answered", wait.timeout, async || {
            let view: ActionView = api.get(&format!("{path}/{action_id}")).await?;
            let standing = standing(&view);
            last = Some(view);
            Ok::<_, client::Error>(standing)
        })
        .await?;
        last.map_or(Ok(()), |view| tell(&view))
    }
}

fn standing(view: &ActionView) -> Standing {
    let waits = Pending { what: format!("{} {}", view.session, view.action), why: view.state.to_string() };
    Standing { total: 1, pending: if view.state.is_final() { Vec::new() } else { vec![waits] } }
}

/// Says what became of it. Whatever was not done is a failure.
fn tell(view: &ActionView) -> anyhow::Result<()> {
    let message = view.message.as_ref().map_or_else(String::new, |message| format!(": {message}"));
    let text = output::harmless(&format!("session/{} action {} ({}) {}{message}", view.session, view.action_id, view.action, view.state));
    match view.state {
        ActionState::Done => output::line(&text),
        ActionState::Abandoned => {
            anyhow::bail!("{text}: its owner gave the session up without an answer, and nobody knows how far it came")
        }
        _ => anyhow::bail!(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_json_where_they_can_be() {
        for (text, value) in
            [("next=42", json!(42)), ("name=venue", json!("venue")), ("list=[1]", json!([1])), ("a=b=c", json!("b=c")), ("e=", json!(""))]
        {
            assert_eq!(parameter(text).map(|(_, value)| value), Ok(value), "{text}");
        }
        assert!(parameter("next").is_err() && parameter("=1").is_err());
    }
}
