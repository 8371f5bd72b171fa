//! `get artifacts` and `artifact list`.

use super::at::AtArgs;
use super::show;
use crate::cli::output::Format;
use crate::cli::server::Api;
use crate::cli::table::{Table, Times, list, optional, text};
use crate::domain::name::ArtifactName;
use crate::wire::artifact::{ArtifactList, ArtifactVersion, ArtifactView};

/// Lists artifacts, or the versions of one.
///
/// Example: conncentric get artifacts fix44-dictionary
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ArtifactsArgs {
    /// Only this artifact, with all its versions
    name: Option<ArtifactName>,

    #[command(flatten)]
    at: AtArgs,
}

impl ArtifactsArgs {
    pub(in crate::cli) async fn run(self, api: &Api, format: Format) -> anyhow::Result<()> {
        let path = self.name.as_ref().map_or_else(|| "/v1/artifacts".to_owned(), |name| format!("/v1/artifacts/{name}"));
        let answer = api.get_verbatim(&self.at.path(&path)?).await?;
        let times = self.at.times(answer.answered_at);
        show(format, &answer.body, || match self.name {
            Some(_) => Ok(Some(versions(times, &serde_json::from_str(&answer.body)?))),
            None => Ok(table(times, &serde_json::from_str::<ArtifactList>(&answer.body)?.artifacts)),
        })
    }
}

fn table(times: Times, artifacts: &[ArtifactView]) -> Option<Table> {
    let mut table = Table::new(&["ARTIFACT", "VERSION", "BYTES", "SHA-256", "STORED", "USED BY"]);
    for ArtifactView { name, newest, users, .. } in artifacts {
        let users: Vec<String> = users.iter().map(|user| with_version(&user.adapter.to_string(), user.version)).collect();
        table.row([
            text(name),
            text(newest.version),
            text(newest.size),
            text(short(newest)),
            times.cell(Some(newest.stored_at)),
            list(&users),
        ]);
    }
    (!artifacts.is_empty()).then_some(table)
}

fn versions(times: Times, artifact: &ArtifactView) -> Table {
    let mut table = Table::new(&["VERSION", "BYTES", "SHA-256", "MEDIA TYPE", "STORED", "STORED BY"]);
    for version in &artifact.versions {
        table.row([
            text(version.version),
            text(version.size),
            text(version.sha256),
            optional(version.media_type.as_ref()),
            times.cell(Some(version.stored_at)),
            text(&version.stored_by),
        ]);
    }
    table
}

/// Enough of a hash to tell versions apart.
fn short(version: &ArtifactVersion) -> String {
    version.sha256.to_string().chars().take(12).collect()
}

/// `venue-a`, or `venue-a (keeps to 3)`.
fn with_version(adapter: &str, version: Option<u32>) -> String {
    version.map_or_else(|| adapter.to_owned(), |version| format!("{adapter} (keeps to {version})"))
}
