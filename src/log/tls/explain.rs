//! Why a connection could not be secured, and what to do about it.

use std::io;

use rustls::{CertificateError, Error};

use super::Tls;
use crate::log::LogError;

/// The reason, if TLS is what failed.
pub(in crate::log) fn explain(error: &tokio_postgres::Error, host: &str, tls: &Tls) -> Option<LogError> {
    if let Some(failed) = handshake(error) {
        return Some(LogError::Unsuitable(format!("TLS with the database at {host} failed: {}", reason(failed, host, tls))));
    }
    causes(error).any(|cause| cause.to_string().contains("server does not support TLS")).then(|| {
        LogError::Unsuitable(format!(
            "the database at {host} offers no TLS; set ssl = on there, or sslmode=disable in --database-url if the network is trusted"
        ))
    })
}

/// Whether the server has TLS, and an agreement on it failed.
pub(in crate::log) fn is_handshake(error: &tokio_postgres::Error) -> bool {
    handshake(error).is_some()
}

fn reason(failed: &Error, host: &str, tls: &Tls) -> String {
    let trusted = tls.trusted();
    match failed {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            format!("{trusted} does not know who signed its certificate; name the CA that did in sslrootcert")
        }
        Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }) if presented.is_empty() => {
            format!("its certificate names no host (the common name does not count); have one made with {host} as subject alternative name")
        }
        Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }) => format!(
            "its certificate is not for {host} but for {}; write that name in --database-url, or sslmode=verify-ca to accept any",
            presented.join(", ")
        ),
        Error::InvalidCertificate(CertificateError::Other(other)) if other.to_string().contains("CaUsedAsEndEntity") => {
            "its certificate is a CA's and not a server's; have one signed for the server".into()
        }
        Error::AlertReceived(alert) => format!("the server refused with {alert:?}; check sslcert and sslkey"),
        other => other.to_string(),
    }
}

fn handshake(error: &tokio_postgres::Error) -> Option<&Error> {
    // An I/O error stands for what is in it and does not name it as its cause.
    causes(error).find_map(|cause| {
        let inside = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause.downcast_ref::<Error>().or_else(|| inside?.downcast_ref::<Error>())
    })
}

fn causes<'a>(error: &'a (dyn std::error::Error + 'static)) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}
