//! Brings schema and projections up to date. Safe to run by many at once: one works, the others wait and find it done.

use sha2::{Digest, Sha256};
use tokio_postgres::Transaction;

use super::epoch::identify;
use super::rebuild::rebuild_projections;
use super::seal::refuse_sealed;
use super::{Connection, LogError, Purpose, sql};

mod embedded {
    refinery::embed_migrations!("schema");
}

/// Key of the advisory lock that migrating processes hold: refinery takes none of its own.
const MIGRATION_LOCK: i64 = 0x636f_6e6e_6365_6e74;

/// The projections, in the order in which they build on each other.
const PROJECTIONS: &[(&str, &str)] = &[
    ("adapter", include_str!("../../projections/adapter.sql")),
    ("adapter_history", include_str!("../../projections/adapter_history.sql")),
    ("adapter_revision", include_str!("../../projections/adapter_revision.sql")),
    ("session", include_str!("../../projections/session.sql")),
    ("session_status", include_str!("../../projections/session_status.sql")),
    ("registration", include_str!("../../projections/registration.sql")),
    ("ownership", include_str!("../../projections/ownership.sql")),
    ("registration_history", include_str!("../../projections/registration_history.sql")),
    ("maintenance", include_str!("../../projections/maintenance.sql")),
    ("epoch", include_str!("../../projections/epoch.sql")),
    ("access_token", include_str!("../../projections/access_token.sql")),
    ("action", include_str!("../../projections/action.sql")),
    ("artifact_version", include_str!("../../projections/artifact_version.sql")),
    ("plugin_version", include_str!("../../projections/plugin_version.sql")),
    ("blob_use", include_str!("../../projections/blob_use.sql")),
    ("adapter_log", include_str!("../../projections/adapter_log.sql")),
    ("ledger_archive", include_str!("../../projections/ledger_archive.sql")),
    ("apply", include_str!("../../projections/apply.sql")),
];

/// What a migration did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// Names of the migrations that were applied now.
    pub applied: Vec<String>,
    /// Whether the projections were built anew from the log.
    pub rebuilt: bool,
}

/// Migrates the database.
pub async fn migrate(database_url: &str) -> Result<Migrated, LogError> {
    let mut connection = open_alone(database_url).await?;
    if suits_newer_schema(&connection).await? {
        // Whoever brought it has left nothing to do, and the projections are theirs.
        return Ok(Migrated { applied: Vec::new(), rebuilt: false });
    }
    if projections_have_changed(&connection).await? {
        // Before anything is changed, because the schema that this program brings might not go with the projections that are there.
        refuse_sealed(&connection).await?;
    }
    let report = embedded::migrations::runner().run_async(&mut connection.client).await?;
    let applied = report.applied_migrations().iter().map(|migration| format!("V{}__{}", migration.version(), migration.name())).collect();
    identify(&connection).await?;
    let rebuilt = install_projections(&mut connection).await?;
    connection.client.batch_execute(sql::GRANT).await?;
    Ok(Migrated { applied, rebuilt })
}

/// A connection that nobody else has at the same time who changes schema or projections.
pub async fn open_alone(database_url: &str) -> Result<Connection, LogError> {
    let connection = Connection::open(database_url, Purpose::Migrate).await?;
    // Of the session, not of a transaction, because every migration is a transaction of its own. Ends with the connection.
    connection.client.query_one("select pg_advisory_lock($1)", &[&MIGRATION_LOCK]).await?;
    Ok(connection)
}

/// Refuses a database that this program cannot serve: not migrated, or migrated by a newer program whose schema does not suit this one.
pub async fn check_schema(connection: &Connection) -> Result<(), LogError> {
    if suits_newer_schema(connection).await? { Ok(()) } else { check_up_to_date(connection).await }
}

/// Refuses a database unless its schema and projections are this program's own: for whoever builds projections or reads all that there is.
pub async fn check_own_schema(connection: &Connection) -> Result<(), LogError> {
    refuse_newer_schema(connection).await?;
    check_up_to_date(connection).await
}

async fn check_up_to_date(connection: &Connection) -> Result<(), LogError> {
    let version = schema_version(connection).await?.unwrap_or(0);
    let newest = newest_known();
    if version < newest {
        return Err(LogError::Unsuitable(format!(
            "the database has schema version {version}, and this program needs {newest}; run `conncentric migrate`"
        )));
    }
    let row = connection.client.query_opt("select hash from projection_version", &[]).await?;
    match row.map(|row| row.try_get::<_, String>(0)).transpose()? {
        Some(hash) if hash == projections_hash() => Ok(()),
        _ => Err(LogError::Unsuitable("the projections in the database are of another version; run `conncentric migrate`".into())),
    }
}

/// Refuses a database that a newer program has migrated, whether this one could work with it or not.
pub async fn refuse_newer_schema(connection: &Connection) -> Result<(), LogError> {
    match newer_schema(connection).await? {
        Some(version) => Err(too_new(version)),
        None => Ok(()),
    }
}

