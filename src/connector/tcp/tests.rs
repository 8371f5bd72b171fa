//! Against a real listener.

use crate::connector::journal::Journal;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::*;
use crate::connector::context::{Report, SessionFacts, SessionHandle, Term};
use crate::connector::secrets::Secrets;
use crate::domain::token::FencingToken;
use crate::time::since_boot;

const SOON: Duration = Duration::from_secs(10);

struct Running {
    handle: SessionHandle,
    tasks: JoinSet<Result<(), ConnectorError>>,
}

fn start(address: &str, login: impl Into<serde_json::Value>, term: Term) -> Running {
    let settings = serde_json::json!({"address": address, "login": login.into(), "keepalive": "20ms"});
    let facts = SessionFacts {
        session: "venue-a/0".parse().expect("valid"),
        pod: "pod-1".parse().expect("valid"),
        token: FencingToken::from_i64(42).expect("valid"),
        settings: settings.as_object().expect("an object").clone(),
        secrets: Secrets::default(),
        folder: std::env::temp_dir(),
        journal: Journal::default(),
    };
    let (context, handle) = SessionContext::new(facts, term);
    let mut tasks = JoinSet::new();
    tasks.spawn(Tcp::new().expect("valid").run(context));
    Running { handle, tasks }
}

impl Running {
    async fn until(&mut self, wanted: impl Fn(&Report) -> bool) -> Report {
        timeout(SOON, async {
            loop {
                if let Some(report) = self.handle.reported().await.filter(&wanted) {
                    return report;
                }
            }
        })
        .await
        .expect("is reported soon")
    }

    async fn ended(&mut self) -> Result<(), ConnectorError> {
        timeout(SOON, self.tasks.join_next()).await.expect("ends soon").expect("runs").expect("does not panic")
    }
}

async fn accept(listener: &TcpListener) -> BufReader<TcpStream> {
    BufReader::new(timeout(SOON, listener.accept()).await.expect("connects soon").expect("accepts").0)
}

async fn line(peer: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    timeout(SOON, peer.read_line(&mut line)).await.expect("says something soon").expect("reads");
    line
}

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("has an address").to_string();
    (listener, address)
}

#[tokio::test]
async fn logs_in_keeps_alive_and_logs_out() {
    let (listener, address) = listener().await;
    let mut running = start(&address, true, Term::FOR_EVER);
    let mut peer = accept(&listener).await;
    assert_eq!(line(&mut peer).await, "LOGIN session=venue-a/0 token=42 pod=pod-1\n");
    assert_eq!(running.handle.report(), None, "not ACTIVE before the answer");
    peer.write_all(b"WELCOME\nOK\n").await.expect("writes");
    running.until(Report::is_active).await;
    assert_eq!(line(&mut peer).await, "KEEPALIVE session=venue-a/0 token=42 pod=pod-1\n");
    running.handle.stop_in_order(since_boot() + SOON);
    assert_eq!(running.ended().await, Ok(()));
    let mut rest = String::new();
    peer.read_to_string(&mut rest).await.expect("closes in order");
    assert!(rest.ends_with("LOGOUT session=venue-a/0 token=42 pod=pod-1\n"), "{rest:?}");
}

#[tokio::test]
async fn a_refusal_and_a_loss_are_errors_and_it_connects_again() {
    let (listener, address) = listener().await;
    let mut running = start(&address, "HELLO {pod} {token}", Term::FOR_EVER);
    let mut peer = accept(&listener).await;
    assert_eq!(line(&mut peer).await, "HELLO pod-1 42\n");
    peer.write_all(b"REFUSED token 42 is too small\n").await.expect("writes");
    let report = running.until(|report| !report.is_active()).await;
    assert_eq!(report, Report::because(crate::domain::status::OperationalStatus::Error, "REFUSED token 42 is too small"));
    let mut peer = accept(&listener).await;
    line(&mut peer).await;
    peer.write_all(b"OK\n").await.expect("writes");
    running.until(Report::is_active).await;
    drop(peer);
    running.until(|report| !report.is_active()).await;
    let _peer = accept(&listener).await;
}

#[tokio::test]
async fn nothing_is_written_once_the_lease_is_not_trusted() {
    let (listener, address) = listener().await;
    let mut running = start(&address, false, Term::FOR_EVER);
    let mut peer = accept(&listener).await;
    running.until(Report::is_active).await;
    assert!(line(&mut peer).await.starts_with("KEEPALIVE"));
    // As a pod that was paused finds it: no stop was asked for, but the deadline is over.
    running.handle.extend(Term { until: since_boot(), lead: Duration::ZERO });
    let report = running.until(|report| !report.is_active()).await;
    assert!(report.reason.is_some_and(|reason| reason.contains("not trusted")));
    // The connection is reset, and what may be made anew says nothing.
    let mut rest = Vec::new();
    let _ = timeout(SOON, peer.read_to_end(&mut rest)).await.expect("is closed");
    let mut next = accept(&listener).await;
    let mut rest = Vec::new();
    let _ = timeout(SOON, next.read_to_end(&mut rest)).await.expect("is closed");
    assert!(rest.is_empty(), "{rest:?}");
}

#[tokio::test]
async fn force_closes_at_once() {
    let (listener, address) = listener().await;
    let mut running = start(&address, false, Term::FOR_EVER);
    let mut peer = accept(&listener).await;
    running.until(Report::is_active).await;
    running.handle.force();
    assert_eq!(running.ended().await, Ok(()));
    let mut rest = String::new();
    let _ = timeout(SOON, peer.read_to_string(&mut rest)).await.expect("is closed");
    assert!(!rest.contains("LOGOUT"));
}
