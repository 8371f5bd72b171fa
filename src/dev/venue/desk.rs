//! Where book and journal meet: a line is judged, written down and only then answered, one line at a time.

use std::collections::HashMap;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use super::book::{Book, ClientId, Verdict};
use super::journal::{Entry, Journal, Kind};
use super::line::{Line, Verb, parse};

/// What to do with a connection after one of its lines.
#[derive(Debug)]
pub(super) enum Answer {
    /// Nothing to say; go on.
    GoOn,
    /// Write this line and go on.
    Say(&'static str),
    /// Write the refusal and close.
    Refuse(String),
    /// Close without a word.
    Close,
    /// Another connection holds the session with the same token. If it is merely about to end, wait for that and ask again.
    WaitFor(CancellationToken),
}

#[derive(Debug)]
struct Client {
    address: SocketAddr,
    pod: Option<String>,
    closed: CancellationToken,
}

#[derive(Debug)]
struct Inner {
    book: Book,
    journal: Journal,
    clients: HashMap<ClientId, Client>,
    next: ClientId,
}

/// Shared by all connections. Its lock is held for one small write at a time, never across an await.
#[derive(Debug)]
pub(super) struct Desk {
    inner: Mutex<Inner>,
}

impl Desk {
    pub(super) fn new(book: Book, journal: Journal) -> Self {
        Self { inner: Mutex::new(Inner { book, journal, clients: HashMap::new(), next: 1 }) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn opened(&self, address: SocketAddr) -> ClientId {
        let mut inner = self.lock();
        let id = inner.next;
        inner.next += 1;
        inner.clients.insert(id, Client { address, pod: None, closed: CancellationToken::new() });
        id
    }

    pub(super) fn closed(&self, id: ClientId) {
        let mut inner = self.lock();
        inner.book.closed(id);
        if let Some(client) = inner.clients.remove(&id) {
            client.closed.cancel();
        }
    }

    /// Judges a line. With `insist`, a second client of one token is a conflict and not put off any more.
    pub(super) fn hear(&self, id: ClientId, text: &str, insist: bool) -> anyhow::Result<Answer> {
        self.lock().hear(id, text, insist)
    }

    /// Notes a line that could not even be read, for instance because it was too long.
    pub(super) fn refuse(&self, id: ClientId, reason: &str) -> anyhow::Result<Answer> {
        self.lock().refuse(id, None, reason.to_owned())
    }
}

impl Inner {
    fn hear(&mut self, id: ClientId, text: &str, insist: bool) -> anyhow::Result<Answer> {
        let line = match parse(text) {
            Ok(line) => line,
            Err(reason) => return self.refuse(id, None, reason),
        };
        match self.book.judge(id, &line) {
            Verdict::Refused(reason) => self.refuse(id, Some(&line), reason),
            Verdict::Accepted { superseded } => self.accept(id, &line, superseded),
            Verdict::Conflict { with } => match self.clients.get(&with) {
                Some(other) if !insist => Ok(Answer::WaitFor(other.closed.clone())),
                _ => self.shout(id, &line, with),
            },
        }
    }

    fn accept(&mut self, id: ClientId, line: &Line, superseded: Option<ClientId>) -> anyhow::Result<Answer> {
        if let Some(client) = self.clients.get_mut(&id) {
            client.pod.clone_from(&line.pod);
        }
        self.note(Kind::Line, id, Some(line), true, None)?;
        if let Some(old) = superseded {
            let reason = format!("{} was still connected; it is refused from now on", self.who(old));
            self.note(Kind::Superseded, id, Some(line), true, Some(&reason))?;
        }
        Ok(match line.verb {
            Verb::Login | Verb::Reset | Verb::Sequence => Answer::Say("OK\n"),
            Verb::KeepAlive => Answer::GoOn,
            Verb::Logout => Answer::Close,
        })
    }

    fn refuse(&mut self, id: ClientId, line: Option<&Line>, reason: String) -> anyhow::Result<Answer> {
        self.note(Kind::Line, id, line, false, Some(&reason))?;
        Ok(Answer::Refuse(reason))
    }

    fn shout(&mut self, id: ClientId, line: &Line, with: ClientId) -> anyhow::Result<Answer> {
        let pod = line.pod.as_deref().unwrap_or("a client");
        let reason = format!("{pod} logs in with token {} while {} is logged in with the same", line.token, self.who(with));
        let shout = format!("!!! TWO CLIENTS ACTIVE for {}: {reason}\n", line.session);
        // A venue without a terminal still has its journal.
        let _ = std::io::stderr().write_all(shout.as_bytes());
        self.note(Kind::Conflict, id, Some(line), false, Some(&reason))?;
        Ok(Answer::Refuse(reason))
    }

    fn who(&self, id: ClientId) -> String {
        let client = self.clients.get(&id);
        let pod = client.and_then(|client| client.pod.as_deref()).unwrap_or("a client");
        client.map_or_else(|| pod.to_owned(), |client| format!("{pod} at {}", client.address))
    }

    fn note(&mut self, kind: Kind, id: ClientId, line: Option<&Line>, accepted: bool, reason: Option<&str>) -> anyhow::Result<()> {
        let client = self.clients.get(&id);
        let written = self.journal.write(&Entry {
            session: line.map(|line| line.session.as_str()),
            token: line.map(|line| line.token),
            // A logout need not name its pod, but its login did.
            pod: line.and_then(|line| line.pod.as_deref()).or_else(|| client?.pod.as_deref()),
            client: client.map(|client| client.address),
            line: line.map(|line| line.verb),
            next: line.and_then(|line| line.next),
            accepted,
            reason,
            ..Entry::of(kind)
        });
        // The client is not answered then, which ends its connection; the reason belongs here.
        written.inspect_err(|error| tracing::error!("{error:#}"))
    }
}