/// Whether a newer program has migrated the database and says that this one can go on with it.
///
/// # Errors
/// Refuses a newer schema that does not say so.
async fn suits_newer_schema(connection: &Connection) -> Result<bool, LogError> {
    let Some(version) = newer_schema(connection).await? else { return Ok(false) };
    let row = connection.client.query_opt(sql::SCHEMA_COMPATIBILITY, &[&version]).await?;
    let oldest = row.map(|row| row.try_get::<_, i32>(0)).transpose()?;
    if oldest.is_some_and(|oldest| oldest <= newest_known()) { Ok(true) } else { Err(too_new(version)) }
}

async fn newer_schema(connection: &Connection) -> Result<Option<i32>, LogError> {
    Ok(schema_version(connection).await?.filter(|version| *version > newest_known()))
}

fn too_new(version: i32) -> LogError {
    LogError::Unsuitable(format!(
        "the database has schema version {version}, and this program knows versions up to {}; run a newer conncentric",
        newest_known()
    ))
}

async fn schema_version(connection: &Connection) -> Result<Option<i32>, LogError> {
    let exists = connection.client.query_one("select to_regclass('refinery_schema_history') is not null", &[]).await?;
    if !exists.try_get::<_, bool>(0)? {
        return Ok(None);
    }
    Ok(connection.client.query_one(sql::SCHEMA_VERSION, &[]).await?.try_get(0)?)
}

fn newest_known() -> i32 {
    embedded::migrations::runner().get_migrations().iter().map(refinery::Migration::version).max().unwrap_or(0)
}

/// Whether there are projections, and of another text than this program brings.
async fn projections_have_changed(connection: &Connection) -> Result<bool, LogError> {
    if schema_version(connection).await?.is_none() {
        return Ok(false);
    }
    let present = connection.client.query_opt("select hash from projection_version", &[]).await?;
    Ok(present.map(|row| row.try_get::<_, String>(0)).transpose()?.is_some_and(|hash| hash != projections_hash()))
}

/// Builds the projections from the log if their text has changed: beside the live ones if there are any.
async fn install_projections(connection: &mut Connection) -> Result<bool, LogError> {
    let present = connection.client.query_opt("select hash from projection_version", &[]).await?;
    let present: Option<String> = present.map(|row| row.try_get(0)).transpose()?;
    if present == Some(projections_hash()) {
        return Ok(false);
    }
    if present.is_some() {
        rebuild_projections(connection, |_| {}).await?;
        return Ok(true);
    }
    // Nobody can be appending yet: without projections nothing can.
    let transaction = connection.client.transaction().await?;
    build_projections(&transaction, "projection").await?;
    remember_projections(&transaction).await?;
    transaction.commit().await?;
    Ok(true)
}

/// Notes which text the live projections were built from, and who may read them.
pub(super) async fn remember_projections(transaction: &Transaction<'_>) -> Result<(), LogError> {
    let remember = "insert into projection_version (hash) values ($1) on conflict (one) do update set hash = excluded.hash";
    transaction.execute(remember, &[&projections_hash()]).await?;
    Ok(transaction.batch_execute(sql::GRANT).await?)
}

/// Builds all projections in a schema of this name, from the log as the transaction sees it. Whatever was there is dropped.
pub async fn build_projections(transaction: &Transaction<'_>, schema: &str) -> Result<(), LogError> {
    make_projections(transaction, schema).await?;
    Ok(transaction.batch_execute("select apply(1, ledger_position) from event_head").await?)
}

/// Makes the tables and functions of all projections in a schema of this name, empty.
pub async fn make_projections(transaction: &Transaction<'_>, schema: &str) -> Result<(), LogError> {
    transaction.query_one("select begin_projection($1)", &[&schema]).await?;
    for (_, script) in PROJECTIONS {
        transaction.batch_execute(script).await?;
    }
    Ok(())
}

fn projections_hash() -> String {
    let mut hasher = Sha256::new();
    for (name, script) in PROJECTIONS {
        hasher.update(name.as_bytes());
        hasher.update([0]);
        hasher.update(script.as_bytes());
        hasher.update([0]);
    }
    data_encoding::HEXLOWER.encode(&hasher.finalize())
}

#[cfg(test)]
mod tests {
    /// A projection that is not in the list would silently not exist.
    #[test]
    fn every_projection_file_is_installed() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("projections");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .expect("the folder")
            .filter_map(|entry| entry.ok()?.path().file_stem()?.to_str().map(str::to_owned))
            .collect();
        files.sort();
        let mut listed: Vec<&str> = super::PROJECTIONS.iter().map(|(name, _)| *name).collect();
        listed.sort_unstable();
        assert_eq!(files, listed);
    }

    /// refinery skips misnamed files with no more than a log line.
    #[test]
    fn every_schema_file_is_a_migration() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
        let files = std::fs::read_dir(folder).expect("the folder").count();
        assert_eq!(files, super::embedded::migrations::runner().get_migrations().len());
    }
}
