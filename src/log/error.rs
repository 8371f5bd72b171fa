//! What can go wrong between us and the log.

use tokio_postgres::error::SqlState;

use crate::domain::event::UnreadableEvent;
use crate::domain::evolve::Corrupt;
use crate::domain::token::Position;

/// An error of the log. Driver errors, history that contradicts itself, and databases that cannot serve are told apart.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("{}", describe(.0))]
    Database(#[from] tokio_postgres::Error),
    #[error(transparent)]
    Unreadable(#[from] UnreadableEvent),
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    /// A row that says what no version of this program would have written.
    #[error("the database holds something unexpected: {0}")]
    Inconsistent(String),
    /// The database cannot be used as it is; the message says what to do.
    #[error("{0}")]
    Unsuitable(String),
    /// Events that were to be read are in an archive.
    #[error("events after position {after} are sealed; the projections say what they come to")]
    Sealed { after: Position },
    #[error("the database does not answer")]
    Silent,
    #[error("the migrations failed: {}", describe_migration(.0))]
    Migration(#[from] refinery::Error),
}

impl LogError {
    /// Whether the server itself refused the statement, so that it certainly did nothing. Otherwise the outcome is unknown.
    #[must_use]
    pub fn is_definite(&self) -> bool {
        match self {
            // Class 08 is a lost connection, 57P a server that goes away while the commit may be on its way.
            Self::Database(error) => error.code().is_some_and(|code| !code.code().starts_with("08") && !code.code().starts_with("57P")),
            Self::Silent => false,
            _ => true,
        }
    }

    /// Whether the database refused what was appended for what it says, as it would refuse it on every other connection too: a
    /// bug of ours, caught by a constraint (design 4, class 23) or by a type that cannot hold the value (class 22).
    #[must_use]
    pub fn refuses_content(&self) -> bool {
        let of_content = |code: &SqlState| ["22", "23"].iter().any(|class| code.code().starts_with(class));
        matches!(self, Self::Database(error) if error.code().is_some_and(of_content))
    }

    pub(crate) fn inconsistent(error: impl std::fmt::Display) -> Self {
        Self::Inconsistent(error.to_string())
    }
}

/// What the server said, or else what is wrong with the migrations themselves.
fn describe_migration(error: &refinery::Error) -> String {
    let mut causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let of_the_server = causes.find_map(|cause| cause.downcast_ref());
    of_the_server.map_or_else(|| error.to_string(), describe)
}

/// What the server said, with its hint, or what kept us from reaching it.
fn describe(error: &tokio_postgres::Error) -> String {
    if let Some(db) = error.as_db_error() {
        let hint = match *db.code() {
            SqlState::INVALID_CATALOG_NAME => "create it with createdb, or correct the name in --database-url",
            SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => "check user and password in --database-url",
            SqlState::TOO_MANY_CONNECTIONS => "raise max_connections, or run fewer orchestrators",
            SqlState::READ_ONLY_SQL_TRANSACTION => "the server is read-only: name the primary in --database-url",
            SqlState::UNDEFINED_TABLE | SqlState::UNDEFINED_FUNCTION => "run `conncentric migrate` on this database",
            // A statement that was prepared here is looked for on another connection of the server's.
            SqlState::INVALID_SQL_STATEMENT_NAME | SqlState::DUPLICATE_PSTATEMENT => {
                "a pooler in transaction mode seems to be in between: connect directly, or through one in session mode"
            }
            SqlState::INSUFFICIENT_PRIVILEGE => "grant the role conncentric_application to this user, or connect as the owner",
            _ => db.hint().unwrap_or_default(),
        };
        return if hint.is_empty() {
            format!("the database says: {}", db.message())
        } else {
            format!("the database says: {}; {hint}", db.message())
        };
    }
    let mut innermost: &dyn std::error::Error = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    format!("the database cannot be reached: {innermost}")
}
