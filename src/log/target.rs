//! Which servers a URL names, and the way to the first that serves. Each has its own time: one that hangs costs the next nothing.

use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::config::{Host, LoadBalanceHosts, SslMode, TargetSessionAttrs};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::tls::{self, Mode, Tls};
use super::{LogError, Purpose};

/// What a server may take to let us in, if it is the only one.
const PATIENCE: Duration = Duration::from_secs(5);

/// The same if there is another to try.
const PATIENCE_OF_SEVERAL: Duration = Duration::from_secs(3);

pub(super) type Link = tokio_postgres::Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

/// The servers in a URL, in the order in which they are tried.
#[derive(Debug)]
pub(super) struct Target {
    hosts: Vec<Config>,
    tls: Tls,
}

impl Target {
    /// Reads a URL, with the limits that every connection of ours has.
    pub(super) fn read(database_url: &str, purpose: Purpose) -> Result<Self, LogError> {
        let (tls, url) = Tls::take(database_url, |name| std::env::var(name).ok())?;
        let mut config: Config = url
            .parse()
            .map_err(|error: tokio_postgres::Error| LogError::Unsuitable(format!("--database-url cannot be read: {}", causes(&error))))?;
        if config.get_hosts().is_empty() {
            return Err(LogError::Unsuitable("--database-url names no host".into()));
        }
        if config.get_dbname().is_none() && config.get_user().is_none() {
            return Err(LogError::Unsuitable("--database-url names no database; write postgres://user@host/database".into()));
        }
        credentials(&mut config, |name| std::env::var(name).ok());
        config
            .application_name(format!("conncentric {}", purpose.name()))
            .connect_timeout(Duration::from_secs(3))
            .tcp_user_timeout(Duration::from_secs(5))
            .keepalives(true)
            .keepalives_idle(Duration::from_secs(3))
            .keepalives_interval(Duration::from_secs(1))
            .keepalives_retries(3)
            .ssl_mode(tls.driver_mode());
        let several = config.get_hosts().len() > 1;
        if several && purpose != Purpose::Read {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        let mut hosts = split(config);
        if several && purpose == Purpose::Read {
            hosts = primary_first(hosts);
        }
        Ok(Self { hosts, tls })
    }
}

/// User and password may come from the variables that `psql` knows. There they need no escapes, as in a URL they would.
fn credentials(config: &mut Config, variable: impl Fn(&str) -> Option<String>) {
    if config.get_user().is_none()
        && let Some(user) = variable("PGUSER")
    {
        config.user(user);
    }
    if config.get_password().is_none()
        && let Some(password) = variable("PGPASSWORD")
    {
        config.password(password);
    }
}

/// Connects to the first server that serves.
pub(super) async fn reach(target: &Target) -> Result<(Client, Link), LogError> {
    let connector = target.tls.connector().await?;
    let limit = if target.hosts.len() > 1 { PATIENCE_OF_SEVERAL } else { PATIENCE };
    let mut failures = Vec::new();
    for config in &target.hosts {
        match dial(config, &connector, &target.tls, limit).await {
            Ok(reached) => return Ok(reached),
            Err(error) => failures.push((name(config), error)),
        }
    }
    match <[_; 1]>::try_from(failures) {
        Ok([(_, error)]) => Err(error),
        Err(failures) => {
            let mut said: Vec<String> = failures.into_iter().map(|(host, error)| format!("{host}: {error}")).collect();
            said.dedup();
            Err(LogError::Unsuitable(format!("no host in --database-url serves: {}", said.join("; "))))
        }
    }
}

async fn dial(config: &Config, connector: &MakeRustlsConnect, tls: &Tls, limit: Duration) -> Result<(Client, Link), LogError> {
    let explained = |error: tokio_postgres::Error| match tls::explain(&error, &name(config), tls) {
        Some(explained) => explained,
        None if causes(&error).contains("does not allow writes") => LogError::Unsuitable("it is a standby or read-only".into()),
        None => error.into(),
    };
    // connect_timeout covers the socket only: a server that accepts and then says nothing needs this one.
    let silent = |_| LogError::Unsuitable("the database accepts connections but does not answer".into());
    match timeout(limit, config.connect(connector.clone())).await.map_err(silent)? {
        // A server may refuse TLS in the handshake, or in pg_hba.conf to whom it comes with TLS.
        Err(error)
            if tls.mode == Mode::Prefer
                && (tls::is_handshake(&error) || error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)) =>
        {
            let mut plain = config.clone();
            plain.ssl_mode(SslMode::Disable);
            timeout(limit, plain.connect(connector.clone())).await.map_err(silent)?.map_err(explained)
        }
        reached => reached.map_err(explained),
    }
}

