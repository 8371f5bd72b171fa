//! Connectors: the part of an adapter that really holds the connection and speaks its protocol.
//!
//! [`Connector`] is what a new one implements, [`context`] what it is given, [`registry`] where a pod finds it. [`exec`] and
//! [`tcp`] are built in; [`guard`] is the process that `exec` puts between a pod and a program. Absent on purpose:
//! heartbeats, claims, deadlines kept by hand. A connector is told when to run and when to stop, and asks its
//! [`TrustedLease`] before it writes.
//!
//! ```
//! use conncentric::connector::journal::Journal;
//! use conncentric::connector::{Connector, ConnectorError, Settings, context::SessionContext};
//! use conncentric::domain::{adapter::InvalidField, name::ConnectorName};
//! use futures_util::future::BoxFuture;
//!
//! /// Holds nothing, and does so faithfully.
//! #[derive(Debug)]
//! struct Idle(ConnectorName);
//!
//! impl Connector for Idle {
//!     fn name(&self) -> &ConnectorName {
//!         &self.0
//!     }
//!
//!     fn validate(&self, settings: &Settings) -> Result<(), InvalidField> {
//!         match settings.keys().next() {
//!             Some(key) => Err(InvalidField::new(format!("settings.{key}"), "idle takes no settings; remove it")),
//!             None => Ok(()),
//!         }
//!     }
//!
//!     fn run(&self, mut session: SessionContext) -> BoxFuture<'static, Result<(), ConnectorError>> {
//!         Box::pin(async move {
//!             session.active();
//!             session.stop.requested().await;
//!             Ok(())
//!         })
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use conncentric::connector::context::{SessionFacts, Term};
//! use conncentric::connector::secrets::Secrets;
//! use conncentric::domain::token::{Epoch, FencingToken};
//! use std::time::Duration;
//!
//! let facts = SessionFacts {
//!     session: "demo/0".parse()?,
//!     pod: "pod-1".parse()?,
//!     token: FencingToken::new(Epoch(1), 1)?,
//!     settings: Settings::new(),
//!     secrets: Secrets::default(),
//!     folder: std::env::temp_dir(),
//!     journal: Journal::default(),
//! };
//! let (context, mut handle) = SessionContext::new(facts, Term::FOR_EVER);
//! let idle = Idle("idle".parse()?);
//! idle.validate(&Settings::new())?;
//! let running = idle.run(context);
//! handle.stop_in_order(Duration::MAX);
//! running.await?;
//! assert!(handle.report().is_some_and(|report| report.is_active()));
//! # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
//! ```

pub mod action;
pub mod backoff;
pub mod context;
pub mod exec;
pub mod guard;
pub mod journal;
pub mod lease;
pub mod lines;
pub mod registry;
pub mod secrets;
mod settings;
pub mod tcp;

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;

use self::context::SessionContext;
pub use self::lease::TrustedLease;
pub use self::settings::Settings;
use crate::domain::adapter::InvalidField;
use crate::domain::name::ConnectorName;

/// A type of connection. One value serves all sessions of a pod.
pub trait Connector: fmt::Debug + Send + Sync + 'static {
    /// What adapters call it.
    fn name(&self) -> &ConnectorName;

    /// Checks an adapter's settings without any effect.
    ///
    /// # Errors
    /// Names the first field that is wrong, as a path that begins with `settings`, and how to mend it.
    fn validate(&self, settings: &Settings) -> Result<(), InvalidField>;

    /// The JSON Schema of the settings, if there is one: it says which references must become numbers or truth values.
    fn settings_schema(&self) -> Option<&serde_json::Value> {
        None
    }

    /// How long an orderly stop may take before the connection is ended by force.
    fn stop_timeout(&self, _settings: &Settings) -> Duration {
        Duration::from_secs(5)
    }

    /// Holds the connection of one session until it is asked to stop.
    ///
    /// - Reports [`SessionContext::active`] once the connection stands, and [`SessionContext::error`] while it does not.
    /// - Asks [`TrustedLease::still_trusted`] before everything it writes: the process may have been asleep until just now.
    /// - Sends the fencing token along wherever the other side can check it.
    /// - Carries out what [`SessionContext::actions`] brings and says what became of it, if it declares actions.
    /// - Ends soon after [`StopSignal::requested`](context::StopSignal::requested), and at once after
    ///   [`StopSignal::forced`](context::StopSignal::forced).
    /// - Ends the connection when the future is dropped, which happens if it does not stop in time.
    ///
    /// Ending by itself, with `Ok` or `Err`, is a fault of the session: it goes to `ERROR` and is started again after a pause.
    fn run(&self, session: SessionContext) -> BoxFuture<'static, Result<(), ConnectorError>>;
}

/// Why a connection could not be made or ended, in words for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConnectorError(String);

impl ConnectorError {
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    /// An error of the system, with what was being done.
    #[must_use]
    pub fn io(doing: &str, error: &std::io::Error) -> Self {
        Self(format!("{doing}: {error}"))
    }
}

impl From<InvalidField> for ConnectorError {
    fn from(invalid: InvalidField) -> Self {
        Self(invalid.to_string())
    }
}
