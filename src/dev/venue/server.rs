//! Connections: accepted, read line by line, answered, closed. All bounded in number, length and time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::book::ClientId;
use super::desk::{Answer, Desk};
use super::line::LONGEST;

const MOST_CONNECTIONS: usize = 4096;

/// How long a connection may take until its first line, and an answer until it is taken.
const PATIENCE: Duration = Duration::from_secs(10);

/// A client that drops its connection and logs in again at once may overtake the news of its own end by this much.
const OVERTAKING: Duration = Duration::from_millis(250);

pub(super) async fn serve(listener: TcpListener, desk: Desk, shutdown: CancellationToken) -> anyhow::Result<()> {
    let desk = Arc::new(desk);
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        // Without room nothing is accepted, and the kernel's queue makes newcomers wait.
        let permit = tokio::select! {
            permit = Arc::clone(&room).acquire_owned() => permit?,
            () = shutdown.cancelled() => return Ok(()),
        };
        let (stream, address) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(connection) => connection,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            () = shutdown.cancelled() => return Ok(()),
        };
        while connections.try_join_next().is_some() {}
        let desk = Arc::clone(&desk);
        connections.spawn(async move {
            converse(&desk, stream, address).await;
            drop(permit);
        });
    }
}

async fn converse(desk: &Desk, stream: TcpStream, address: SocketAddr) {
    let id = desk.opened(address);
    if let Err(error) = lines(desk, id, stream).await {
        tracing::debug!(%address, %error, "a connection ended badly");
    }
    desk.closed(id);
}

async fn lines(desk: &Desk, id: ClientId, mut stream: TcpStream) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.split();
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    let mut patience = Some(PATIENCE);
    loop {
        line.clear();
        let limit = u64::try_from(LONGEST)? + 1;
        let mut bounded = (&mut reader).take(limit);
        let read = bounded.read_until(b'\n', &mut line);
        // Logged-in clients may be silent for as long as they like: silence is what paused pods are recognised by.
        let read = match patience.take() {
            Some(patience) => tokio::time::timeout(patience, read).await??,
            None => read.await?,
        };
        if read == 0 {
            return Ok(());
        }
        let answer = if line.len() > LONGEST {
            desk.refuse(id, "a line has at most 4096 bytes")?
        } else {
            judge(desk, id, String::from_utf8_lossy(&line).trim_end()).await?
        };
        match answer {
            Answer::GoOn => {}
            Answer::Say(text) => tokio::time::timeout(PATIENCE, writer.write_all(text.as_bytes())).await??,
            Answer::Refuse(reason) => {
                tokio::time::timeout(PATIENCE, writer.write_all(format!("REFUSED {reason}\n").as_bytes())).await??;
                return Ok(());
            }
            Answer::Close | Answer::WaitFor(_) => return Ok(()),
        }
    }
}

