//! One TCP connection, from connect to close.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::settings::{TcpSettings, action_line, keepalive_line, logout_line};
use crate::connector::action::Action;
use crate::connector::context::{SessionContext, SessionFacts};
use crate::connector::lease::{TrustedLease, reached};
use crate::connector::lines::Lines;

const MAX_LINE: usize = 4096;

/// Actions on their way to the connection.
type Orders = UnboundedReceiver<Action>;

/// How a connection came to its end.
#[derive(Debug)]
pub(super) enum Ended {
    Stopped,
    Lost(String),
}

#[derive(Debug)]
pub(super) struct Connection {
    reader: Lines<OwnedReadHalf>,
    writer: Writer,
}

/// Writes lines while the lease is trusted.
///
/// Dropped without [`Writer::close`], it throws away what the other side has not taken yet: after the deadline another pod
/// may speak, and nothing of ours may arrive late.
#[derive(Debug)]
struct Writer {
    half: OwnedWriteHalf,
    lease: TrustedLease,
    /// Whether part of a line was written: nothing can follow that would be understood.
    mid_line: bool,
    closed: bool,
}

impl Connection {
    /// Connects, and logs in if the settings say so. An error is a reason for people.
    pub(super) async fn open(settings: &TcpSettings, session: &SessionContext) -> Result<Self, String> {
        let address = &settings.address;
        let within = settings.connect_timeout;
        let slow = |what: &str| format!("{address} {what} within {}", humantime::format_duration(within));
        let stream = timeout(within, TcpStream::connect(address)).await.map_err(|_| slow("did not accept the connection"))?;
        let stream = stream.map_err(|e| format!("cannot connect to {address}: {e}"))?;
        // Small lines that matter now.
        stream.set_nodelay(true).map_err(|e| format!("cannot set up the connection to {address}: {e}"))?;
        let (reader, half) = stream.into_split();
        let writer = Writer { half, lease: session.lease.clone(), mid_line: false, closed: false };
        let mut this = Self { reader: Lines::new(reader, MAX_LINE), writer };
        if let Some(line) = settings.login_line(&session.facts) {
            timeout(within, this.log_in(&line)).await.map_err(|_| slow("did not answer the login"))??;
        }
        Ok(this)
    }

    async fn log_in(&mut self, line: &str) -> Result<(), String> {
        self.writer.write(line).await.map_err(|e| lost(&e))?;
        loop {
            let answer = self.reader.next().await.map_err(|e| lost(&e))?.ok_or_else(closed)?;
            match answer.split_whitespace().next() {
                Some("OK") => return Ok(()),
                Some("REFUSED") => return Err(answer),
                _ => {}
            }
        }
    }

    /// Keeps the connection alive until it is lost or the session is to stop.
    pub(super) async fn hold(&mut self, settings: &TcpSettings, session: &SessionContext, orders: &mut Orders) -> Ended {
        let mut stop = session.stop.clone();
        let (keepalive, goodbye) = (keepalive_line(&session.facts), logout_line(&session.facts));
        let by = tokio::select! {
            biased;
            by = stop.requested() => by,
            reason = self.converse(settings.keepalive, &keepalive, &session.facts, orders) => return Ended::Lost(reason),
        };
        tokio::select! {
            biased;
            () = stop.forced() => {}
            () = reached(by) => {}
            () = self.writer.close(&goodbye) => {}
        }
        Ended::Stopped
    }

    /// Ends with the reason for which the connection was lost.
    async fn converse(&mut self, every: Duration, keepalive: &str, facts: &SessionFacts, orders: &mut Orders) -> String {
        // What was asked of the other side and not answered yet, in order. When the connection ends, it has failed.
        let mut asked: VecDeque<Action> = VecDeque::new();
        let mut due = interval(every);
        // After a pause of the process one keep-alive is enough.
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                line = self.reader.next() => match line {
                    Ok(Some(line)) if line.starts_with("REFUSED") => {
                        let _ = asked.pop_front().map(|action| action.failed(&line));
                        return line;
                    }
                    Ok(Some(line)) if line.starts_with("OK") => {
                        let _ = asked.pop_front().map(|action| action.done(None));
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => return closed(),
                    Err(error) => return lost(&error),
                },
                Some(action) = orders.recv() => match action_line(action.name.as_str(), &action.parameters, facts) {
                    Some(line) => {
                        asked.push_back(action);
                        if let Err(error) = self.writer.write(&line).await {
                            return lost(&error);
                        }
                    }
                    None => action.failed("this connector does not understand it"),
                },
                _ = due.tick() => if let Err(error) = self.writer.write(keepalive).await {
                    return lost(&error);
                },
            }
        }
    }
}

impl Writer {
    /// Writes one line, and looks at the lease immediately before each piece of it.
    async fn write(&mut self, line: &str) -> io::Result<()> {
        let mut rest = line.as_bytes();
        while !rest.is_empty() {
            self.half.writable().await?;
            if !self.lease.still_trusted() {
                return Err(io::Error::other("the lease is not trusted any more"));
            }
            match self.half.try_write(rest) {
                Ok(written) => {
                    rest = rest.get(written..).unwrap_or_default();
                    self.mid_line = !rest.is_empty();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Says goodbye and closes in order. Whoever is gone already needs neither.
    async fn close(&mut self, goodbye: &str) {
        if !self.mid_line && self.write(goodbye).await.is_ok() {
            self.closed = self.half.shutdown().await.is_ok();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.closed {
            // Refused only for sockets that are closed already.
            let _ = self.half.as_ref().set_zero_linger();
        }
    }
}

fn lost(error: &io::Error) -> String {
    format!("the connection was lost: {error}")
}

fn closed() -> String {
    "the other side closed the connection".into()
}
