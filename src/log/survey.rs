//! What can be found out about a database before anybody relies on it. Facts only; what they mean is said elsewhere.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::{Instant, timeout};

use super::{Connection, Head, Lineage, LogError, Purpose, check_schema, listen, read_head, read_lineage, sql};

/// How long a notification may take to come back.
const PATIENCE: Duration = Duration::from_secs(2);

/// The facts about one database. What the role may not see is absent.
#[derive(Debug, Clone)]
pub struct Survey {
    pub server: Server,
    pub lineage: Lineage,
    pub clock: ClockReading,
    /// Why this program cannot use the schema as it is, if it cannot.
    pub schema: Result<(), String>,
    pub log: Result<LogFacts, String>,
    pub standbys: Vec<Standby>,
    /// Whether another connection got the same process of the server while this one was open.
    pub shared_backend: bool,
    /// How long a notification took, or why none came. Absent on standbys, which have none.
    pub notification: Option<Result<Duration, String>>,
}

#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "facts that have nothing to do with each other")]
pub struct Server {
    pub version: String,
    pub role: String,
    pub superuser: bool,
    pub standby: bool,
    pub read_only: bool,
    pub fsync: bool,
    pub full_page_writes: bool,
    pub synchronous_standby_names: String,
    pub synchronous_commit: String,
    pub tls: Option<bool>,
    pub cipher: String,
    backend: i32,
}

/// The database's clock, and how long the answer was under way there and back.
#[derive(Debug, Clone, Copy)]
pub struct ClockReading {
    pub now: DateTime<Utc>,
    pub round_trip: Duration,
    /// When the answer came.
    pub taken: Instant,
}

#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "facts that have nothing to do with each other")]
pub struct LogFacts {
    pub head: Head,
    /// Whether sessions without an owner wait because an epoch has just begun.
    pub settling: bool,
    pub reads: bool,
    pub appends: bool,
    /// Whether the role may change or remove what was recorded.
    pub changes: bool,
}

#[derive(Debug, Clone)]
pub struct Standby {
    pub name: String,
    /// Absent if the role may not see it.
    pub state: Option<String>,
    pub sync_state: Option<String>,
    pub lag_ms: Option<i64>,
}

/// Looks at a database, a standby too. Writes nothing.
pub async fn survey(database_url: &str) -> Result<Survey, LogError> {
    let connection = Connection::open(database_url, Purpose::Read).await?;
    let server = read_server(&connection).await?;
    let other = Connection::open(database_url, Purpose::Read).await?;
    let shared_backend = read_server(&other).await?.backend == server.backend;
    drop(other);
    let clock = read_clock(&connection).await?;
    let lineage = read_lineage(&connection.client).await?;
    let notification =
        if server.standby || server.read_only { None } else { Some(hear(database_url).await.map_err(|error| error.to_string())) };
    Ok(Survey {
        lineage,
        clock,
        schema: check_schema(&connection).await.map_err(|error| error.to_string()),
        log: read_log(&connection).await.map_err(|error| error.to_string()),
        standbys: read_standbys(&connection).await.unwrap_or_default(),
        shared_backend,
        notification,
        server,
    })
}

/// What the server at the other end is.
pub async fn read_server(connection: &Connection) -> Result<Server, LogError> {
    let row = connection.client.query_one(sql::SURVEY_SERVER, &[]).await?;
    Ok(Server {
        version: row.try_get("version")?,
        role: row.try_get("role")?,
        superuser: row.try_get::<_, Option<bool>>("superuser")?.unwrap_or(false),
        standby: row.try_get("standby")?,
        read_only: row.try_get("read_only")?,
        fsync: row.try_get("fsync")?,
        full_page_writes: row.try_get("full_page_writes")?,
        synchronous_standby_names: row.try_get("synchronous_standby_names")?,
        synchronous_commit: row.try_get("synchronous_commit")?,
        tls: row.try_get("tls")?,
        cipher: row.try_get("cipher")?,
        backend: row.try_get("backend")?,
    })
}

async fn read_clock(connection: &Connection) -> Result<ClockReading, LogError> {
    let statement = connection.statement(sql::SURVEY_CLOCK).await?;
    let began = Instant::now();
    let row = connection.client.query_one(&statement, &[]).await?;
    Ok(ClockReading { now: row.try_get("now")?, round_trip: began.elapsed(), taken: Instant::now() })
}

async fn read_log(connection: &Connection) -> Result<LogFacts, LogError> {
    let rights = connection.client.query_one(sql::SURVEY_RIGHTS, &[]).await?;
    let head = read_head(connection).await?;
    let settling = connection.client.query_opt(sql::LOAD_SETTLING, &[]).await?.is_some();
    Ok(LogFacts {
        head,
        settling,
        reads: rights.try_get("reads")?,
        appends: rights.try_get("appends")?,
        changes: rights.try_get("changes")?,
    })
}

/// Those that replicate from it, as far as the role may see them.
pub async fn read_standbys(connection: &Connection) -> Result<Vec<Standby>, LogError> {
    let rows = connection.client.query(sql::SURVEY_STANDBYS, &[]).await?;
    let standby = |row: &tokio_postgres::Row| {
        Ok(Standby {
            name: row.try_get::<_, Option<String>>("name")?.unwrap_or_default(),
            state: row.try_get("state")?,
            sync_state: row.try_get("sync_state")?,
            lag_ms: row.try_get("lag_ms")?,
        })
    };
    rows.iter().map(standby).collect()
}

/// Sends a notification to ourselves as orchestrators send them to each other. They take one of no position for a hint like any.
async fn hear(database_url: &str) -> Result<Duration, LogError> {
    let (sender, mut answers) = tokio::sync::mpsc::channel(16);
    let connection = listen(database_url, move |payload| {
        // Full: others' notifications have come, and the first is enough.
        let _ = sender.try_send(payload);
    })
    .await?;
    let began = Instant::now();
    connection.client.query_one(sql::NOTIFY, &[&"0:0"]).await?;
    match timeout(PATIENCE, answers.recv()).await {
        Ok(Some(_)) => Ok(began.elapsed()),
        _ => Err(LogError::Unsuitable("a notification was sent and did not come back".into())),
    }
}
