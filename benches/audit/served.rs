//! The past as people ask for it: an orchestrator on a copy of the log, and commands and requests with `--at`, from start to exit.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use conncentric::client::{Call, Client};
use reqwest::Method;
use serde_json::{Value, json};
use tokio_postgres::Config;

const PROGRAM: &str = env!("CARGO_BIN_EXE_conncentric");

/// How often each is measured; the middle one counts.
const TIMES: usize = 21;

/// An orchestrator. It goes on with the log that it serves: leases expire. So it never serves the log that is measured otherwise.
struct Served {
    process: Child,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Measures on a copy of the database, which is removed afterwards.
pub async fn measure(url: &str) -> anyhow::Result<Value> {
    let config: Config = url.parse()?;
    let database = config.get_dbname().context("the URL names no database")?;
    let copy = format!("{database}_served");
    let (before, after) = url.rsplit_once(database).context("the URL names no database")?;
    let (server, copied) = (format!("{before}template1{after}"), format!("{before}{copy}{after}"));
    let owner = super::connect(&server).await?;
    owner.batch_execute(&format!("drop database if exists {copy}")).await?;
    owner.batch_execute(&format!("create database {copy} template {database}")).await?;
    let measured = on(&copied).await;
    owner.batch_execute(&format!("drop database {copy} with (force)")).await?;
    measured
}

async fn on(database_url: &str) -> anyhow::Result<Value> {
    let client = super::connect(database_url).await?;
    let row = client.query_one("select position / 2 from event_head", &[]).await?;
    let position: i64 = row.try_get(0)?;
    let time: chrono::DateTime<chrono::Utc> =
        client.query_one("select max(recorded_at) from event where not pulse and position <= $1", &[&position]).await?.try_get(0)?;
    let token = output(&["token", "create", "--role", "viewer", "--name", "bench", "--database-url", database_url])?;
    let token = token.lines().find(|line| !line.trim().is_empty()).context("a token")?.trim().to_owned();
    let address = format!("127.0.0.1:{}", TcpListener::bind("127.0.0.1:0")?.local_addr()?.port());
    let _served = serve(database_url, &address)?;
    let server = format!("http://{address}");
    let (at_position, at_time) = (position.to_string(), time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true));
    let get = |at: &str| {
        let arguments = ["get", "sessions", "--at", at, "-o", "json", "--server", &server, "--token", &token].map(str::to_owned);
        move || output(&arguments).map(|text| assert!(text.len() > 10_000, "{text}"))
    };
    let http = Client::new(&[server.parse()?], Some(&token))?;
    let request = async |at: &str| {
        let path = format!("/v1/ownership?at={at}");
        let call =
            Call::<()> { method: Method::GET, path: &path, body: None, headers: &[], timeout: Duration::from_secs(30), repeatable: true };
        let mut took = Vec::new();
        for _ in 0..TIMES {
            let start = Instant::now();
            let answer = http.call_for_text(&call).await?;
            ensure!(answer.body.len() > 10_000, "{}", answer.body);
            took.push(start.elapsed());
        }
        anyhow::Ok(middle(took))
    };
    Ok(json!({
        "get_sessions_at_position_ms": repeat(get(&at_position))?,
        "get_sessions_at_time_ms": repeat(get(&at_time))?,
        "get_sessions_help_ms": repeat(|| output(&["get", "sessions", "--help"]).map(drop))?,
        "ownership_at_position_ms": request(&at_position).await?,
        "ownership_at_time_ms": request(&at_time).await?,
    }))
}

fn serve(database_url: &str, address: &str) -> anyhow::Result<Served> {
    let mut command = Command::new(PROGRAM);
    command.args(["orchestrator", "--migrations", "none", "--listen", address, "--database-url", database_url]);
    let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let log = process.stderr.take().context("a log")?;
    let served = Served { process };
    let mut lines = BufReader::new(log).lines();
    for line in &mut lines {
        if line?.contains("following the log") {
            // Somebody must go on reading, or the orchestrator waits for room in the pipe.
            std::thread::spawn(move || lines.count());
            return Ok(served);
        }
    }
    anyhow::bail!("the orchestrator ended before it followed the log")
}

fn output(arguments: &[impl AsRef<std::ffi::OsStr>]) -> anyhow::Result<String> {
    let output = Command::new(PROGRAM).args(arguments).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

fn repeat(work: impl Fn() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let mut took = Vec::new();
    for _ in 0..TIMES {
        let start = Instant::now();
        work()?;
        took.push(start.elapsed());
    }
    Ok(middle(took))
}

/// The middle one, in milliseconds.
fn middle(mut took: Vec<Duration>) -> f64 {
    took.sort_unstable();
    took.get(took.len() / 2).map_or(0.0, |middle| (middle.as_secs_f64() * 10_000.0).round() / 10.0)
}
