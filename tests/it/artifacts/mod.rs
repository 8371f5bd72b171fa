//! Artifacts, from the upload to the session that reads them.

mod runs;
mod store;
mod uploads;
mod verify;

use sha2::{Digest, Sha256};

use crate::support::api::{Answer, Api, Request};
use crate::support::postgres::Database;

/// So many bytes, the same every time, and no two chunks of them alike.
fn bytes(count: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(count as u64);
    std::iter::repeat_with(|| random.u8(..)).take(count).collect()
}

fn sha256(data: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(data))
}

fn digest(data: &[u8]) -> String {
    format!("sha-256=:{}:", data_encoding::BASE64.encode(&Sha256::digest(data)))
}

fn upload<'a>(api: &'a Api, name: &str, data: impl Into<Vec<u8>>) -> Request<'a> {
    api.request(reqwest::Method::PUT, &format!("/v1/artifacts/{name}")).bytes(data)
}

async fn stored(api: &Api, name: &str, data: impl Into<Vec<u8>>) -> Answer {
    let answer = upload(api, name, data).send().await;
    assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
    answer
}

/// Blobs, and chunks with those of uploads that were not completed.
async fn kept(database: &Database) -> (i64, i64) {
    let row = database.connect().await.query_one("select (select count(*) from blob), (select count(*) from blob_chunk)", &[]).await;
    let row = row.expect("counts");
    (row.get(0), row.get(1))
}
