//! `plugin`: packages that bring connectors, made and signed here, installed and removed there.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Subcommand;

use super::content::{Upload, save};
use super::get::plugins::PluginsArgs;
use super::output::{self, Format, FormatArgs};
use super::server::{Api, ServerArgs};
use crate::domain::name::PluginName;
use crate::plugin::pack::pack;
use crate::plugin::read::read;
use crate::plugin::sign::sign;
use crate::wire::plugin::PutPluginAnswer;

/// Makes, signs, installs, lists and removes plugins, which bring connectors.
///
/// Examples: conncentric plugin pack feed/, conncentric plugin install feed-1.2.0.tar.zst
#[derive(Debug, clap::Args)]
pub(super) struct PluginArgs {
    #[command(subcommand)]
    command: PluginCommand,

    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Debug, Subcommand)]
enum PluginCommand {
    Install(InstallArgs),
    #[command(alias = "ls")]
    List(PluginsArgs),
    #[command(alias = "remove")]
    Rm(RmArgs),
    Get(GetArgs),
    Pack(PackArgs),
    Sign(SignArgs),
}

/// Installs a package, or another version of its plugin. Sessions that run keep the version that they began with.
///
/// Examples: conncentric plugin install feed-1.2.0.tar.zst, conncentric plugin install feed/ --key release.pem
#[derive(Debug, clap::Args)]
struct InstallArgs {
    /// The package, or a folder to make one of
    package: PathBuf,

    /// Private key, in PEM, to sign it with. Without it, PACKAGE.sig is sent along if there is one
    #[arg(long, env = "CONNCENTRIC_SIGN_KEY", value_name = "FILE")]
    key: Option<PathBuf>,
}

/// Removes plugins whose connectors no adapter names.
///
/// Example: conncentric plugin rm feed
#[derive(Debug, clap::Args)]
struct RmArgs {
    /// Their names
    #[arg(required = true)]
    names: Vec<PluginName>,
}

/// Writes the package of a plugin to a file, or to standard output.
///
/// Example: conncentric plugin get feed feed.tar.zst
#[derive(Debug, clap::Args)]
struct GetArgs {
    /// Its name
    name: PluginName,

    /// Where to write it. Without it, standard output
    file: Option<PathBuf>,
}

/// Makes a package of a folder with a plugin.yaml. The same files make the same package.
///
/// Example: conncentric plugin pack feed/
#[derive(Debug, clap::Args)]
struct PackArgs {
    /// The folder
    folder: PathBuf,

    /// The file to write. Without it, NAME-VERSION.tar.zst
    #[arg(long, env = "CONNCENTRIC_PACKAGE", value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Signs a package with an Ed25519 key; the signature is in PACKAGE.sig.
///
/// Example: conncentric plugin sign feed-1.2.0.tar.zst --key release.pem
#[derive(Debug, clap::Args)]
struct SignArgs {
    /// The package
    package: PathBuf,

    /// Private key, in PEM, as `openssl genpkey -algorithm ed25519` makes it
    #[arg(long, env = "CONNCENTRIC_SIGN_KEY", value_name = "FILE")]
    key: PathBuf,
}

impl PluginArgs {
    pub(super) async fn run(self, server: &ServerArgs) -> anyhow::Result<()> {
        match self.command {
            PluginCommand::Install(args) => args.run(&server.connect()?, self.format.output).await,
            PluginCommand::List(args) => args.run(&server.connect()?, self.format.output).await,
            PluginCommand::Rm(args) => args.run(&server.connect()?).await,
            PluginCommand::Get(args) => args.run(&server.connect()?).await,
            PluginCommand::Pack(args) => args.run(),
            PluginCommand::Sign(args) => args.run().await,
        }
    }
}

impl InstallArgs {
    async fn run(self, api: &Api, format: Format) -> anyhow::Result<()> {
        let made = self.package.is_dir().then(|| Made::of(&self.package)).transpose()?;
        let package = made.as_ref().map_or(self.package.as_path(), |made| made.0.as_path());
        let file = File::open(package).with_context(|| format!("cannot read {}", package.display()))?;
        let manifest = read(file, |_, _| Ok(())).with_context(|| format!("{} is no plugin", package.display()))?;
        let upload = Upload::of(package).await?;
        let signature = match &self.key {
            Some(key) => Some(sign(key, upload.sha256)?),
            None => std::fs::read_to_string(signature_file(package)).ok().map(|text| text.trim().to_owned()),
        };
        let mut headers = vec![upload.digest()];
        headers.extend(signature.map(|signature| ("Plugin-Signature", signature)));
        let answer = api.upload(&format!("/v1/plugins/{}", manifest.name), &headers, || upload.open()).await;
        upload.done();
        let answer: PutPluginAnswer = answer?;
        if format == Format::Json {
            return output::json(&serde_json::to_string(&answer)?);
        }
        let newest = &answer.plugin.newest;
        output::line(&format!("plugin/{} {}, version {}, sha256 {}", answer.plugin.name, answer.outcome, newest.version, newest.sha256))
    }
}

/// A package that was made of a folder just now, and goes again.
struct Made(PathBuf);

impl Made {
    fn of(folder: &Path) -> anyhow::Result<Self> {
        let (manifest, package) = pack(folder)?;
        let made = Self(std::env::temp_dir().join(format!("{}-{}.tar.zst", manifest.name, uuid::Uuid::new_v4())));
        std::fs::write(&made.0, package).with_context(|| format!("cannot write {}", made.0.display()))?;
        Ok(made)
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl RmArgs {
    async fn run(self, api: &Api) -> anyhow::Result<()> {
        for name in self.names {
            api.delete(&format!("/v1/plugins/{name}")).await?;
            output::line(&format!("plugin/{name} removed"))?;
        }
        Ok(())
    }
}

impl GetArgs {
    async fn run(self, api: &Api) -> anyhow::Result<()> {
        save(api.stream(&format!("/v1/plugins/{}/content", self.name), &[]).await?, self.file.as_deref()).await
    }
}

impl PackArgs {
    fn run(self) -> anyhow::Result<()> {
        let (manifest, package) = pack(&self.folder)?;
        let file = self.file.unwrap_or_else(|| PathBuf::from(format!("{}-{}.tar.zst", manifest.name, manifest.facts.version)));
        std::fs::write(&file, &package).with_context(|| format!("cannot write {}", file.display()))?;
        output::line(&format!("{} ({} bytes)", file.display(), package.len()))
    }
}

impl SignArgs {
    async fn run(self) -> anyhow::Result<()> {
        let sha256 = Upload::of(&self.package).await?.sha256;
        let file = signature_file(&self.package);
        std::fs::write(&file, sign(&self.key, sha256)? + "\n").with_context(|| format!("cannot write {}", file.display()))?;
        output::line(&file.display().to_string())
    }
}

fn signature_file(package: &Path) -> PathBuf {
    let mut name = package.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}
