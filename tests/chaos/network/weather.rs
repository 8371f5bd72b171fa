//! What a link does to what is sent over it, at the moment.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::watch;

/// One direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Open,
    /// Everything arrives, this much later.
    Slow(Duration),
    /// As late as that, but each connection by a share of its own: what is sent over one overtakes what is sent over another.
    Uneven(Duration),
    /// Held back; it arrives, in order, when the way is free again.
    Held,
    /// Held back for good: the connection is reset when the way is free again, as a stack does that gave up.
    Lost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weather {
    /// From clients to the server.
    pub there: Way,
    /// From the server to clients.
    pub back: Way,
    /// Old connections are reset, new ones refused.
    pub cut: bool,
    /// Only connections that listen for notifications are concerned.
    pub listeners_only: bool,
}

impl Weather {
    pub const FINE: Self = Self { there: Way::Open, back: Way::Open, cut: false, listeners_only: false };
    pub const CUT: Self = Self { cut: true, ..Self::FINE };

    pub const fn both(way: Way) -> Self {
        Self { there: way, back: way, ..Self::FINE }
    }
}

/// The conditions of a link. Clones are the same link.
#[derive(Debug, Clone)]
pub struct Conditions {
    server: Arc<watch::Sender<SocketAddr>>,
    weather: Arc<watch::Sender<Weather>>,
    resets: Arc<watch::Sender<u32>>,
    swallow: Arc<AtomicU32>,
}

impl Conditions {
    /// Fine, and leads to that server.
    pub fn new(server: SocketAddr) -> Self {
        let (server, weather) = (Arc::new(watch::Sender::new(server)), Arc::new(watch::Sender::new(Weather::FINE)));
        Self { server, weather, resets: Arc::default(), swallow: Arc::default() }
    }

    pub fn server(&self) -> SocketAddr {
        *self.server.borrow()
    }

    /// New connections go to another server from now on, as behind a service address; old ones are reset.
    pub fn lead_to(&self, server: SocketAddr) {
        self.server.send_replace(server);
        self.reset();
    }

    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    pub fn weather(&self) -> Weather {
        *self.weather.borrow()
    }

    /// Ends every connection that there is.
    pub fn reset(&self) {
        self.resets.send_modify(|count| *count += 1);
    }

    /// Loses the answers to that many requests, which are carried out.
    pub fn swallow(&self, answers: u32) {
        self.swallow.store(answers, Ordering::Relaxed);
    }

    /// Whether this request is one whose answer is lost.
    pub(super) fn takes_the_answer(&self) -> bool {
        self.swallow.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    pub(super) fn watch(&self) -> watch::Receiver<Weather> {
        self.weather.subscribe()
    }

    pub(super) fn watch_resets(&self) -> watch::Receiver<u32> {
        self.resets.subscribe()
    }
}
