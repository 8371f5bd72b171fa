//! The command line: one file per command, and a few that they share.
//!
//! Commands are wiring. Those for people talk to an orchestrator over HTTP (`server`), say what came of it
//! (`output`, `table`, `progress`) and fail in plain words ([`report`]). Those for machines turn their arguments
//! into the configuration of a module and run it until a signal ends it (`signals`).
//!
//! Absent on purpose: any rule of the system. Whatever the command line refuses, the API refuses too.

mod action;
mod adapter;
mod admin_state;
mod apply;
mod artifact;
mod completions;
mod config;
mod content;
mod dev;
mod doctor;
mod drain;
mod export;
mod get;
mod health;
mod import;
mod lists;
mod logging;
mod maintenance;
mod migrate;
mod move_session;
mod openapi;
mod orchestrator;
mod output;
mod plugin;
mod probe;
mod progress;
mod rebalance;
mod rebuild;
mod replay;
pub mod report;
mod seal;
mod server;
mod signals;
mod status;
mod table;
mod token;
mod traces;
mod unseal;
mod values;
mod venue;
mod verify;
mod verify_file;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use self::logging::LogFormat;
use self::report::WrongUsage;
use self::server::ServerArgs;
use crate::connector::guard;

/// Keeps each connection that must exist exactly once running on exactly one of many pods.
///
/// Every flag can be set by the environment variable beside it, and in the file that --config names. Exit codes: 0 for success, 1 for a refusal or failure
/// with the reason on standard error, 2 for wrong usage.
///
/// To look around, start a whole system on this machine with `conncentric dev` and, in another terminal of the same
/// folder, `conncentric get sessions`.
#[derive(Debug, Parser)]
#[command(name = "conncentric", version, arg_required_else_help = true, max_term_width = 110)]
pub struct Cli {
    #[command(flatten)]
    server: ServerArgs,

    /// How log lines are written to standard error. RUST_LOG chooses which, for example RUST_LOG=conncentric=debug
    #[arg(long, global = true, env = "CONNCENTRIC_LOG_FORMAT", value_enum, default_value_t, help_heading = "Logging")]
    log_format: LogFormat,

    /// File with values for flags, in YAML; what is typed or in the environment counts for more. `conncentric config check` explains it
    #[arg(long, global = true, env = config::VARIABLE, value_name = "FILE", help_heading = "Configuration")]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Dev(dev::DevArgs),
    Doctor(doctor::DoctorArgs),
    Health(health::HealthArgs),
    Orchestrator(orchestrator::OrchestratorArgs),
    Adapter(adapter::AdapterArgs),
    Migrate(migrate::MigrateArgs),
    Rebuild(rebuild::RebuildArgs),
    Apply(apply::ApplyArgs),
    Status(status::StatusArgs),
    Get(get::GetArgs),
    Artifact(artifact::ArtifactArgs),
    Plugin(plugin::PluginArgs),
    Enable(admin_state::EnableArgs),
    Disable(admin_state::DisableArgs),
    Drain(drain::DrainArgs),
    Undrain(drain::UndrainArgs),
    Move(move_session::MoveArgs),
    Action(action::ActionArgs),
    Probe(probe::ProbeArgs),
    Rebalance(rebalance::RebalanceArgs),
    Maintenance(maintenance::MaintenanceArgs),
    Openapi(openapi::OpenapiArgs),
    Export(export::ExportArgs),
    Import(import::ImportArgs),
    Replay(replay::ReplayArgs),
    Seal(seal::SealArgs),
    Token(token::TokenArgs),
    Unseal(unseal::UnsealArgs),
    Verify(verify::VerifyArgs),
    Completions(completions::CompletionsArgs),
    Config(config::ConfigArgs),
    /// Bounds the life of a connector process; started by pods.
    #[command(hide = true)]
    Guard(guard::GuardArgs),
    /// Becomes the connector process; started by guards.
    #[command(hide = true)]
    GuardChild(guard::ChildArgs),
    #[command(hide = true)]
    Venue(venue::VenueArgs),
}

impl Cli {
    /// The command line of this process, with the environment and the file that it names. Wrong usage and help end the process here.
    ///
    /// # Errors
    /// Fails if the file is wrong.
    pub fn read() -> anyhow::Result<Self> {
        let arguments: Vec<OsString> = std::env::args_os().collect();
        let command = config::configured(Self::command(), &arguments).map_err(|invalid| WrongUsage(invalid.to_string()))?;
        let mut matches = command.get_matches_from(arguments);
        Ok(Self::from_arg_matches_mut(&mut matches).unwrap_or_else(|error| error.exit()))
    }

    /// Carries out the command, until it is done or a signal ends it.
    ///
    /// # Errors
    /// Fails with a reason for people; [`report::exit_code`] prints it.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            // Guards are small and blocking: no runtime, no threads, nothing that could keep them from killing in time.
            Command::Guard(args) => guard::run_guard(args),
            Command::GuardChild(args) => guard::run_child(args),
            command => {
                let _last_lines = logging::start(self.log_format, command.is_service());
                let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
                runtime.block_on(command.run(&self.server))?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

impl Command {
    /// Whether it runs until it is stopped, and so logs what it does.
    fn is_service(&self) -> bool {
        matches!(self, Self::Orchestrator(_) | Self::Adapter(_) | Self::Venue(_))
    }

    async fn run(self, server: &ServerArgs) -> anyhow::Result<()> {
        match self {
            Self::Dev(args) => args.run().await,
            Self::Doctor(args) => args.run().await,
            Self::Health(args) => args.run().await,
            Self::Orchestrator(args) => args.run().await,
            Self::Adapter(args) => args.run(server).await,
            Self::Venue(args) => args.run().await,
            Self::Migrate(args) => args.run().await,
            Self::Export(args) => args.run().await,
            Self::Import(args) => args.run().await,
            Self::Rebuild(args) => args.run().await,
            Self::Replay(args) => args.run().await,
            Self::Seal(args) => args.run().await,
            Self::Unseal(args) => args.run().await,
            Self::Token(args) => args.run(server).await,
            Self::Verify(args) => args.run().await,
            Self::Completions(args) => args.run(),
            Self::Config(args) => args.run(),
            Self::Openapi(args) => args.run(),
            Self::Status(args) => args.run(server).await,
            Self::Apply(args) => args.run(&server.connect()?).await,
            Self::Plugin(args) => args.run(server).await,
            Self::Artifact(args) => args.run(&server.connect()?).await,
            Self::Get(args) => args.run(&server.connect()?).await,
            Self::Enable(args) => args.run(&server.connect()?).await,
            Self::Disable(args) => args.run(&server.connect()?).await,
            Self::Drain(args) => args.run(&server.connect()?).await,
            Self::Undrain(args) => args.run(&server.connect()?).await,
            Self::Move(args) => args.run(&server.connect()?).await,
            Self::Action(args) => args.run(&server.connect()?).await,
            Self::Probe(args) => args.run(&server.connect()?).await,
            Self::Rebalance(args) => args.run(&server.connect()?).await,
            Self::Maintenance(args) => args.run(&server.connect()?).await,
            Self::Guard(_) | Self::GuardChild(_) => anyhow::bail!("guards run without a runtime"),
        }
    }
}

#[cfg(test)]
mod tests;
