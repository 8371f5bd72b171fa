//! `seal`: old ledger events, out of the table and into an archive file.

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use super::{output, values};
use crate::audit::export::{Signing, read_sign_key};
use crate::audit::seal::{Sealed, Sealing, seal};
use crate::domain::adapter::check_text;
use crate::log::{At, Before};

/// Moves the old part of the ledger into a file, which `replay --archive` and `verify --archive` read together with the table.
///
/// The file is an export. It is written, read back and compared with the table before anything is removed; the log records its name
/// and SHA-256. Archives are a series: each run goes on where the last one ended. Keep them, with copies: projections cannot be
/// built anew without them, so an upgrade may need `conncentric unseal`. The system runs on meanwhile.
///
/// Example: conncentric seal --before 2026-01-01T00:00:00Z --archive ledger-2025.jsonl
#[derive(Debug, clap::Args)]
pub(super) struct SealArgs {
    /// The database, as its owner: postgresql://owner@db/conncentric. A direct connection, not one through a pooler
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: String,

    /// Seal what was recorded before this time, or stands before this position. For example 2026-01-01T00:00:00Z or 1200000
    #[arg(long, env = "CONNCENTRIC_SEAL_BEFORE", value_name = "TIME|POSITION", value_parser = before)]
    before: Before,

    /// The file to write. One that a run has left behind which did not come to its end is taken up; any other is not touched
    #[arg(long, env = "CONNCENTRIC_SEAL_ARCHIVE", value_name = "FILE")]
    archive: PathBuf,

    /// Refuse to seal events that are younger. A request that is repeated after its event was sealed is carried out again
    #[arg(long, env = "CONNCENTRIC_SEAL_KEEP", value_name = "DURATION", value_parser = values::duration, default_value = "1d")]
    keep: Duration,

    /// Sign the last head with this private key: Ed25519, PKCS#8 in PEM
    #[arg(long, env = "CONNCENTRIC_SIGN_KEY", value_name = "FILE")]
    sign_key: Option<PathBuf>,

    /// Sign after every so many events too
    #[arg(long, env = "CONNCENTRIC_SIGN_EVERY", value_name = "N", requires = "sign_key")]
    sign_every: Option<NonZeroU64>,

    /// Why, for the log
    #[arg(long, env = "CONNCENTRIC_REASON", value_name = "TEXT")]
    reason: Option<String>,
}

fn before(text: &str) -> Result<Before, String> {
    match text.parse::<At>().map_err(|invalid| invalid.to_string())? {
        At::Position(position) => Ok(Before::Position(position)),
        At::Time(time) => Ok(Before::Time(time)),
        At::Now => Err("name a time or a position".into()),
    }
}

impl SealArgs {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        if let Some(reason) = &self.reason {
            check_text("reason", reason)?;
        }
        let key = self.sign_key.as_deref().map(read_sign_key).transpose()?;
        let signing = key.map(|key| Signing { key, every: self.sign_every });
        let sealing = Sealing { before: self.before, keep: self.keep, file: self.archive, signing, reason: self.reason };
        let sealed = seal(&self.database_url, &sealing).await?;
        if sealed.resumed {
            output::note(&format!("{} was left behind by a run that did not come to its end; going on with it", sealing.file.display()));
        }
        output::line(&summary(&sealed))
    }
}

fn summary(sealed: &Sealed) -> String {
    let Sealed { archive, position, .. } = sealed;
    format!(
        "sealed {} events, positions {} to {}, in {} (SHA-256 {}); recorded at position {position}",
        archive.events, archive.first, archive.last, archive.file, archive.sha256
    )
}
