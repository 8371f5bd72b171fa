//! The demo's database: on a private PostgreSQL or on one that was named, with the two roles that use it.

use anyhow::Context;
use reqwest::Url;
use tokio::task::JoinSet;
use tokio_postgres::NoTls;

use super::folder::Folder;
use super::postgres::Cluster;
use super::secret;

/// The role of orchestrators. Its rights come from the group role that `conncentric migrate` makes.
const APPLICATION: &str = "conncentric_app";

/// How processes reach the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Database {
    /// For the owner, who migrates and makes the first tokens.
    pub(super) owner_url: String,
    /// For orchestrators. The owner's, if the server that was named gives us no role of its own.
    pub(super) application_url: String,
}

impl Database {
    /// Makes database and role on a private PostgreSQL, if they are not there.
    pub(super) async fn on(cluster: &Cluster, folder: &Folder) -> anyhow::Result<Self> {
        let server = Connection::open(&cluster.url("postgres")).await?;
        if !server.truth(include_str!("sql/database_exists.sql")).await? {
            server.client.batch_execute(include_str!("sql/create_database.sql")).await?;
        }
        Self::at(&cluster.url("conncentric"), folder).await
    }

    /// Makes the role of orchestrators in a database that is there, or finds it.
    pub(super) async fn at(owner_url: &str, folder: &Folder) -> anyhow::Result<Self> {
        let owner = Connection::open(owner_url).await?;
        let password_file = folder.path("application-password");
        let exists = owner.truth(include_str!("sql/application_role_exists.sql")).await?;
        let ours = secret::read(&password_file)?.is_some();
        let application_url = match with_user(owner_url, APPLICATION, &secret::remembered(&password_file)?) {
            Some(url) if exists && ours => url,
            // Another installation's role has a password that we do not know, and must not change.
            Some(_) if exists => owner_url.to_owned(),
            Some(url) => owner.create_application_role(&secret::remembered(&password_file)?).await.map_or(owner_url.to_owned(), |()| url),
            None => owner_url.to_owned(),
        };
        Ok(Self { owner_url: owner_url.to_owned(), application_url })
    }

    /// Whether orchestrators have a role of their own, as they should in production.
    pub(super) fn has_application_role(&self) -> bool {
        self.application_url != self.owner_url
    }

    /// Gives the role its rights. After the migration, which makes the group that has them.
    pub(super) async fn grant(&self) -> anyhow::Result<()> {
        if !self.has_application_role() {
            return Ok(());
        }
        let owner = Connection::open(&self.owner_url).await?;
        let granted = owner.client.batch_execute(include_str!("sql/grant_application_role.sql")).await;
        granted.context("the role conncentric_app cannot be given its rights")
    }

    /// The same for people and for our memory: without the password.
    pub(super) fn without_password(&self) -> String {
        match Url::parse(&self.owner_url) {
            Ok(mut url) => {
                // Fails for URLs without a host, which have no password in front of it either.
                let _ = url.set_password(None);
                url.to_string()
            }
            Err(_) => "a database that was named in another form than a URL".to_owned(),
        }
    }
}

/// The same database as another user. `None` for URLs without a host in front, and for key=value strings.
fn with_user(url: &str, user: &str, password: &str) -> Option<String> {
    let mut url = Url::parse(url).ok()?;
    url.set_username(user).ok()?;
    url.set_password(Some(password)).ok()?;
    Some(url.to_string())
}

/// A connection and the task that drives it, which ends with it.
struct Connection {
    client: tokio_postgres::Client,
    _driver: JoinSet<()>,
}

impl Connection {
    async fn open(url: &str) -> anyhow::Result<Self> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.context("the database cannot be reached")?;
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the database ended");
            }
        });
        Ok(Self { client, _driver: driver })
    }

    async fn truth(&self, query: &str) -> anyhow::Result<bool> {
        Ok(self.client.query_one(query, &[]).await?.try_get(0)?)
    }

    async fn create_application_role(&self, password: &str) -> Result<(), tokio_postgres::Error> {
        self.client.query(include_str!("sql/set_new_password.sql"), &[&password]).await?;
        self.client.batch_execute(include_str!("sql/create_application_role.sql")).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_given_another_user_where_it_has_a_host() {
        let with = |url| with_user(url, "app", "secret");
        assert_eq!(with("postgres://me:x@db:5433/c?sslmode=disable").as_deref(), Some("postgres://app:secret@db:5433/c?sslmode=disable"));
        assert_eq!(with("postgres:///c?host=/tmp"), None);
        assert_eq!(with("host=/tmp dbname=c"), None);
    }
}
