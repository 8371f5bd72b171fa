//! Loads the fleet from the projections, as of one head.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use imbl::OrdMap;
use serde::de::DeserializeOwned;
use tokio_postgres::{GenericClient, IsolationLevel, Row, Transaction};

use super::{Connection, Head, LogError, Moment, read_archives, sql};
use crate::domain::action::OpenAction;
use crate::domain::adapter::{AdapterSpec, LeaseTtl};
use crate::domain::artifact::StoredVersion;
use crate::domain::content::{Content, ContentHash};
use crate::domain::fleet::{Adapter, Fleet, IssuedToken, Lease, MoveTarget, Registration, RegistrationState, Session, Settling, Vacated};
use crate::domain::identity::AccessToken;
use crate::domain::name::{AdapterName, ArtifactName, Holder, PluginName, RegistrationId, SessionId};
use crate::domain::plugin::{InstalledVersion, PluginFacts};
use crate::domain::restore::Parts;
use crate::domain::token::{Epoch, FencingToken, Position};

/// The fleet and the head that it is the fold of, both from one snapshot of the database.
pub async fn load_fleet(connection: &mut Connection) -> Result<(Fleet, Head), LogError> {
    let snapshot = connection.client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true).start().await?;
    let loaded = load_fleet_within(&snapshot).await?;
    snapshot.commit().await?;
    Ok(loaded)
}

/// The same from a snapshot that somebody else took.
pub async fn load_fleet_within(snapshot: &Transaction<'_>) -> Result<(Fleet, Head), LogError> {
    let row = snapshot.query_one(sql::READ_HEAD, &[]).await?;
    let head = Head {
        epoch: Epoch(row.try_get("epoch")?),
        position: row.try_get("position")?,
        ledger_position: row.try_get("ledger_position")?,
        recorded_at: row.try_get("recorded_at")?,
    };
    let adapters = rows(snapshot, sql::LOAD_ADAPTERS, adapter).await?;
    let actions = actions(&snapshot.query(sql::LOAD_ACTIONS, &[]).await?)?;
    let sessions = sessions(&snapshot.query(sql::LOAD_SESSIONS, &[]).await?, &adapters, actions)?;
    let parts = Parts {
        adapters,
        sessions,
        registrations: rows(snapshot, sql::LOAD_REGISTRATIONS, registration).await?,
        last_registration: snapshot.query_one(sql::LAST_REGISTRATION, &[]).await?.try_get(0)?,
        access_tokens: rows(snapshot, sql::LOAD_ACCESS_TOKENS, access_token).await?,
        artifacts: rows(snapshot, sql::LOAD_ARTIFACTS, artifact).await?,
        plugins: rows(snapshot, sql::LOAD_PLUGINS, plugin).await?,
        maintained: rows(snapshot, sql::LOAD_MAINTAINED, |row| Ok((text(row, "adapter")?, ())))
            .await?
            .into_iter()
            .map(|(name, ())| name)
            .collect(),
        archives: read_archives(snapshot).await?,
        settling: snapshot.query_opt(sql::LOAD_SETTLING, &[]).await?.map(|row| settling(&row)).transpose()?,
    };
    let last = snapshot.query_opt(sql::LAST_LEDGER_TIME, &[&head.ledger_position]).await?;
    let recorded_at = last.map(|row| row.try_get(0)).transpose()?.unwrap_or_default();
    Ok((Fleet::restore(head.epoch, head.ledger_position, recorded_at, parts), head))
}

/// The fleet as it was at a moment, without what only decisions need: access tokens, preferences, what a vacant session was
/// before. Needs no snapshot: whatever is appended meanwhile changes nothing about a moment that has passed.
pub async fn load_fleet_at(connection: &Connection, moment: &Moment) -> Result<Fleet, LogError> {
    let client = &connection.client;
    let at = moment.position;
    // Sent together, so that the answers cost one way to the database and back.
    let (adapters, owned, registrations, artifacts, plugins, actions) = tokio::try_join!(
        rows_at(client, sql::LOAD_ADAPTERS_AT, at, adapter),
        async { Ok(client.query(sql::LOAD_SESSIONS_AT, &[&at]).await?) },
        rows_at(client, sql::LOAD_REGISTRATIONS_AT, at, registration),
        rows_at(client, sql::LOAD_ARTIFACTS_AT, at, artifact),
        rows_at(client, sql::LOAD_PLUGINS_AT, at, plugin),
        async { actions(&client.query(sql::LOAD_ACTIONS_AT, &[&at]).await?) },
    )?;
    let mut sessions: Vec<(SessionId, Session)> = Vec::new();
    for (name, adapter) in &adapters {
        sessions.extend((0..adapter.spec.replicas).map(|ordinal| (SessionId::new(name.clone(), ordinal), Session::default())));
    }
    // After those that stand vacant, so that an owned one prevails.
    sessions.extend(self::sessions(&owned, &adapters, actions)?);
    let parts = Parts { adapters, sessions, registrations, artifacts, plugins, ..Parts::default() };
    Ok(Fleet::restore(moment.epoch, moment.position, moment.time, parts))
}