/// Two clients of one token are only called so once the first had the time to be seen gone.
async fn judge(desk: &Desk, id: ClientId, text: &str) -> anyhow::Result<Answer> {
    let answer = desk.hear(id, text, false)?;
    let Answer::WaitFor(end) = answer else { return Ok(answer) };
    // Either way the line is judged again, and then for good.
    let _ = tokio::time::timeout(OVERTAKING, end.cancelled()).await;
    desk.hear(id, text, true)
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use serde_json::Value;

    use super::super::book::Book;
    use super::super::journal::Journal;
    use super::*;

    /// A venue on a port of its own, ended with the test.
    struct Venue {
        address: SocketAddr,
        journal: PathBuf,
        _tasks: JoinSet<anyhow::Result<()>>,
    }

    impl Venue {
        async fn open(folder: &Path) -> Self {
            let journal = folder.join("venue.jsonl");
            let mut book = Book::default();
            let file = Journal::open(&journal, &mut book).expect("opens");
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address");
            let mut tasks = JoinSet::new();
            tasks.spawn(serve(listener, Desk::new(book, file), CancellationToken::new()));
            Self { address, journal, _tasks: tasks }
        }

        async fn connect(&self) -> Client {
            Client(BufReader::new(TcpStream::connect(self.address).await.expect("connects")))
        }

        fn journal(&self) -> Vec<Value> {
            let text = std::fs::read_to_string(&self.journal).expect("read");
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
        }
    }

    struct Client(BufReader<TcpStream>);

    impl Client {
        async fn send(&mut self, line: &str) {
            self.0.get_mut().write_all(format!("{line}\n").as_bytes()).await.expect("sent");
        }

        /// The next line; empty when the venue has closed the connection.
        async fn hear(&mut self) -> String {
            let mut line = String::new();
            let read = tokio::time::timeout(Duration::from_secs(20), self.0.read_line(&mut line)).await.expect("in time");
            read.map(|_| line.trim_end().to_owned()).unwrap_or_default()
        }

        async fn ask(&mut self, line: &str) -> String {
            self.send(line).await;
            self.hear().await
        }
    }

    #[tokio::test]
    async fn a_paused_client_is_refused_and_cut_off_after_a_takeover() {
        let folder = tempfile::tempdir().expect("created");
        let venue = Venue::open(folder.path()).await;
        let (mut old, mut new) = (venue.connect().await, venue.connect().await);
        assert_eq!(old.ask("LOGIN session=venue-a/0 token=5 pod=pod-1").await, "OK");
        assert_eq!(new.ask("LOGIN session=venue-a/0 token=7 pod=pod-2").await, "OK");
        let refusal = old.ask("KEEPALIVE session=venue-a/0 token=5 pod=pod-1").await;
        assert!(refusal.starts_with("REFUSED token 5 is smaller than 7"), "{refusal}");
        assert_eq!(old.hear().await, "", "closed");
        // Answered by nothing but the fact that the connection stays usable.
        new.send("KEEPALIVE session=venue-a/0 token=7 pod=pod-2").await;
        assert_eq!(new.ask("LOGIN session=venue-a/0 token=7 pod=pod-2").await, "OK");

        let journal = venue.journal();
        let told = |entry: &Value| (entry["kind"].clone(), entry["line"].clone(), entry["token"].clone(), entry["accepted"].clone());
        assert_eq!(
            journal.iter().map(told).collect::<Vec<_>>(),
            [
                ("line", "LOGIN", "5", true),
                ("line", "LOGIN", "7", true),
                ("superseded", "LOGIN", "7", true),
                ("line", "KEEPALIVE", "5", false),
                ("line", "KEEPALIVE", "7", true),
                ("line", "LOGIN", "7", true),
            ]
            .map(|(kind, line, token, accepted)| (kind.into(), line.into(), token.into(), accepted.into()))
        );
        assert!(journal.is_sorted_by_key(|entry| entry["monotonic_ns"].as_u64()));
    }

    #[tokio::test]
    async fn two_clients_of_one_token_are_shouted_about() {
        let folder = tempfile::tempdir().expect("created");
        let venue = Venue::open(folder.path()).await;
        let (mut first, mut second) = (venue.connect().await, venue.connect().await);
        assert_eq!(first.ask("LOGIN session=venue-a/0 token=5 pod=pod-1").await, "OK");
        let refusal = second.ask("LOGIN session=venue-a/0 token=5 pod=pod-2").await;
        assert!(refusal.starts_with("REFUSED pod-2 logs in with token 5 while pod-1 at 127.0.0.1:"), "{refusal}");
        assert_eq!(venue.journal().last().expect("an entry")["kind"], "conflict");
    }

    #[tokio::test]
    async fn a_client_that_comes_back_at_once_is_no_second_client() {
        let folder = tempfile::tempdir().expect("created");
        let venue = Venue::open(folder.path()).await;
        for _ in 0..50 {
            let mut client = venue.connect().await;
            assert_eq!(client.ask("LOGIN session=venue-a/0 token=5 pod=pod-1").await, "OK");
        }
        assert!(venue.journal().iter().all(|entry| entry["kind"] == "line"));
    }

    #[tokio::test]
    async fn tokens_outlive_the_venue() {
        let folder = tempfile::tempdir().expect("created");
        let venue = Venue::open(folder.path()).await;
        let mut client = venue.connect().await;
        assert_eq!(client.ask("LOGIN session=venue-a/0 token=9 pod=pod-1").await, "OK");
        client.send("LOGOUT session=venue-a/0 token=9").await;
        assert_eq!(client.hear().await, "", "closed after the logout");
        drop(venue);
        let venue = Venue::open(folder.path()).await;
        assert!(venue.connect().await.ask("LOGIN session=venue-a/0 token=8 pod=pod-2").await.starts_with("REFUSED"));
        assert_eq!(venue.connect().await.ask("LOGIN session=venue-a/0 token=9 pod=pod-2").await, "OK");
    }

    #[tokio::test]
    async fn lines_without_sense_or_end_are_refused() {
        let folder = tempfile::tempdir().expect("created");
        let venue = Venue::open(folder.path()).await;
        assert!(venue.connect().await.ask("GET / HTTP/1.1").await.starts_with("REFUSED a line begins with"));
        assert!(venue.connect().await.ask("KEEPALIVE session=x token=1 pod=p").await.starts_with("REFUSED log in first"));
        let mut endless = venue.connect().await;
        endless.0.get_mut().write_all(&[b'x'; LONGEST + 1]).await.expect("sent");
        assert_eq!(endless.hear().await, "REFUSED a line has at most 4096 bytes");
        assert!(venue.journal().iter().all(|entry| entry["accepted"] == false));
    }
}