/// One configuration a host. What the driver must see whole is left whole.
fn split(config: Config) -> Vec<Config> {
    let (hosts, ports) = (config.get_hosts(), config.get_ports());
    let whole = !config.get_hostaddrs().is_empty()
        || config.get_load_balance_hosts() == LoadBalanceHosts::Random
        || (ports.len() > 1 && ports.len() != hosts.len());
    if whole {
        return vec![config];
    }
    hosts.iter().enumerate().map(|(i, host)| alone(&config, host, ports.get(i).or(ports.first()).copied())).collect()
}

fn alone(config: &Config, host: &Host, port: Option<u16>) -> Config {
    let mut one = Config::new();
    match host {
        Host::Tcp(name) => one.host(name).ssl_mode(config.get_ssl_mode()),
        // There is no TLS on these, and nobody in between either.
        Host::Unix(path) => one.host_path(path).ssl_mode(SslMode::Disable),
    };
    if let Some(port) = port {
        one.port(port);
    }
    if let Some(user) = config.get_user() {
        one.user(user);
    }
    if let Some(password) = config.get_password() {
        one.password(password);
    }
    if let Some(dbname) = config.get_dbname() {
        one.dbname(dbname);
    }
    if let Some(options) = config.get_options() {
        one.options(options);
    }
    if let Some(name) = config.get_application_name() {
        one.application_name(name);
    }
    if let Some(limit) = config.get_connect_timeout() {
        one.connect_timeout(*limit);
    }
    if let Some(limit) = config.get_tcp_user_timeout() {
        one.tcp_user_timeout(*limit);
    }
    if let Some(interval) = config.get_keepalives_interval() {
        one.keepalives_interval(interval);
    }
    if let Some(retries) = config.get_keepalives_retries() {
        one.keepalives_retries(retries);
    }
    one.keepalives(config.get_keepalives())
        .keepalives_idle(config.get_keepalives_idle())
        .target_session_attrs(config.get_target_session_attrs())
        .channel_binding(config.get_channel_binding())
        .ssl_negotiation(config.get_ssl_negotiation());
    one
}

/// Queries see the newest state at the primary, and are answered by a standby rather than not at all.
fn primary_first(hosts: Vec<Config>) -> Vec<Config> {
    if hosts.iter().any(|host| host.get_target_session_attrs() != TargetSessionAttrs::Any) {
        return hosts;
    }
    let mut primaries = hosts.clone();
    for host in &mut primaries {
        host.target_session_attrs(TargetSessionAttrs::ReadWrite);
    }
    primaries.into_iter().chain(hosts).collect()
}

fn name(config: &Config) -> String {
    let names: Vec<String> = config
        .get_hosts()
        .iter()
        .map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        })
        .collect();
    names.join(",")
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_password_of_variables_need_no_escapes_and_the_url_counts_for_more() {
        let read = |url: &str| {
            let mut config: Config = url.parse().expect("a URL");
            credentials(&mut config, |name| Some(format!("{name}@/:%").to_lowercase()));
            (config.get_user().map(str::to_owned), config.get_password().map(<[u8]>::to_vec))
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(read("postgresql://db/conncentric"), (text("pguser@/:%"), Some(b"pgpassword@/:%".to_vec())));
        assert_eq!(read("postgresql://app:secret@db/conncentric"), (text("app"), Some(b"secret".to_vec())));
    }
}