async fn rows<K, V>(
    client: &impl GenericClient,
    statement: &str,
    read: fn(&Row) -> Result<(K, V), LogError>,
) -> Result<Vec<(K, V)>, LogError> {
    client.query(statement, &[]).await?.iter().map(read).collect()
}

async fn rows_at<K, V>(
    client: &impl GenericClient,
    statement: &str,
    at: Position,
    read: fn(&Row) -> Result<(K, V), LogError>,
) -> Result<Vec<(K, V)>, LogError> {
    client.query(statement, &[&at]).await?.iter().map(read).collect()
}

fn settling(row: &Row) -> Result<Settling, LogError> {
    Ok(Settling { began: row.try_get("began")?, wait: Duration::from_millis(number(row, "wait_ms")?) })
}

fn adapter(row: &Row) -> Result<(AdapterName, Adapter), LogError> {
    let adapter = Adapter {
        spec: Arc::new(json::<AdapterSpec>(row, "spec")?),
        revision: number(row, "revision")?,
        enabled: row.try_get("enabled")?,
        state_reason: row.try_get("state_reason")?,
        changed_at: row.try_get("changed_at")?,
    };
    Ok((text(row, "adapter")?, adapter))
}

/// Sessions, each lease with the configuration that it was claimed with.
fn sessions(
    rows: &[Row],
    adapters: &[(AdapterName, Adapter)],
    mut actions: HashMap<SessionId, OrdMap<Position, OpenAction>>,
) -> Result<Vec<(SessionId, Session)>, LogError> {
    let newest: HashMap<&AdapterName, &Arc<AdapterSpec>> = adapters.iter().map(|(name, adapter)| (name, &adapter.spec)).collect();
    let mut sessions = rows.iter().map(|row| session(row, &newest)).collect::<Result<Vec<_>, _>>()?;
    for (id, session) in &mut sessions {
        if let (Some(lease), Some(open)) = (&mut session.lease, actions.remove(id)) {
            lease.actions = open;
        }
    }
    Ok(sessions)
}

/// The actions that wait for an answer, by session.
fn actions(rows: &[Row]) -> Result<HashMap<SessionId, OrdMap<Position, OpenAction>>, LogError> {
    let mut actions: HashMap<SessionId, OrdMap<Position, OpenAction>> = HashMap::new();
    for row in rows {
        let open =
            OpenAction { name: text(row, "action")?, parameters: Arc::new(json(row, "parameters")?), received: row.try_get("received")? };
        actions.entry(text(row, "session")?).or_default().insert(row.try_get("position")?, open);
    }
    Ok(actions)
}

fn session(row: &Row, newest: &HashMap<&AdapterName, &Arc<AdapterSpec>>) -> Result<(SessionId, Session), LogError> {
    let id: SessionId = text(row, "session")?;
    let spec = || match row.try_get::<_, Option<serde_json::Value>>("spec")? {
        Some(earlier) => Ok(Arc::new(serde_json::from_value(earlier).map_err(LogError::inconsistent)?)),
        None => newest.get(&id.adapter).map(|spec| Arc::clone(spec)).ok_or_else(|| LogError::Inconsistent(format!("{id} has no adapter"))),
    };
    let token = |column: &str| -> Result<Option<FencingToken>, LogError> {
        row.try_get::<_, Option<i64>>(column)?.map(FencingToken::from_i64).transpose().map_err(LogError::inconsistent)
    };
    let vacated_at = row.try_get::<_, Option<i64>>("vacated_at")?.unwrap_or_default();
    let vacated = match row.try_get::<_, Option<&str>>("vacated")? {
        Some("expired") => Some(Vacated::Expired { at: vacated_at }),
        Some("handed_over") => Some(Vacated::HandedOver { at: vacated_at }),
        _ => None,
    };
    let session = Session {
        lease: token("token")?.map(|token| lease(row, token, spec()?)).transpose()?,
        preferred: optional_text(row, "preferred")?,
        last_token: token("last_token")?,
        vacated,
    };
    Ok((id, session))
}

fn lease(row: &Row, token: FencingToken, spec: Arc<AdapterSpec>) -> Result<Lease, LogError> {
    let target = row.try_get::<_, Option<i32>>("moving_to_registration")?.map(RegistrationId);
    Ok(Lease {
        holder: Holder { pod: text(row, "pod")?, incarnation: text(row, "incarnation")? },
        registration: RegistrationId(row.try_get("registration")?),
        token,
        ttl: LeaseTtl::from_millis(number(row, "ttl_ms")?).map_err(LogError::inconsistent)?,
        revision: number(row, "revision")?,
        spec,
        actions: OrdMap::new(),
        units: number(row, "units")?,
        since: row.try_get("since")?,
        status: serde_json::from_value(row.try_get::<_, String>("status")?.into()).map_err(LogError::inconsistent)?,
        reason: row.try_get("reason")?,
        confirmed: row.try_get::<_, Option<bool>>("confirmed")?.unwrap_or(true),
        moving_to: optional_text(row, "moving_to")?.zip(target).map(|(pod, registration)| MoveTarget { pod, registration }),
    })
}

