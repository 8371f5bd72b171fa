//! TLS towards the database: what the URL and the environment ask for, with libpq's meaning of each mode.
//!
//! Absent on purpose: libpq's mode `allow`, and its files that are used without being named.

mod explain;
mod verifier;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use self::verifier::Verifier;
use super::LogError;

pub(super) use explain::{explain, is_handshake};

/// The parameters that the driver does not know, or knows in part, with the variables that stand in for them.
const PARAMETERS: [(&str, &str); 4] =
    [("sslmode", "PGSSLMODE"), ("sslrootcert", "PGSSLROOTCERT"), ("sslcert", "PGSSLCERT"), ("sslkey", "PGSSLKEY")];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mode {
    Disable,
    /// TLS if the server has it and the handshake succeeds, else without. Keeps nobody out who can change what is sent.
    Prefer,
    /// TLS, with whoever answers; with a root file as [`Mode::VerifyCa`].
    Require,
    /// The certificate is signed by a CA that is trusted, whatever name is in it.
    VerifyCa,
    /// And it is for the host that was asked for.
    VerifyFull,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Roots {
    File(PathBuf),
    /// What this machine trusts.
    System,
}

/// How connections are secured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tls {
    pub mode: Mode,
    roots: Option<Roots>,
    /// Our certificate and its key.
    identity: Option<(PathBuf, PathBuf)>,
}

impl Tls {
    /// Takes what concerns TLS out of a URL, and gives the rest of it. `variable` reads the environment.
    pub(super) fn take(database_url: &str, variable: impl Fn(&str) -> Option<String>) -> Result<(Self, String), LogError> {
        let mut values = PARAMETERS.map(|(_, name)| variable(name).filter(|value| !value.is_empty()).map(|value| (name, value)));
        let rest = take_parameters(database_url, &mut values)?;
        let [mode, roots, certificate, key] = values;
        let roots = roots.map(|(_, value)| if value == "system" { Roots::System } else { Roots::File(value.into()) });
        let mode = match (mode, &roots) {
            (Some((source, value)), _) => read_mode(source, &value)?,
            (None, Some(Roots::System)) => Mode::VerifyFull,
            (None, _) => Mode::Prefer,
        };
        if roots == Some(Roots::System) && mode < Mode::VerifyFull && mode != Mode::Disable {
            return Err(unsuitable("sslrootcert=system trusts every public CA, so it needs sslmode=verify-full"));
        }
        if roots.is_none() && mode >= Mode::VerifyCa {
            return Err(unsuitable(
                "this sslmode needs the CA to trust: add sslrootcert=FILE, or sslrootcert=system for the CAs of this machine",
            ));
        }
        let identity = match (certificate, key) {
            (Some((_, certificate)), Some((_, key))) => Some((certificate.into(), key.into())),
            (None, None) => None,
            _ => return Err(unsuitable("sslcert and sslkey go together: give both or neither")),
        };
        Ok((Self { mode, roots, identity }, rest))
    }

    /// The driver's own idea of it: whether to ask for TLS, and whether to go on without.
    pub(super) fn driver_mode(&self) -> SslMode {
        match self.mode {
            Mode::Disable => SslMode::Disable,
            Mode::Prefer => SslMode::Prefer,
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
        }
    }

