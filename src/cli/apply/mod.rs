//! `apply`: makes the adapters be as documents say.
//!
//! Everything is read and checked before anything is sent: a mistake in the last document changes nothing.

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
use crate::wire::adapter::{AdapterDocument, PutAnswer, PutOutcome};

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
        let query = if self.dry_run { "?dry_run=true" } else { "" };
        let mut answers = stream::iter(documents)
            .map(|document| async move {
                let answer = api.put::<_, PutAnswer>(&format!("/v1/adapters/{}{query}", document.name), &document).await;
                (document.name, answer.map(|answer| answer.outcome.into()))
            })
            .buffered(AT_ONCE);
        let mut all = Vec::new();
        while let Some((adapter, answer)) = answers.next().await {
            all.push(self.tell(adapter, answer)?);
        }
        Ok(all)
    }

    async fn delete_others(&self, api: &Api, declared: &BTreeSet<AdapterName>) -> anyhow::Result<Vec<Applied>> {
        let list: AdapterList = api.get("/v1/adapters").await.context("cannot list the adapters to prune")?;
        let mut all = Vec::new();
        for name in list.adapters.into_iter().map(|adapter| adapter.document.name).filter(|name| !declared.contains(name)) {
            let answer = if self.dry_run { Ok(()) } else { api.delete(&format!("/v1/adapters/{name}")).await };
            all.push(self.tell(name, answer.map(|()| Outcome::Deleted))?);
        }
        Ok(all)
    }

    /// Prints what became of an adapter. A refusal is of that adapter alone; every other failure ends the command.
    fn tell(&self, adapter: AdapterName, answer: Result<Outcome, Error>) -> anyhow::Result<Applied> {
        let applied = match answer {
            Ok(outcome) => Applied { adapter, outcome, dry_run: self.dry_run, code: None, reason: None },
            Err(Error::Refused(problem)) if !matches!(problem.status, 401 | 403 | 503) => {
                let (code, reason) = (Some(problem.code), Some(problem.detail));
                return Ok(Applied { adapter, outcome: Outcome::Refused, dry_run: self.dry_run, code, reason });
            }
            Err(error) => return Err(error.into()),
        };
        if self.format.output == Format::Table {
            let note = if self.dry_run { " (dry run)" } else { "" };
            output::line(&format!("adapter/{} {}{note}", applied.adapter, applied.outcome.as_str()))?;
        }
        Ok(applied)
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
