//! One connection through a link: two pipes whose ends are read at once and written when the weather lets them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::heartbeats::Heartbeats;
use super::tap::Tap;
use super::weather::{Conditions, Way, Weather};

/// Requests that are shorter are looks and pings, whose lost answers tell nothing.
const REQUEST: usize = 150;

/// Pieces that wait in the network. Beyond it the sender feels it, as with full buffers.
const IN_FLIGHT: usize = 1024;

pub(super) struct Connection {
    conditions: Conditions,
    number: u64,
    ears: Ears,
    /// Whether it has asked for notifications.
    listens: AtomicBool,
    /// The next answer is lost, and the connection with it.
    doomed: AtomicBool,
    over: Notify,
    /// Of the delay on an uneven way, this connection's.
    share: f64,
}

/// Who listens in on a connection.
#[derive(Debug, Clone)]
pub(super) enum Ears {
    Nobody,
    /// To what is written to the witness.
    Witness(Arc<Tap>),
    /// To pods and orchestrators.
    Pods(Arc<Heartbeats>),
}

/// A piece, and when it was sent.
struct Piece(Instant, Vec<u8>);

impl Connection {
    pub(super) fn new(conditions: Conditions, number: u64, ears: Ears) -> Self {
        Self {
            conditions,
            number,
            ears,
            listens: AtomicBool::new(false),
            doomed: AtomicBool::new(false),
            over: Notify::new(),
            share: fastrand::f64(),
        }
    }

    /// Carries until both directions have ended, or the link resets it. `first` was read already.
    pub(super) async fn carry(self, client: TcpStream, server: TcpStream, first: Vec<u8>) {
        let mut weather = self.conditions.watch();
        let mut resets = self.conditions.watch_resets();
        resets.mark_unchanged();
        let ((client_reads, client_writes), (server_reads, server_writes)) = (client.into_split(), server.into_split());
        let both = async { tokio::join!(self.there(first, client_reads, server_writes), self.back(server_reads, client_writes)) };
        tokio::select! {
            _ = both => {}
            _ = weather.wait_for(|weather| weather.cut) => {}
            _ = resets.changed() => {}
            () = self.over.notified() => {}
            () = self.given_up() => {}
        }
        if let Ears::Pods(heartbeats) = &self.ears {
            heartbeats.over(self.number);
        }
    }

    /// A way that lost something is free again: the connection cannot go on.
    async fn given_up(&self) {
        let mut weather = self.conditions.watch();
        let lost = |weather: &Weather| weather.there == Way::Lost || weather.back == Way::Lost;
        let _ = weather.wait_for(|weather| lost(weather) && self.concerned(weather)).await;
        let _ = weather.wait_for(|weather| !lost(weather)).await;
    }

    fn concerned(&self, weather: &Weather) -> bool {
        !weather.listeners_only || self.listens.load(Ordering::Relaxed)
    }

    async fn there(&self, first: Vec<u8>, mut from: OwnedReadHalf, to: OwnedWriteHalf) {
        let (pieces, queue) = mpsc::channel(IN_FLIGHT);
        let read = async move {
            if !first.is_empty() {
                let _ = pieces.send(Piece(Instant::now(), first)).await;
            }
            let mut buffer = vec![0; 16 << 10];
            while let Ok(read @ 1..) = from.read(&mut buffer).await {
                self.hear(&buffer[..read]);
                if pieces.send(Piece(Instant::now(), buffer[..read].to_vec())).await.is_err() {
                    return;
                }
            }
        };
        tokio::join!(read, self.deliver(queue, to, |weather| weather.there));
    }

    async fn back(&self, mut from: OwnedReadHalf, to: OwnedWriteHalf) {
        let (pieces, queue) = mpsc::channel(IN_FLIGHT);
        let read = async move {
            let mut buffer = vec![0; 16 << 10];
            while let Ok(read @ 1..) = from.read(&mut buffer).await {
                if self.doomed.load(Ordering::Relaxed) {
                    self.over.notify_one();
                    return;
                }
                if let Ears::Pods(heartbeats) = &self.ears {
                    heartbeats.hear_answer(self.number, &buffer[..read]);
                }
                if pieces.send(Piece(Instant::now(), buffer[..read].to_vec())).await.is_err() {
                    return;
                }
            }
        };
        tokio::join!(read, self.deliver(queue, to, |weather| weather.back));
    }

    fn hear(&self, bytes: &[u8]) {
        match &self.ears {
            Ears::Nobody => {}
            Ears::Witness(tap) => tap.hear(self.number, bytes),
            Ears::Pods(heartbeats) => heartbeats.hear_request(self.number, bytes),
        }
        let listen = b"listen conncentric";
        if bytes.windows(listen.len()).any(|window| window == listen) {
            self.listens.store(true, Ordering::Relaxed);
        }
        if bytes.len() >= REQUEST && self.conditions.takes_the_answer() {
            self.doomed.store(true, Ordering::Relaxed);
        }
    }

    /// Delivers what was sent, as the weather has it. The end of the sender is delivered last.
    async fn deliver(&self, mut queue: mpsc::Receiver<Piece>, mut to: OwnedWriteHalf, way: fn(&Weather) -> Way) {
        let mut weather = self.conditions.watch();
        while let Some(Piece(sent, bytes)) = queue.recv().await {
            if self.passes(sent, &mut weather, way).await.is_none() || to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        let _ = self.passes(Instant::now(), &mut weather, way).await;
        let _ = to.shutdown().await;
    }

    async fn passes(&self, sent: Instant, weather: &mut watch::Receiver<Weather>, way: fn(&Weather) -> Way) -> Option<()> {
        loop {
            let now = *weather.borrow_and_update();
            let through = if self.concerned(&now) { way(&now) } else { Way::Open };
            match through {
                Way::Open => return Some(()),
                Way::Slow(by) => {
                    sleep_until(sent + by).await;
                    return Some(());
                }
                Way::Uneven(by) => {
                    sleep_until(sent + by.mul_f64(self.share)).await;
                    return Some(());
                }
                Way::Held | Way::Lost => weather.changed().await.ok()?,
            }
        }
    }
}