    /// Reads the files anew, so that a renewed certificate counts from the next connection on.
    pub(super) async fn connector(&self) -> Result<MakeRustlsConnect, LogError> {
        let provider = Arc::new(ring::default_provider());
        let verifier = Verifier { chain: self.chain(&provider).await?, names: self.mode == Mode::VerifyFull, provider: provider.clone() };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| unsuitable(&format!("TLS cannot be set up: {error}")))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match self.identity.as_ref().filter(|_| self.mode != Mode::Disable) {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = certificates(certificate, "sslcert").await?;
                let secret = PrivateKeyDer::from_pem_slice(&read(key, "sslkey").await?)
                    .map_err(|_| unsuitable(&format!("sslkey {} holds no private key in PEM without a passphrase", key.display())))?;
                builder
                    .with_client_auth_cert(chain, secret)
                    .map_err(|error| unsuitable(&format!("sslcert {} and sslkey cannot be used: {error}", certificate.display())))?
            }
        };
        // What a server that is asked for TLS at once (sslnegotiation=direct) insists on.
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        Ok(MakeRustlsConnect::new(config))
    }

    /// What checks who signed the certificate, if somebody is to be trusted.
    async fn chain(&self, provider: &Arc<CryptoProvider>) -> Result<Option<Arc<WebPkiServerVerifier>>, LogError> {
        let (Some(roots), true) = (&self.roots, self.mode >= Mode::Require) else { return Ok(None) };
        let mut store = RootCertStore::empty();
        let found = match roots {
            Roots::File(file) => certificates(file, "sslrootcert").await?,
            Roots::System => {
                let loading = tokio::task::spawn_blocking(|| rustls_native_certs::load_native_certs().certs).await;
                loading.map_err(|_| unsuitable("the certificates of this machine cannot be read"))?
            }
        };
        store.add_parsable_certificates(found);
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider.clone()).build();
        verifier.map(Some).map_err(|_| unsuitable(&format!("no certificate in {} can be used", self.trusted())))
    }

    /// Whom we trust, for messages.
    fn trusted(&self) -> String {
        match &self.roots {
            Some(Roots::File(file)) => format!("sslrootcert {}", file.display()),
            Some(Roots::System) => "the certificates of this machine".into(),
            None => "sslrootcert".into(),
        }
    }
}

/// The URL without our parameters, which go into `values`. The environment counts for those that it does not have.
fn take_parameters(url: &str, values: &mut [Option<(&'static str, String)>; 4]) -> Result<String, LogError> {
    if !url.contains("://") {
        if url.contains("ssl") {
            return Err(unsuitable("write it as a URL to set TLS, postgresql://user@host/database?sslmode=require"));
        }
        return Ok(url.to_owned());
    }
    // A password may hold a question mark; the driver looks for the first @, too.
    let (before, after) = url.split_at(url.find('@').map_or(0, |at| at + 1));
    let Some((place, query)) = after.split_once('?') else { return Ok(url.to_owned()) };
    let mut kept = Vec::new();
    for parameter in query.split('&') {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match PARAMETERS.iter().zip(values.iter_mut()).find(|((known, _), _)| *known == name) {
            Some(((known, _), taken)) => {
                let value = percent_decode_str(value).decode_utf8().map_err(|_| unsuitable(&format!("{known} is not text")))?;
                *taken = Some((known, value.into_owned()));
            }
            None => kept.push(parameter),
        }
    }
    let mark = if kept.is_empty() { "" } else { "?" };
    Ok(format!("{before}{place}{mark}{}", kept.join("&")))
}

fn read_mode(source: &str, value: &str) -> Result<Mode, LogError> {
    Ok(match value {
        "disable" => Mode::Disable,
        "prefer" => Mode::Prefer,
        "require" => Mode::Require,
        "verify-ca" => Mode::VerifyCa,
        "verify-full" => Mode::VerifyFull,
        _ => return Err(unsuitable(&format!("{source} is one of disable, prefer, require, verify-ca, verify-full"))),
    })
}

async fn certificates(file: &Path, parameter: &str) -> Result<Vec<CertificateDer<'static>>, LogError> {
    let text = read(file, parameter).await?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(unsuitable(&format!("{parameter} {} holds no certificate in PEM", file.display()))),
    }
}

async fn read(file: &Path, parameter: &str) -> Result<Vec<u8>, LogError> {
    tokio::fs::read(file).await.map_err(|error| unsuitable(&format!("{parameter} {} cannot be read: {error}", file.display())))
}

fn unsuitable(detail: &str) -> LogError {
    LogError::Unsuitable(format!("--database-url: {detail}"))
}

#[cfg(test)]
mod tests;
