//! `token`: access tokens, made and listed and revoked.

use clap::Subcommand;

use super::lists::AccessTokenList;
use super::output::{self, Format, FormatArgs};
use super::report::WrongUsage;
use super::server::{Api, ServerArgs};
use super::table::{self, Table, optional, text};
use crate::domain::identity::{AccessTokenId, Role};
use crate::domain::name::PodName;
use crate::wire::access_token::{CreateAccessToken, CreatedAccessToken};

/// Makes, lists and revokes access tokens.
#[derive(Debug, clap::Args)]
pub(super) struct TokenArgs {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    Create(CreateArgs),
    List(ListArgs),
    Revoke(RevokeArgs),
}

/// Makes an access token and prints it, the only time that it can be seen.
///
/// The first token of a system is made directly on the database; whoever owns the database may do that without a token.
///
/// Example: conncentric token create --role operator --name alice > alice.token
#[derive(Debug, clap::Args)]
struct CreateArgs {
    /// What it allows
    #[arg(long, value_enum, env = "CONNCENTRIC_ROLE")]
    role: Role,

    /// Whose it is, or what for; shown as the actor of events. For example alice
    #[arg(long, env = "CONNCENTRIC_TOKEN_NAME")]
    name: String,

    /// Binds a token of role pod to the pod of this name, for example pod-1
    #[arg(long, value_name = "POD", env = "CONNCENTRIC_TOKEN_POD")]
    pod: Option<PodName>,

    /// Make it directly on this database, for example postgresql://conncentric@db/conncentric.
    ///
    /// Without it an orchestrator makes it, which needs the access token of an administrator
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
}

/// Lists access tokens, without their secrets.
///
/// Example: conncentric token list
#[derive(Debug, clap::Args)]
struct ListArgs {
    #[command(flatten)]
    format: FormatArgs,
}

/// Ends an access token at once.
///
/// Example: conncentric token revoke 3f9a0c1d2e4b5a69
#[derive(Debug, clap::Args)]
struct RevokeArgs {
    /// Its id, as `conncentric token list` shows it
    id: AccessTokenId,
}

impl TokenArgs {
    pub(super) async fn run(self, server: &ServerArgs) -> anyhow::Result<()> {
        match self.command {
            TokenCommand::Create(args) => args.run(server).await,
            TokenCommand::List(args) => args.run(&server.connect()?).await,
            TokenCommand::Revoke(args) => args.run(&server.connect()?).await,
        }
    }
}

impl CreateArgs {
    async fn run(self, server: &ServerArgs) -> anyhow::Result<()> {
        if self.pod.is_some() && self.role != Role::Pod {
            return Err(
                WrongUsage(format!("--pod binds tokens of role pod; leave it out, or use --role pod instead of {}", self.role)).into()
            );
        }
        let request = CreateAccessToken { name: self.name, role: self.role, pod: self.pod };
        let created = match self.database_url {
            // `orchestrator::direct` joins here.
            Some(url) if !url.is_empty() => anyhow::bail!("tokens cannot be made on the database yet; leave out --database-url"),
            _ => server.connect()?.post::<_, CreatedAccessToken>("/v1/tokens", &request).await?,
        };
        output::note(&format!(
            "token {} is shown once; keep it safe, and revoke it with `conncentric token revoke {}`",
            created.id, created.id
        ));
        output::line(&created.token)
    }
}

impl ListArgs {
    async fn run(self, api: &Api) -> anyhow::Result<()> {
        let answer = api.get_verbatim("/v1/tokens").await?;
        if self.format.output == Format::Json {
            return output::json(&answer.body);
        }
        let list: AccessTokenList = serde_json::from_str(&answer.body)?;
        let mut table = Table::new(&["ID", "NAME", "ROLE", "POD", "AGE", "CREATED BY"]);
        for token in &list.tokens {
            let age = table::age(answer.answered_at, Some(token.created_at));
            table.row([text(&token.id), text(&token.name), text(token.role), optional(token.pod.as_ref()), age, text(&token.created_by)]);
        }
        output::line(&table.render())
    }
}

impl RevokeArgs {
    async fn run(self, api: &Api) -> anyhow::Result<()> {
        api.delete(&format!("/v1/tokens/{}", self.id)).await?;
        output::line(&format!("token/{} revoked", self.id))
    }
}
