//! TLS towards PostgreSQL, with certificates made here and a server that insists on nothing but offers it.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use conncentric::log::{Connection, Purpose};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use tempfile::TempDir;

use crate::support::postgres::{Database, Guarded, connect};

/// A CA of the test's own.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    fn create(folder: &Path, name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("signs itself");
        let file = folder.join(format!("{name}.crt"));
        std::fs::write(&file, issuer.pem()).expect("written");
        Self { issuer, file }
    }

    /// Certificate and key for a server of this name, in PEM.
    fn sign(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        params.distinguished_name.push(rcgen::DnType::CommonName, crate::support::postgres::APPLICATION);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        (params.signed_by(&key, &self.issuer).expect("signs").pem(), key.serialize_pem())
    }
}

/// A file that the server's user owns and nobody else reads, as it wants its key to be.
fn give(data: &Path, name: &str, text: &str) {
    let (file, owner) = (data.join(name), std::fs::metadata(data).expect("the data folder"));
    std::fs::write(&file, text).expect("written");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("ours");
    chown(&file, Some(owner.uid()), Some(owner.gid())).expect("given");
}

struct Secured {
    guarded: Guarded,
    folder: TempDir,
    authority: Authority,
}

impl Secured {
    /// A server with a certificate for `localhost`.
    async fn start() -> Self {
        let guarded = Guarded::start().await;
        let folder = tempfile::tempdir().expect("a folder");
        let authority = Authority::create(folder.path(), "the-ca");
        let (certificate, key) = authority.sign("localhost");
        let data = guarded.cluster.home().join("data");
        give(&data, "server.crt", &certificate);
        give(&data, "server.key", &key);
        give(&data, "ca.crt", &authority.issuer.pem());
        let owner = connect(&guarded.cluster.url("postgres")).await;
        for setting in ["alter system set ssl_ca_file = 'ca.crt'", "alter system set ssl = on"] {
            owner.batch_execute(setting).await.expect("the owner may");
        }
        guarded.cluster.restart().await.expect("restarts with TLS");
        Self { guarded, folder, authority }
    }

    fn url(&self, host: &str, parameters: &str) -> String {
        format!("{}?{parameters}", self.guarded.cluster.url("postgres").replace("127.0.0.1", host))
    }
}

async fn encrypted(url: &str) -> Result<bool, String> {
    let connection = Connection::open(url, Purpose::Append).await.map_err(|error| error.to_string())?;
    let row = connection.client.query_one("select ssl from pg_stat_ssl where pid = pg_backend_pid()", &[]).await.expect("a row");
    Ok(row.get(0))
}

#[tokio::test]
async fn every_mode_means_what_libpq_means_by_it() {
    let server = Secured::start().await;
    let ca = server.authority.file.display().to_string();
    let stranger = Authority::create(server.folder.path(), "another-ca").file.display().to_string();

    for (host, parameters, tls) in [
        ("localhost", "sslmode=disable".to_owned(), false),
        ("localhost", String::new(), true),
        ("127.0.0.1", "sslmode=prefer".to_owned(), true),
        ("127.0.0.1", "sslmode=require".to_owned(), true),
        ("127.0.0.1", format!("sslmode=require&sslrootcert={ca}"), true),
        ("127.0.0.1", format!("sslmode=verify-ca&sslrootcert={ca}"), true),
        ("localhost", format!("sslmode=verify-full&sslrootcert={ca}&channel_binding=require"), true),
    ] {
        assert_eq!(encrypted(&server.url(host, &parameters)).await, Ok(tls), "{host} {parameters}");
    }
    for (host, parameters, words) in [
        ("127.0.0.1", format!("sslmode=verify-full&sslrootcert={ca}"), ["is not for 127.0.0.1 but for", "localhost"]),
        ("localhost", format!("sslmode=verify-full&sslrootcert={stranger}"), ["another-ca.crt does not know", "name the CA"]),
        ("localhost", format!("sslmode=verify-ca&sslrootcert={stranger}"), ["another-ca.crt does not know", "name the CA"]),
        ("localhost", format!("sslmode=require&sslrootcert={stranger}"), ["another-ca.crt does not know", "name the CA"]),
        ("localhost", "sslrootcert=system".to_owned(), ["TLS with the database at localhost failed", "sslrootcert"]),
        ("localhost", "sslmode=verify-ca&sslrootcert=/none/ca.crt".to_owned(), ["/none/ca.crt cannot be read", "--database-url"]),
    ] {
        let reason = encrypted(&server.url(host, &parameters)).await.expect_err(&parameters);
        assert!(words.iter().all(|word| reason.contains(word)), "{parameters}: {reason}");
        let password = server.guarded.cluster.url("x");
        let password = password.split([':', '@']).nth(2).expect("a password");
        assert!(!reason.contains(password), "{reason}");
    }
    server.guarded.end();
}

#[tokio::test]
async fn a_certificate_of_ours_is_shown_to_a_server_that_wants_one() {
    let server = Secured::start().await;
    let hba = server.guarded.cluster.home().join("data/pg_hba.conf");
    let rules = std::fs::read_to_string(&hba).expect("rules");
    std::fs::write(&hba, format!("hostssl all all all scram-sha-256 clientcert=verify-ca\n{rules}")).expect("written");
    let plain = server.url("localhost", "sslmode=disable");
    connect(&plain.replace("?sslmode=disable", "")).await.batch_execute("select pg_reload_conf()").await.expect("reloads");
    server.guarded.cluster.restart().await.expect("restarts");

    let refused = encrypted(&server.url("localhost", "sslmode=require")).await.expect_err("no certificate");
    assert!(refused.contains("certificate"), "{refused}");
    assert_eq!(encrypted(&server.url("localhost", "sslmode=prefer")).await, Ok(false), "prefer goes on without");

    let (certificate, key) = server.authority.sign("the-application");
    let (file, key_file) = (server.folder.path().join("client.crt"), server.folder.path().join("client.key"));
    std::fs::write(&file, certificate).expect("written");
    std::fs::write(&key_file, key).expect("written");
    let shown = format!("sslmode=require&sslcert={}&sslkey={}", file.display(), key_file.display());
    assert_eq!(encrypted(&server.url("localhost", &shown)).await, Ok(true));
    server.guarded.end();
}

#[tokio::test]
async fn a_server_without_tls_is_named_when_tls_is_wanted() {
    let database = Database::create("plain").await;
    let reason = encrypted(&format!("{}?sslmode=require", database.url)).await.expect_err("no TLS there");
    assert!(reason.contains("the database at 127.0.0.1 offers no TLS; set ssl = on"), "{reason}");
    assert_eq!(encrypted(&format!("{}?sslmode=prefer", database.url)).await, Ok(false));
}
