//! `tcp`: holds a connection to `host:port`, with an optional login line that carries the fencing token.
//!
//! The session is `ACTIVE` while connected, and logged in if there is a login line. Whatever is read after that is dropped.
//! A connection that is lost is made again with a growing pause, for as long as the session runs.

mod connection;
mod settings;

use std::time::Duration;

use futures_util::future::BoxFuture;

use self::connection::{Connection, Ended};
use self::settings::TcpSettings;
use super::backoff::Backoff;
use super::context::SessionContext;
use super::{Connector, ConnectorError, Settings};
use crate::domain::adapter::InvalidField;
use crate::domain::connector::built_in;
use crate::domain::entry::{Category, Level};
use crate::domain::name::{ConnectorName, InvalidName};

/// The built-in `tcp` connector.
#[derive(Debug)]
pub struct Tcp(ConnectorName);

impl Tcp {
    /// # Errors
    /// None in practice: its name is a valid one.
    pub fn new() -> Result<Self, InvalidName> {
        ConnectorName::new("tcp").map(Self)
    }
}

impl Connector for Tcp {
    fn name(&self) -> &ConnectorName {
        &self.0
    }

    fn validate(&self, settings: &Settings) -> Result<(), InvalidField> {
        TcpSettings::read(settings).map(drop)
    }

    fn settings_schema(&self) -> Option<&serde_json::Value> {
        built_in(self.name()).map(|descriptor| &descriptor.settings_schema)
    }

    /// A logout line takes no time; a peer that does not read it does not get more.
    fn stop_timeout(&self, _settings: &Settings) -> Duration {
        Duration::from_secs(1)
    }

    fn run(&self, session: SessionContext) -> BoxFuture<'static, Result<(), ConnectorError>> {
        Box::pin(run(session))
    }
}

async fn run(mut session: SessionContext) -> Result<(), ConnectorError> {
    let settings = TcpSettings::read(&session.facts.settings)?;
    let mut orders = session.take_actions();
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    while !session.stop.is_requested() {
        let mut stop = session.stop.clone();
        let attempt = tokio::select! {
            biased;
            _ = stop.requested() => return Ok(()),
            attempt = Connection::open(&settings, &session) => attempt,
        };
        let reason = match attempt {
            Ok(mut connection) => {
                session.active();
                session.log(Level::Info, Category::Connection, "Connection Active");
                backoff.reset();
                match connection.hold(&settings, &session, &mut orders).await {
                    Ended::Stopped => return Ok(()),
                    Ended::Lost(reason) => reason,
                }
            }
            Err(reason) => reason,
        };
        session.error(&reason);
        session.log(Level::Warning, Category::Connection, &reason);
        let mut pause = std::pin::pin!(tokio::time::sleep(backoff.next_pause()));
        loop {
            tokio::select! {
                biased;
                _ = stop.requested() => return Ok(()),
                () = &mut pause => break,
                Some(action) = orders.recv() => action.failed(&format!("not connected: {reason}")),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
