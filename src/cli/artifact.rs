//! `artifact`: reference files for adapters, stored and read and deleted.

use std::path::PathBuf;

use clap::Subcommand;

use super::content::{Upload, save};
use super::get::artifacts::ArtifactsArgs;
use super::output::{self, Format, FormatArgs};
use super::report::WrongUsage;
use super::server::Api;
use crate::domain::artifact::ArtifactReference;
use crate::domain::name::ArtifactName;
use crate::wire::artifact::PutArtifactAnswer;

/// Stores, reads, lists and deletes artifacts: files such as data dictionaries that sessions need.
///
/// Examples: conncentric artifact put fix44-dictionary FIX44.xml, conncentric artifact list fix44-dictionary
#[derive(Debug, clap::Args)]
pub(super) struct ArtifactArgs {
    #[command(subcommand)]
    command: ArtifactCommand,

    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Debug, Subcommand)]
enum ArtifactCommand {
    Put(PutArgs),
    Get(GetArgs),
    #[command(alias = "ls")]
    List(ArtifactsArgs),
    #[command(alias = "delete")]
    Rm(RmArgs),
}

/// Stores a file as the next version of an artifact. Sessions that run keep the version that they began with.
///
/// Examples: conncentric artifact put fix44-dictionary FIX44.xml,
/// conncentric artifact put fix44-dictionary --from-version 2
#[derive(Debug, clap::Args)]
struct PutArgs {
    /// Its name, as adapters refer to it
    name: ArtifactName,

    /// The file, at most 64 MiB
    #[arg(required_unless_present = "from_version")]
    file: Option<PathBuf>,

    /// Store this older version once more instead of a file: goes back, and history still only grows
    #[arg(long, env = "CONNCENTRIC_FROM_VERSION", value_name = "N", conflicts_with = "file")]
    from_version: Option<u32>,

    /// What the file is, for example text/xml
    #[arg(long, env = "CONNCENTRIC_MEDIA_TYPE", value_name = "TYPE", conflicts_with = "from_version")]
    media_type: Option<String>,

    /// Only if this is the newest version still; 0 for: only if there is no such artifact
    #[arg(long, env = "CONNCENTRIC_IF_VERSION", value_name = "N")]
    if_version: Option<u32>,
}

/// Writes the content of an artifact to a file, or to standard output.
///
/// Examples: conncentric artifact get fix44-dictionary > FIX44.xml, conncentric artifact get fix44-dictionary@2 FIX44.xml
#[derive(Debug, clap::Args)]
struct GetArgs {
    /// Its name, with @ and a number for an older version than the newest
    artifact: ArtifactReference,

    /// Where to write it. Without it, standard output
    file: Option<PathBuf>,
}

/// Deletes artifacts that no adapter refers to.
///
/// Example: conncentric artifact rm fix42-dictionary
#[derive(Debug, clap::Args)]
struct RmArgs {
    /// Their names
    #[arg(required = true)]
    names: Vec<ArtifactName>,
}

impl ArtifactArgs {
    pub(super) async fn run(self, api: &Api) -> anyhow::Result<()> {
        match self.command {
            ArtifactCommand::Put(args) => args.run(api, self.format.output).await,
            ArtifactCommand::Get(args) => args.run(api).await,
            ArtifactCommand::List(args) => args.run(api, self.format.output).await,
            ArtifactCommand::Rm(args) => args.run(api).await,
        }
    }
}

impl PutArgs {
    async fn run(self, api: &Api, format: Format) -> anyhow::Result<()> {
        let mut headers: Vec<(&'static str, String)> = Vec::new();
        headers.extend(self.media_type.map(|media_type| ("Content-Type", media_type)));
        headers.extend(self.if_version.map(|version| match version {
            0 => ("If-None-Match", "*".to_owned()),
            version => ("If-Match", format!("\"{version}\"")),
        }));
        let path = format!("/v1/artifacts/{}", self.name);
        let answer: PutArtifactAnswer = match (self.file, self.from_version) {
            (_, Some(version)) => {
                let path = format!("{path}?from_version={version}");
                api.upload(&path, &headers, || Ok(reqwest::Body::default())).await?
            }
            (Some(file), None) => {
                let upload = Upload::of(&file).await?;
                headers.push(upload.digest());
                let answer = api.upload(&path, &headers, || upload.open()).await;
                upload.done();
                answer?
            }
            (None, None) => return Err(WrongUsage("name a file, or --from-version".into()).into()),
        };
        if format == Format::Json {
            return output::json(&serde_json::to_string(&answer)?);
        }
        let newest = &answer.artifact.newest;
        output::line(&format!("artifact/{} {}, version {}, sha256 {}", self.name, answer.outcome, newest.version, newest.sha256))
    }
}

impl GetArgs {
    async fn run(self, api: &Api) -> anyhow::Result<()> {
        let ArtifactReference { name, version } = self.artifact;
        let query = version.map(|version| format!("?version={version}")).unwrap_or_default();
        let response = api.stream(&format!("/v1/artifacts/{name}/content{query}"), &[]).await?;
        save(response, self.file.as_deref()).await
    }
}

impl RmArgs {
    async fn run(self, api: &Api) -> anyhow::Result<()> {
        for name in self.names {
            api.delete(&format!("/v1/artifacts/{name}")).await?;
            output::line(&format!("artifact/{name} deleted"))?;
        }
        Ok(())
    }
}
