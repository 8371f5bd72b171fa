//! The peer: etcd as its packagers ship it, with its default durability, beside our database on the same disk.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use axum::http::uri::PathAndQuery;
use prost::Message;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Streaming};
use tonic_prost::ProstCodec;

use super::drive::Client;
use super::etcd_messages as message;
use super::etcd_messages::{Compare, Expected, Kind, Operation};

/// A server of one member, killed when dropped.
#[derive(Debug)]
pub(crate) struct Etcd {
    process: Child,
    folder: PathBuf,
    url: String,
}

impl Etcd {
    /// Starts it beside `home`. Nothing where it is not installed.
    pub(crate) async fn start(home: &Path) -> anyhow::Result<Option<Self>> {
        let folder = home.with_added_extension("etcd");
        let free = || anyhow::Ok(format!("http://{}", TcpListener::bind("127.0.0.1:0")?.local_addr()?));
        let (url, peers) = (free()?, free()?);
        let mut command = Command::new("etcd");
        command.arg("--data-dir").arg(&folder).args([
            "--name",
            "bench",
            "--log-level",
            "error",
            "--initial-cluster",
            &format!("bench={peers}"),
        ]);
        command.args(["--listen-client-urls", &url, "--advertise-client-urls", &url]);
        command.args(["--listen-peer-urls", &peers, "--initial-advertise-peer-urls", &peers]);
        let process = match command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn() {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            process => process?,
        };
        let etcd = Self { process, folder, url };
        let deadline = Instant::now() + Duration::from_secs(20);
        while let Err(error) = etcd.is_ready().await {
            ensure!(Instant::now() < deadline, "etcd does not start: {error:#}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(Some(etcd))
    }

    async fn is_ready(&self) -> anyhow::Result<()> {
        Unary::open(self).await?.grant(60).await.map(drop)
    }

    /// A connection of its own.
    async fn connect(&self) -> anyhow::Result<Grpc<Channel>> {
        let channel = Endpoint::from_shared(self.url.clone())?.connect().await?;
        Ok(Grpc::new(channel))
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Calls with one answer each.
#[derive(Debug)]
pub(crate) struct Unary {
    grpc: Grpc<Channel>,
}

impl Unary {
    pub(crate) async fn open(etcd: &Etcd) -> anyhow::Result<Self> {
        Ok(Self { grpc: etcd.connect().await? })
    }

    async fn call<Q, A>(&mut self, path: &'static str, request: Q) -> anyhow::Result<A>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        self.grpc.ready().await?;
        let codec = ProstCodec::<Q, A>::default();
        Ok(self.grpc.unary(Request::new(request), PathAndQuery::from_static(path), codec).await?.into_inner())
    }

    /// A lease of so many seconds.
    pub(crate) async fn grant(&mut self, ttl: i64) -> anyhow::Result<i64> {
        let granted: message::LeaseGranted = self.call("/etcdserverpb.Lease/LeaseGrant", message::LeaseGrant { ttl }).await?;
        ensure!(granted.ttl == ttl, "etcd made a lease of {ttl} s one of {} s", granted.ttl);
        Ok(granted.id)
    }

    pub(crate) async fn put(&mut self, key: &str, lease: i64) -> anyhow::Result<()> {
        let put = message::Put { key: key.into(), value: b"pod".to_vec(), lease };
        let _: message::Done = self.call("/etcdserverpb.KV/Put", put).await?;
        Ok(())
    }

    async fn commit(&mut self, txn: message::Txn) -> anyhow::Result<()> {
        let done: message::TxnDone = self.call("/etcdserverpb.KV/Txn", txn).await?;
        ensure!(done.succeeded, "etcd refused a transaction");
        Ok(())
    }
}

/// A lease with a stream and a connection of its own, one renewal in flight.
#[derive(Debug)]
pub(crate) struct KeepAlive {
    pub lease: i64,
    asks: mpsc::Sender<message::LeaseKeepAlive>,
    answers: Streaming<message::LeaseGranted>,
}

impl KeepAlive {
    pub(crate) async fn open(etcd: &Etcd, ttl: i64) -> anyhow::Result<Self> {
        let mut unary = Unary::open(etcd).await?;
        let lease = unary.grant(ttl).await?;
        let (asks, asked) = mpsc::channel(1);
        // The stream is open once the first answer begins.
        asks.send(message::LeaseKeepAlive { id: lease }).await?;
        unary.grpc.ready().await?;
        let path = PathAndQuery::from_static("/etcdserverpb.Lease/LeaseKeepAlive");
        let codec = ProstCodec::<message::LeaseKeepAlive, message::LeaseGranted>::default();
        let answers = unary.grpc.streaming(Request::new(ReceiverStream::new(asked)), path, codec).await?.into_inner();
        let mut this = Self { lease, asks, answers };
        this.answer().await?;
        Ok(this)
    }

    async fn answer(&mut self) -> anyhow::Result<()> {
        let renewed = self.answers.message().await?.context("etcd closed the stream")?;
        ensure!(renewed.ttl > 0, "the lease is over");
        Ok(())
    }
}

impl Client for KeepAlive {
    async fn step(&mut self) -> anyhow::Result<()> {
        self.asks.send(message::LeaseKeepAlive { id: self.lease }).await?;
        self.answer().await
    }
}

/// Transactions that write many keys, over and over.
#[derive(Debug)]
pub(crate) struct Puts {
    unary: Unary,
    txn: message::Txn,
}

impl Puts {
    pub(crate) fn new(unary: Unary, count: usize) -> Self {
        let put = |number| message::Put { key: format!("heartbeat/{number}").into(), value: b"12345678".to_vec(), lease: 0 };
        let success = (0..count).map(|number| Operation { kind: Some(Kind::Put(put(number))) }).collect();
        Self { unary, txn: message::Txn { compare: Vec::new(), success } }
    }
}

impl Client for Puts {
    async fn step(&mut self) -> anyhow::Result<()> {
        self.unary.commit(self.txn.clone()).await
    }
}

/// Compare-and-swap: claims keys that nobody has, then gives back what is its own, and again.
#[derive(Debug)]
pub(crate) struct Swapper {
    unary: Unary,
    keys: Vec<Vec<u8>>,
    owner: Vec<u8>,
    holds: bool,
}

impl Swapper {
    pub(crate) fn new(unary: Unary, name: &str, count: usize) -> Self {
        let keys = (0..count).map(|number| format!("session/{name}/{number}").into()).collect();
        Self { unary, keys, owner: name.into(), holds: false }
    }

    fn txn(&self) -> message::Txn {
        let compare = |key: &Vec<u8>| {
            let (target, expected) = if self.holds { (3, Expected::Value(self.owner.clone())) } else { (1, Expected::CreateRevision(0)) };
            Compare { result: 0, target, key: key.clone(), expected: Some(expected) }
        };
        let change = |key: &Vec<u8>| {
            let put = || message::Put { key: key.clone(), value: self.owner.clone(), lease: 0 };
            let kind = if self.holds { Kind::Delete(message::Delete { key: key.clone() }) } else { Kind::Put(put()) };
            Operation { kind: Some(kind) }
        };
        message::Txn { compare: self.keys.iter().map(compare).collect(), success: self.keys.iter().map(change).collect() }
    }
}

impl Client for Swapper {
    async fn step(&mut self) -> anyhow::Result<()> {
        let txn = self.txn();
        self.unary.commit(txn).await?;
        self.holds = !self.holds;
        Ok(())
    }
}

/// Hears of keys that disappear.
#[derive(Debug)]
pub(crate) struct Watcher {
    _asks: mpsc::Sender<message::Watch>,
    answers: Streaming<message::Watched>,
}

impl Watcher {
    pub(crate) async fn open(etcd: &Etcd, from: &str, to: &str) -> anyhow::Result<Self> {
        let mut grpc = etcd.connect().await?;
        let (asks, asked) = mpsc::channel(1);
        asks.send(message::Watch { create: Some(message::WatchCreate { key: from.into(), end: to.into() }) }).await?;
        grpc.ready().await?;
        let codec = ProstCodec::<message::Watch, message::Watched>::default();
        let path = PathAndQuery::from_static("/etcdserverpb.Watch/Watch");
        let answers = grpc.streaming(Request::new(ReceiverStream::new(asked)), path, codec).await?.into_inner();
        Ok(Self { _asks: asks, answers })
    }

    /// The keys that have just disappeared.
    pub(crate) async fn gone(&mut self) -> anyhow::Result<Vec<String>> {
        let Some(watched) = self.answers.message().await? else { bail!("etcd closed the stream") };
        let keys = watched.events.into_iter().filter(|event| event.kind == 1).filter_map(|event| event.pair);
        Ok(keys.map(|pair| String::from_utf8_lossy(&pair.key).into_owned()).collect())
    }
}
