//! How a command ends: the reason on standard error, and the exit code.

use std::fmt::Write as _;
use std::process::ExitCode;

use super::output::{ReaderLeft, harmless, note};
use crate::client;

/// A command line that clap accepted and that still makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct WrongUsage(pub(super) String);

/// Says why a command failed, and gives the code that it ends with.
#[must_use]
pub fn exit_code(outcome: anyhow::Result<ExitCode>) -> ExitCode {
    let error = match outcome {
        Ok(code) => return code,
        Err(error) => error,
    };
    if error.is::<ReaderLeft>() {
        return ExitCode::SUCCESS;
    }
    note(&describe(&error));
    if error.is::<WrongUsage>() { ExitCode::from(2) } else { ExitCode::FAILURE }
}

/// The reason first and on a line of its own, then what led to it, then what may help.
fn describe(error: &anyhow::Error) -> String {
    let lines = |text: String| text.lines().map(harmless).collect::<Vec<_>>().join("\n");
    let mut text = format!("error: {}", lines(error.to_string()));
    let mut last = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        // Many errors of libraries repeat their cause in their own message.
        if !last.contains(&cause) {
            let _ = write!(text, "\n  because: {}", lines(cause.clone()));
        }
        last = cause;
    }
    if let Some(hint) = error.chain().find_map(|cause| cause.downcast_ref()).and_then(hint) {
        let _ = write!(text, "\n  hint: {hint}");
    }
    text
}

fn hint(error: &client::Error) -> Option<&'static str> {
    match error {
        client::Error::Unreachable { .. } => {
            Some("name the orchestrators with --server URL[,URL] or CONNCENTRIC_SERVER; `conncentric dev` starts a system to try")
        }
        client::Error::NoAnswer { .. } => Some("the request may have been carried out; look with `conncentric get` before you repeat it"),
        client::Error::Refused(problem) if problem.status == 401 => Some(
            "give an access token with --token-file FILE or CONNCENTRIC_TOKEN; an administrator makes one with `conncentric token create`",
        ),
        client::Error::Refused(_) | client::Error::Unintelligible { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;
    use crate::wire::problem::Problem;

    fn refused(status: u16, detail: &str) -> anyhow::Error {
        let problem = Problem {
            kind: "about:blank".into(),
            title: String::new(),
            status,
            code: "x".into(),
            detail: detail.into(),
            field: None,
            errors: vec![],
        };
        client::Error::Refused(Box::new(problem)).into()
    }

    #[test]
    fn the_first_line_is_the_reason() {
        let error = anyhow!("connection refused").context("cannot reach the database");
        assert_eq!(describe(&error), "error: cannot reach the database\n  because: connection refused");
    }

    #[test]
    fn who_has_no_token_is_told_how_to_get_one() {
        assert!(describe(&refused(401, "no token")).contains("token create"));
        assert_eq!(describe(&refused(404, "there is no adapter x")), "error: there is no adapter x");
    }

    #[test]
    fn a_refusal_cannot_paint_the_terminal() {
        assert!(!describe(&refused(400, "bad \u{1b}[2J")).contains('\u{1b}'));
    }
}
