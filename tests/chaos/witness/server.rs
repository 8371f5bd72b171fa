//! Connections to the witness. One thread judges and writes, in groups: what waits is synced together.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};

use conncentric::time::since_boot;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::book::Book;
use super::line::{Line, parse};
use super::port_in;
use super::record::{Entry, Record};

struct Case {
    connection: u64,
    line: Line,
    verdict: oneshot::Sender<Option<String>>,
}

pub(super) async fn serve(folder: &Path, record: Record, book: Book) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let (cases, waiting) = channel();
    std::thread::spawn(move || judge(record, book, &waiting));
    let port = listener.local_addr().expect("an address").to_string();
    std::fs::write(port_in(folder).with_extension("new"), port).expect("written");
    std::fs::rename(port_in(folder).with_extension("new"), port_in(folder)).expect("renamed");
    let mut connections = JoinSet::new();
    let mut number = 0;
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        number += 1;
        connections.spawn(converse(stream, number, cases.clone()));
        while connections.try_join_next().is_some() {}
    }
}

/// Judges in order, makes all that waits durable at once, and answers.
fn judge(mut record: Record, mut book: Book, waiting: &Receiver<Case>) {
    while let Ok(first) = waiting.recv() {
        let cases: Vec<Case> = std::iter::once(first).chain(waiting.try_iter()).collect();
        let at_ns = u64::try_from(since_boot().as_nanos()).expect("centuries");
        let judged = cases.iter().map(|case| Entry {
            at_ns,
            connection: case.connection,
            line: case.line.clone(),
            refused: book.judge(&case.line).err(),
        });
        let entries: Vec<Entry> = judged.collect();
        record.keep(&entries);
        for (case, entry) in cases.into_iter().zip(entries) {
            let _ = case.verdict.send(entry.refused);
        }
    }
}

async fn converse(stream: TcpStream, connection: u64, cases: Sender<Case>) {
    let _ = stream.set_nodelay(true);
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    while let Ok(Some(text)) = lines.next_line().await {
        let Some(line) = parse(&text) else { return };
        let login = line.verb == "LOGIN";
        let (verdict, judged) = oneshot::channel();
        if cases.send(Case { connection, line, verdict }).is_err() {
            return;
        }
        let answer = match judged.await {
            Ok(None) if login => "OK\n".to_owned(),
            Ok(None) => continue,
            Ok(Some(reason)) => format!("REFUSED {reason}\n"),
            Err(_) => return,
        };
        if writer.write_all(answer.as_bytes()).await.is_err() || answer.starts_with("REFUSED") {
            return;
        }
    }
}