fn registration(row: &Row) -> Result<(RegistrationId, Registration), LogError> {
    let state = match row.try_get("state")? {
        "ready" => RegistrationState::Ready,
        "draining" => RegistrationState::Draining,
        "superseded" => RegistrationState::Superseded,
        other => return Err(LogError::Inconsistent(format!("registration state {other}"))),
    };
    let former: Vec<String> = row.try_get("former")?;
    let registration = Registration {
        holder: Holder { pod: text(row, "pod")?, incarnation: text(row, "incarnation")? },
        state,
        capacity: number(row, "capacity")?,
        labels: json(row, "labels")?,
        connectors: json(row, "connectors")?,
        platform: row.try_get("platform")?,
        access_token: text(row, "access_token")?,
        registered_at: row.try_get("registered_at")?,
        leases: imbl::OrdSet::new(),
        used: 0,
        reserved: 0,
        former: former.iter().map(|text| text.parse().map_err(LogError::inconsistent)).collect::<Result<_, _>>()?,
    };
    Ok((RegistrationId(row.try_get("registration")?), registration))
}

fn artifact(row: &Row) -> Result<(ArtifactName, (u32, Option<StoredVersion>)), LogError> {
    let version = number(row, "version")?;
    let stored = row.try_get::<_, bool>("is_there")?.then_some(StoredVersion {
        version,
        content: content(row)?,
        media_type: row.try_get("media_type")?,
        stored_at: row.try_get("stored_at")?,
        stored_by: row.try_get("stored_by")?,
    });
    Ok((text(row, "artifact")?, (version, stored)))
}

fn plugin(row: &Row) -> Result<(PluginName, InstalledVersion), LogError> {
    let facts = PluginFacts {
        version: text(row, "version")?,
        descriptor: json(row, "descriptor")?,
        platforms: json(row, "platforms")?,
        licence: row.try_get("licence")?,
    };
    let installed = InstalledVersion {
        facts: Arc::new(facts),
        content: content(row)?,
        signature: row.try_get("signature")?,
        signed_by: row.try_get("signed_by")?,
        installed_at: row.try_get("installed_at")?,
        installed_by: row.try_get("installed_by")?,
    };
    Ok((text(row, "plugin")?, installed))
}

fn content(row: &Row) -> Result<Content, LogError> {
    let sha256 = ContentHash::try_from(row.try_get::<_, &[u8]>("sha256")?).map_err(LogError::inconsistent)?;
    Ok(Content { sha256, size: number(row, "size")? })
}

fn access_token(row: &Row) -> Result<(crate::domain::identity::AccessTokenId, IssuedToken), LogError> {
    let word = |column: &str| -> Result<serde_json::Value, LogError> { Ok(row.try_get::<_, String>(column)?.into()) };
    let token = AccessToken {
        name: row.try_get("name")?,
        role: serde_json::from_value(word("role")?).map_err(LogError::inconsistent)?,
        pod: optional_text(row, "pod")?,
        hash: serde_json::from_value(word("hash")?).map_err(LogError::inconsistent)?,
    };
    let issued = IssuedToken { token, created_at: row.try_get("created_at")?, created_by: row.try_get("created_by")? };
    Ok((text(row, "access_token")?, issued))
}

fn text<T: std::str::FromStr<Err: std::fmt::Display>>(row: &Row, column: &str) -> Result<T, LogError> {
    row.try_get::<_, &str>(column)?.parse().map_err(LogError::inconsistent)
}

fn optional_text<T: std::str::FromStr<Err: std::fmt::Display>>(row: &Row, column: &str) -> Result<Option<T>, LogError> {
    row.try_get::<_, Option<&str>>(column)?.map(str::parse).transpose().map_err(LogError::inconsistent)
}

/// An integer of the database as the unsigned number that it stands for.
fn number<T: TryFrom<i64, Error: std::fmt::Display>>(row: &Row, column: &str) -> Result<T, LogError> {
    let value = row.try_get::<_, i64>(column).or_else(|_| row.try_get::<_, i32>(column).map(i64::from))?;
    T::try_from(value).map_err(LogError::inconsistent)
}

fn json<T: DeserializeOwned>(row: &Row, column: &str) -> Result<T, LogError> {
    serde_json::from_value(row.try_get(column)?).map_err(LogError::inconsistent)
}
