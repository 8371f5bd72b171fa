//! `import`: a ledger from files, into an empty database.

use std::path::PathBuf;

use super::output;
use super::verify_file::{public_key, summary};
use crate::audit::export::{Ledger, Reader, check_file};
use crate::audit::import::{Import, holds_events, refuse};
use crate::log::{Connection, Purpose, migrate};

/// Events that go to the database at a time.
const PAGE: usize = 2000;

/// Restores an exported ledger into an empty database: same positions, ids, hashes and times. All of it or nothing.
///
/// The files are checked first. Pulses are in no export, so the log then records that they are gone. Stop the system that the
/// ledger was exported from before pods meet the new one: two systems would give out the same tokens.
///
/// Example: conncentric import --database-url postgresql://owner@db/restored ledger.jsonl
#[derive(Debug, clap::Args)]
pub(super) struct ImportArgs {
    /// The files, in their order if they are parts
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// The database, as its owner: postgresql://owner@db/conncentric. Empty, migrated or not
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: String,

    /// Take only what is signed with this key: Ed25519, public, in PEM
    #[arg(long, env = "CONNCENTRIC_VERIFY_KEY", value_name = "FILE")]
    verify_key: Option<PathBuf>,
}

impl ImportArgs {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let key = public_key(self.verify_key.as_deref())?;
        let checked = check_file(&self.files, key)?;
        anyhow::ensure!(
            checked.from_the_beginning,
            "the files begin at position {}, and what came before is missing; name all parts in their order",
            checked.first_position
        );
        output::note(&summary(&checked, key.is_some()));

        let mut connection = Connection::open(&self.database_url, Purpose::Migrate).await?;
        if let Some(position) = holds_events(&connection).await? {
            return Err(refuse(position).into());
        }
        migrate(&self.database_url).await?;
        let missing = self.fill(&mut connection, &checked, Reader::open(&self.files, key)).await?;
        output::line(&format!(
            "imported {} events up to position {}; {missing} positions of pulses are recorded as dropped",
            checked.count, checked.last_position
        ))
    }

    /// The files are read a second time, and checked again as they are: they may have changed since.
    async fn fill(&self, connection: &mut Connection, checked: &Ledger, mut reader: Reader) -> anyhow::Result<u64> {
        let import = Import::begin(connection).await?;
        let mut page = Vec::with_capacity(PAGE);
        while let Some(row) = reader.next_row()? {
            page.push(row);
            if page.len() == PAGE {
                import.add(&page).await?;
                page.clear();
            }
        }
        import.add(&page).await?;
        let read = reader.ledger()?;
        anyhow::ensure!(read == *checked, "the files have changed while they were read; nothing was imported");
        Ok(import.finish(read.epoch, read.head_position.unwrap_or(read.last_position)).await?)
    }
}
