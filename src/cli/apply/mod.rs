//! `apply`: makes the adapters be as documents say.
//!
//! Everything is read and checked before anything is sent: a mistake in the last document changes nothing.

mod diff;
mod documents;

use std::collections::BTreeSet;

use anyhow::Context;
use futures_util::{StreamExt, stream};
use serde::Serialize;

use super::lists::AdapterList;
use super::output::{self, Format, FormatArgs};
use super::server::Api;
use crate::client::Error;
use crate::domain::name::AdapterName;
use crate::wire::adapter::{AdapterDocument, AdapterView, PutAnswer, PutOutcome, Warning};

/// How many adapters are sent at a time: an orchestrator appends those that arrive together in one go.
const AT_ONCE: usize = 8;

/// Declares adapters from YAML or JSON documents.
///
/// Prints created, updated or unchanged for each. Adapters are declared disabled unless their document says `enabled: true`.
///
/// Examples: conncentric apply -f venues.yaml, conncentric apply -f adapters/ --prune --dry-run
#[derive(Debug, clap::Args)]
pub(super) struct ApplyArgs {
    /// File, folder or - for standard input; may be given several times. Of a folder, its .yaml, .yml and .json files
    #[arg(long = "file", short = 'f', env = "CONNCENTRIC_FILE", value_name = "FILE", required = true)]
    files: Vec<String>,

    /// Also delete every adapter that no document declares. Those must be disabled
    #[arg(long)]
    prune: bool,

    /// Have everything checked, say what would come of it, and change nothing
    #[arg(long, env = "CONNCENTRIC_DRY_RUN")]
    dry_run: bool,

    /// Show what changes about adapters that are there already. A dry run shows it anyway
    #[arg(long, env = "CONNCENTRIC_DIFF")]
    diff: bool,

    #[command(flatten)]
    format: FormatArgs,
}

/// What became of one adapter.
#[derive(Debug, Serialize)]
struct Applied {
    adapter: AdapterName,
    outcome: Outcome,
    dry_run: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

/// What came of sending one document.
struct Told {
    outcome: Outcome,
    diff: Option<String>,
    warnings: Vec<Warning>,
}

impl Told {
    fn plainly(outcome: Outcome) -> Self {
        Self { outcome, diff: None, warnings: Vec::new() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Created,
    Updated,
    Unchanged,
    Deleted,
    Refused,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Deleted => "deleted",
            Self::Refused => "refused",
        }
    }
}

impl From<PutOutcome> for Outcome {
    fn from(outcome: PutOutcome) -> Self {
        match outcome {
            PutOutcome::Created => Self::Created,
            PutOutcome::Updated => Self::Updated,
            PutOutcome::Unchanged => Self::Unchanged,
        }
    }
}

impl ApplyArgs {
    pub(super) async fn run(self, api: &Api) -> anyhow::Result<()> {
        let documents = documents::parse(&documents::read(&self.files)?)?;
        let declared: BTreeSet<_> = documents.iter().map(|document| document.name.clone()).collect();
        let mut all = self.declare(api, documents).await?;
        let refused = |all: &[Applied]| all.iter().filter(|applied| applied.outcome == Outcome::Refused).count();
        // Half of what was wanted is no ground to delete what is left.
        if self.prune && refused(&all) == 0 {
            all.extend(self.delete_others(api, &declared).await?);
        }
        if self.format.output == Format::Json {
            output::json(&serde_json::to_string(&serde_json::json!({ "adapters": all }))?)?;
        }
        match refused(&all) {
            0 => Ok(()),
            count => Err(refusals(count, &all)),
        }
    }

    async fn declare(&self, api: &Api, documents: Vec<AdapterDocument>) -> anyhow::Result<Vec<Applied>> {
        let mut answers = stream::iter(documents)
            .map(|document| async move {
                let told = self.send(api, &document).await;
                (document.name, told)
            })
            .buffered(AT_ONCE);
        let mut all = Vec::new();
        while let Some((adapter, answer)) = answers.next().await {
            all.push(self.tell(adapter, answer)?);
        }
        Ok(all)
    }

    async fn send(&self, api: &Api, document: &AdapterDocument) -> Result<Told, Error> {
        let path = format!("/v1/adapters/{}", document.name);
        let before = if self.diff || self.dry_run { present(api, &path).await? } else { None };
        let query = if self.dry_run { "?dry_run=true" } else { "" };
        let PutAnswer { outcome, adapter, warnings, .. } = api.put(&format!("{path}{query}"), document).await?;
        // Every document has a form in YAML; one that had none would show no difference.
        let diff = before.and_then(|before| diff::diff(&before, &adapter.document).ok().flatten());
        Ok(Told { outcome: outcome.into(), diff, warnings })
    }

    async fn delete_others(&self, api: &Api, declared: &BTreeSet<AdapterName>) -> anyhow::Result<Vec<Applied>> {
        let list: AdapterList = api.get("/v1/adapters").await.context("cannot list the adapters to prune")?;
        let mut all = Vec::new();
        for name in list.adapters.into_iter().map(|adapter| adapter.document.name).filter(|name| !declared.contains(name)) {
            let answer = if self.dry_run { Ok(()) } else { api.delete(&format!("/v1/adapters/{name}")).await };
            all.push(self.tell(name, answer.map(|()| Told::plainly(Outcome::Deleted)))?);
        }
        Ok(all)
    }

    /// Prints what became of an adapter. A refusal is of that adapter alone; every other failure ends the command.
    fn tell(&self, adapter: AdapterName, answer: Result<Told, Error>) -> anyhow::Result<Applied> {
        let plain =
            Applied { adapter, outcome: Outcome::Refused, dry_run: self.dry_run, code: None, reason: None, diff: None, warnings: vec![] };
        let applied = match answer {
            Ok(Told { outcome, diff, warnings }) => Applied { outcome, diff, warnings, ..plain },
            Err(Error::Refused(problem)) if !matches!(problem.status, 401 | 403 | 503) => {
                return Ok(Applied { code: Some(problem.code), reason: Some(problem.detail), ..plain });
            }
            Err(error) => return Err(error.into()),
        };
        for Warning { field, message } in &applied.warnings {
            output::note(&output::harmless(&format!("warning: adapter/{}: {field}: {message}", applied.adapter)));
        }
        if self.format.output == Format::Table {
            let note = if self.dry_run { " (dry run)" } else { "" };
            output::line(&format!("adapter/{} {}{note}", applied.adapter, applied.outcome.as_str()))?;
            if let Some(diff) = &applied.diff {
                output::line(diff)?;
            }
        }
        Ok(applied)
    }
}

/// The adapter as it is declared now, if it is.
async fn present(api: &Api, path: &str) -> Result<Option<AdapterDocument>, Error> {
    match api.get::<AdapterView>(path).await {
        Ok(view) => Ok(Some(view.document)),
        Err(Error::Refused(problem)) if problem.status == 404 => Ok(None),
        Err(error) => Err(error),
    }
}

fn refusals(count: usize, all: &[Applied]) -> anyhow::Error {
    let mut lines = all.iter().filter_map(|applied| {
        let reason = applied.reason.as_deref()?;
        Some(format!("adapter/{}: {reason}", applied.adapter))
    });
    match count {
        1 => anyhow::Error::msg(lines.next().unwrap_or_default()),
        _ => anyhow::anyhow!("{count} of {} adapters were refused:\n  {}", all.len(), lines.collect::<Vec<_>>().join("\n  ")),
    }
}
