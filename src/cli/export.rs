//! `export`: the ledger as a file.

use std::io::{self, BufWriter, Write};
use std::num::NonZeroU64;
use std::path::PathBuf;

use super::output::{self, ReaderLeft};
use super::report::WrongUsage;
use crate::audit::export::{ExportError, Exported, Range, Signing, export, export_to_file, read_sign_key};
use crate::domain::token::Position;
use crate::log::{Connection, Purpose};

/// Writes the ledger as JSON Lines with its hashes, which `verify --file` checks without a database and `import` reads back.
///
/// Files that continue each other are made with --from: one more than the last position of the file before. With a key
/// (`openssl genpkey -algorithm ed25519 -out ledger.key`), signed heads show that nobody has written the ledger anew. What is sealed
/// is exported already: its archives are such files.
///
/// Example: conncentric export --sign-key ledger.key --sign-every 1000 --output ledger.jsonl
#[derive(Debug, clap::Args)]
pub(super) struct ExportArgs {
    /// The database, a read replica too: postgresql://user@db/conncentric
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: String,

    /// Begin at this position
    #[arg(long, env = "CONNCENTRIC_EXPORT_FROM", value_name = "POSITION", default_value_t = 1, value_parser = clap::value_parser!(Position).range(1..))]
    from: Position,

    /// End at this position. Without it, where the log ends now
    #[arg(long, env = "CONNCENTRIC_EXPORT_TO", value_name = "POSITION", value_parser = clap::value_parser!(Position).range(1..))]
    to: Option<Position>,

    /// Sign the last head with this private key: Ed25519, PKCS#8 in PEM
    #[arg(long, env = "CONNCENTRIC_SIGN_KEY", value_name = "FILE")]
    sign_key: Option<PathBuf>,

    /// Sign after every so many events too
    #[arg(long, env = "CONNCENTRIC_SIGN_EVERY", value_name = "N", requires = "sign_key")]
    sign_every: Option<NonZeroU64>,

    /// Write to this file, which appears once it is whole. Without it, to standard output
    #[arg(long, short, env = "CONNCENTRIC_EXPORT_OUTPUT", value_name = "FILE")]
    output: Option<PathBuf>,
}

impl ExportArgs {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        if let Some(to) = self.to.filter(|to| *to < self.from) {
            return Err(WrongUsage(format!("--from {} is beyond --to {to}", self.from)).into());
        }
        let key = self.sign_key.as_deref().map(read_sign_key).transpose()?;
        let signing = key.map(|key| Signing { key, every: self.sign_every });
        let mut connection = Connection::open(&self.database_url, Purpose::Read).await?;
        let range = Range { from: self.from, to: self.to };
        let exported = match &self.output {
            Some(path) => export_to_file(&mut connection, range, signing.as_ref(), path).await?,
            None => to_standard_output(&mut connection, range, signing.as_ref()).await?,
        };
        output::note(&summary(range, &exported));
        Ok(())
    }
}

async fn to_standard_output(connection: &mut Connection, range: Range, signing: Option<&Signing>) -> anyhow::Result<Exported> {
    let mut out = BufWriter::new(io::stdout());
    let exported = export(connection, range, signing, &mut out).await;
    match exported.and_then(|exported| Ok(out.flush().map(|()| exported)?)) {
        Err(ExportError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Err(ReaderLeft.into()),
        exported => Ok(exported?),
    }
}

fn summary(range: Range, exported: &Exported) -> String {
    let Exported { last_position, count, hash, signed_heads } = exported;
    if *count == 0 {
        return format!("exported no events: there is none from position {} on", range.from);
    }
    let signed = if *signed_heads == 0 { String::new() } else { format!(", signed heads: {signed_heads}") };
    format!("exported {count} events from position {} to {last_position}{signed}; the last hash is {hash}", range.from)
}
