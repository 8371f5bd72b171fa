//! Packages that mean harm, or were damaged on the way: each is told what is wrong with it, and nothing of it is left.

use reqwest::Method;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::feed;
use crate::support::api::{Api, Request};
use crate::support::wait::{SOON, eventually, holds};

const MANIFEST: &str = "name: feed\nversion: 1.0.0\nconnector: feed\nplatforms: { any: feed.sh }\nlicence: MIT\n";

const FILE: EntryType = EntryType::Regular;

/// A package of a right manifest and these entries, whatever they are: the library that writes archives would refuse some.
fn package(entries: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
    let mut archive = Builder::new(Vec::new());
    for (path, kind, data) in [("plugin.yaml", FILE, MANIFEST.as_bytes())].iter().chain(entries) {
        let mut header = Header::new_ustar();
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(*kind);
        header.set_mode(0o755);
        header.set_size(data.len() as u64);
        if matches!(kind, EntryType::Link | EntryType::Symlink) {
            header.set_link_name("/etc/passwd").expect("short");
        }
        header.set_cksum();
        archive.append(&header, *data).expect("written");
    }
    compress_to_vec(archive.into_inner().expect("written").as_slice(), CompressionLevel::Fastest)
}

pub(super) fn install<'a>(api: &'a Api, package: &[u8]) -> Request<'a> {
    api.request(Method::PUT, "/v1/plugins/feed").bytes(package)
}

/// How many rows there are in everything that an upload writes to.
pub(super) async fn rows(api: &Api) -> Vec<i64> {
    const COUNT: &str = "select array[(select count(*) from event where not pulse), (select count(*) from blob),
        (select count(*) from blob_chunk), (select count(*) from projection.blob_use), (select count(*) from projection.plugin_version)]";
    api.database.connect().await.query_one(COUNT, &[]).await.expect("counts").get(0)
}

#[tokio::test]
async fn what_means_harm_is_refused_by_its_name_and_leaves_nothing() {
    let api = Api::start("plugin-hostile", 1).await;
    let before = rows(&api).await;
    let zeros = vec![0; 32 << 20];
    let many: Vec<String> = (0..2001).map(|number| format!("file-{number}")).collect();
    let many: Vec<_> = many.iter().map(|path| (path.as_str(), FILE, b"".as_slice())).collect();
    let twice = [("feed.sh", FILE, b"1".as_slice()), ("./feed.sh", FILE, b"2")];
    for (entries, field, problem) in [
        (&[("zeros", FILE, zeros.as_slice())][..], "package", "more than 100 times its size"),
        (&many, "file-1999", "more than 2000 files"),
        (&[("../../etc/cron.d/x", FILE, b"x")], "../../etc/cron.d/x", "must stay below the top"),
        (&[("/etc/cron.d/x", FILE, b"x")], "/etc/cron.d/x", "must stay below the top"),
        (&[("feed.sh", EntryType::Symlink, b"")], "feed.sh", "links are not allowed"),
        (&[("feed.sh", EntryType::Link, b"")], "feed.sh", "links are not allowed"),
        (&[("feed.sh", EntryType::Char, b"")], "feed.sh", "only files and folders"),
        (&twice, "./feed.sh", "there twice"),
        (&[], "plugin.yaml: platforms.any", "the package has no file feed.sh"),
    ] {
        let refused = install(&api, &package(entries)).send().await.problem(422, "plugin-invalid");
        assert!(refused.detail.contains(problem), "{}", refused.detail);
        assert_eq!(refused.field.as_deref(), Some(field), "{}", refused.detail);
        assert_eq!(rows(&api).await, before, "{problem}");
    }
    api.get("/v1/plugins/feed").send().await.problem(404, "plugin-unknown");
}

#[tokio::test]
async fn what_is_not_what_was_sent_leaves_nothing() {
    let api = Api::start("plugin-damaged", 1).await;
    let before = rows(&api).await;
    let good = feed(api.folder.path(), "1.0.0");
    let other = data_encoding::BASE64.encode(&Sha256::digest(b"another"));
    let refused = install(&api, &good).header("content-digest", &format!("sha-256=:{other}:")).send().await;
    assert!(refused.problem(422, "digest-mismatch").detail.contains("send it again"));
    assert_eq!(rows(&api).await, before);
    let refused = api.request(Method::PUT, "/v1/plugins/other").bytes(good.clone()).send().await.problem(400, "invalid-field");
    assert!(refused.detail.contains("the package is of plugin feed, the path of other"), "{}", refused.detail);
    assert_eq!(rows(&api).await, before);
    install(&api, &good[..good.len() - 1]).send().await.problem(422, "plugin-invalid");
    assert_eq!(rows(&api).await, before);

    // The connection breaks when most of it has arrived, and more than a chunk of it lies in the database.
    let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(3 << 20).collect();
    let large = package(&[("feed.sh", FILE, b"#!/bin/sh\n"), ("noise", FILE, &noise)]);
    let stream = begin(&api, large.len(), &large[..5 << 19]).await;
    eventually(SOON, async || holds(rows(&api).await[2] > before[2], "a chunk has arrived")).await;
    drop(stream);
    eventually(SOON, async || holds(rows(&api).await == before, "nothing is left")).await;

    let mut stream = begin(&api, (64 << 20) + 1, b"").await;
    let mut answer = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer);
    tokio::time::timeout(SOON, read).await.expect("answered").ok();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("64 MiB is the most"), "{answer}");
    assert_eq!(rows(&api).await, before);

    install(&api, &large).send().await.expect(201);
    assert_ne!(rows(&api).await, before, "what is right is stored where this test looks");
}

/// Begins an upload of so many bytes, and sends these.
async fn begin(api: &Api, length: usize, body: &[u8]) -> TcpStream {
    let address = api.urls[0].trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("connects");
    let head = format!(
        "PUT /v1/plugins/feed HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
         Content-Length: {length}\r\nExpect: 100-continue\r\n\r\n",
        api.tokens.admin
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream.write_all(body).await.expect("sent");
    stream
}
