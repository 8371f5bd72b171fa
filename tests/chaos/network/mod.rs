//! The network between two parts: a TCP proxy of our own that delays, holds back, loses, cuts, resets, and swallows answers.

mod connection;
pub mod heartbeats;
pub mod tap;
pub mod weather;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use self::connection::{Connection, Ears};
use self::heartbeats::Heartbeats;
use self::tap::Tap;
use self::weather::Conditions;

/// A way to one server. Ends, with its connections, when it is dropped.
#[derive(Debug)]
pub struct Link {
    pub address: SocketAddr,
    _server: JoinSet<()>,
}

/// Which conditions a connection is under.
#[derive(Debug, Clone)]
enum Routes {
    One(Conditions),
    /// One way, between pods and an orchestrator.
    Overheard(Conditions, Arc<Heartbeats>),
    /// Pods share an address of the witness, and say who they are in the first line.
    ByPod(BTreeMap<String, Conditions>, Arc<Tap>),
}

impl Link {
    pub async fn through(conditions: Conditions) -> Self {
        Self::start(Routes::One(conditions)).await
    }

    /// A link that understands heartbeats and their answers.
    pub async fn overheard(conditions: Conditions, heartbeats: Arc<Heartbeats>) -> Self {
        Self::start(Routes::Overheard(conditions, heartbeats)).await
    }

    /// A link that notes when each line was written, and knows pods by their first.
    pub async fn of_pods(conditions: BTreeMap<String, Conditions>, tap: Arc<Tap>) -> Self {
        Self::start(Routes::ByPod(conditions, tap)).await
    }

    async fn start(routes: Routes) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, routes));
        Self { address, _server: tasks }
    }
}

async fn serve(listener: TcpListener, routes: Routes) {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut connections = JoinSet::new();
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        connections.spawn(carry(client, routes.clone(), number));
        while connections.try_join_next().is_some() {}
    }
}

async fn carry(mut client: TcpStream, routes: Routes, number: u64) {
    let _ = client.set_nodelay(true);
    let mut first = Vec::new();
    let (conditions, ears) = match routes {
        Routes::One(conditions) => (conditions, Ears::Nobody),
        Routes::Overheard(conditions, heartbeats) => (conditions, Ears::Pods(heartbeats)),
        Routes::ByPod(all, tap) => {
            let mut buffer = vec![0; 4096];
            let Ok(read @ 1..) = client.read(&mut buffer).await else { return };
            tap.hear(number, &buffer[..read]);
            first.extend_from_slice(&buffer[..read]);
            let Some(conditions) = tap::pod_of(&first).and_then(|pod| all.get(&pod).cloned()) else { return };
            (conditions, Ears::Witness(tap))
        }
    };
    if conditions.weather().cut {
        return;
    }
    // A server that is away refuses the client too.
    let Ok(server) = TcpStream::connect(conditions.server()).await else { return };
    let _ = server.set_nodelay(true);
    Connection::new(conditions, number, ears).carry(client, server, first).await;
}
