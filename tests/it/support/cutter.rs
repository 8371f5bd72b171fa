//! A TCP proxy before a database that loses answers: the request goes through, and the connection breaks before its answer is
//! back. Who asked cannot know whether it was carried out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Ends, with its connections, when it is dropped.
#[derive(Debug)]
pub struct Cutter {
    /// The database, by way of this proxy.
    pub url: String,
    counts: Arc<Counts>,
    _server: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Counts {
    seen: AtomicU32,
    cut: AtomicU32,
}

/// Which answers are lost.
#[derive(Debug, Clone, Copy)]
struct Rule {
    /// Requests that contain one of these texts, as appends contain the types of their events.
    to: &'static [&'static str],
    /// Of every so many of them, all but the last.
    all_but_each: u32,
}

impl Cutter {
    /// Loses the answers to requests with one of the texts in `to`, but not that to each `all_but_each`-th of them.
    pub async fn start(database_url: &str, to: &'static [&'static str], all_but_each: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (start, rest) = database_url.split_once('@').expect("a URL with a user");
        let (server, database) = rest.split_once('/').expect("a URL with a database");
        let url = format!("{start}@{}/{database}", listener.local_addr().expect("an address"));
        let counts = Arc::<Counts>::default();
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, server.to_owned(), Rule { to, all_but_each }, counts.clone()));
        Self { url, counts, _server: tasks }
    }

    /// How many answers were lost.
    pub fn cuts(&self) -> u32 {
        self.counts.cut.load(Ordering::Relaxed)
    }
}

async fn serve(listener: TcpListener, server: String, rule: Rule, counts: Arc<Counts>) {
    let mut connections = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.expect("accepts");
        let (server, counts) = (server.clone(), counts.clone());
        // However a connection ends, both sides see it end.
        connections.spawn(async move { drop(pass_on(client, &server, rule, &counts).await) });
        while connections.try_join_next().is_some() {}
    }
}

async fn pass_on(mut client: TcpStream, server: &str, rule: Rule, counts: &Counts) -> std::io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut there, mut back) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut doomed = false;
    loop {
        tokio::select! {
            read = client.read(&mut there) => {
                let request = &there[..read?];
                if request.is_empty() {
                    return Ok(());
                }
                doomed |= rule.loses_the_answer_to(request, counts);
                server.write_all(request).await?;
            }
            read = server.read(&mut back) => {
                let answer = &back[..read?];
                if answer.is_empty() {
                    return Ok(());
                }
                if doomed {
                    counts.cut.fetch_add(1, Ordering::Relaxed);
                    return Ok(());
                }
                client.write_all(answer).await?;
            }
        }
    }
}

impl Rule {
    fn loses_the_answer_to(self, request: &[u8], counts: &Counts) -> bool {
        let contains = |text: &&str| request.windows(text.len()).any(|window| window == text.as_bytes());
        if !self.to.iter().any(contains) {
            return false;
        }
        let number = counts.seen.fetch_add(1, Ordering::Relaxed) + 1;
        !number.is_multiple_of(self.all_but_each)
    }
}
