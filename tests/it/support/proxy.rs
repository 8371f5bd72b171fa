//! A TCP proxy that plays the network: it can hold back what goes either way, and cut everything.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What gets through at the moment. Held back is not lost: it arrives when the way is free again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// From clients to the server.
    pub there: bool,
    /// From the server to clients.
    pub back: bool,
    /// Connections are closed at once, old and new ones.
    pub cut: bool,
}

impl Network {
    pub const OPEN: Self = Self { there: true, back: true, cut: false };
    /// Nothing arrives, and nobody is told.
    pub const SILENT: Self = Self { there: false, back: false, cut: false };
    /// What is sent arrives; no answer does.
    pub const DEAF: Self = Self { there: true, back: false, cut: false };
    pub const CUT: Self = Self { there: false, back: false, cut: true };
}

/// Ends, with its connections, when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    pub address: SocketAddr,
    network: watch::Sender<Network>,
    _server: JoinSet<()>,
}

impl Proxy {
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (network, seen) = watch::channel(Network::OPEN);
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, server, seen));
        Self { address, network, _server: tasks }
    }

    pub fn set(&self, network: Network) {
        self.network.send_replace(network);
    }
}

async fn serve(listener: TcpListener, server: SocketAddr, network: watch::Receiver<Network>) {
    let mut connections = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.expect("accepts");
        let mut cut = network.clone();
        let network = network.clone();
        connections.spawn(async move {
            tokio::select! {
                _ = cut.wait_for(|network| network.cut) => {}
                () = connect(client, server, network) => {}
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn connect(client: TcpStream, server: SocketAddr, network: watch::Receiver<Network>) {
    // A server that is away refuses the client too.
    let Ok(server) = TcpStream::connect(server).await else { return };
    let ((client_reads, client_writes), (server_reads, server_writes)) = (client.into_split(), server.into_split());
    tokio::select! {
        () = pass(client_reads, server_writes, network.clone(), |network| network.there) => {}
        () = pass(server_reads, client_writes, network, |network| network.back) => {}
    }
}

/// Passes bytes on for as long as both ends are there.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut network: watch::Receiver<Network>, is_free: fn(&Network) -> bool) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if network.wait_for(is_free).await.is_err() || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
