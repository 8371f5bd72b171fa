//! Questions to logs of ten thousand to ten million ledger events, and the start of an orchestrator behind the longest of them.
//!
//! The logs are those of `make bench-audit`: decided on by the real decide function, chained, and written by COPY.

use std::time::Instant;

use anyhow::{Context, ensure};
use reqwest::Method;
use serde_json::json;

use super::Bench;
use super::big_log::{self, REALISTIC};
use super::drive::percentile;
use super::people::ask;
use super::pod::Pod;
use super::processor::megabytes;
use super::report::Side;
use super::world::{Database, Orchestrator, World, document};

const SIZES: [u32; 4] = [10_000, 100_000, 1_000_000, 10_000_000];

/// Sessions that the longest log ends with besides its own, their adapters, and the pods that own them.
const PODS: u32 = 99;
const ADAPTERS_OF_A_POD: usize = 100;
const SESSIONS: usize = 10;

/// How often each question is asked; the middle one counts.
const TIMES: usize = 21;

pub(crate) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let most = bench.plan.scaled(10_000_000);
    for events in SIZES.into_iter().filter(|events| *events <= most) {
        let database = format!("ledger_{events}");
        let url = bench.machine.create(&database).await?;
        write(bench, &url, events).await?;
        let world = World::on(url, 1).await?;
        questions(bench, &world, events).await?;
        if SIZES.into_iter().all(|larger| larger <= events || larger > most) {
            starts(bench, world, events).await?;
        } else {
            drop(world);
        }
        bench.machine.forget(&database).await?;
    }
    Ok(())
}

/// A log of so many events in a new database.
async fn write(bench: &mut Bench, url: &str, events: u32) -> anyhow::Result<()> {
    conncentric::log::migrate(url).await?;
    let owner = Database::open(url).await?;
    let began = Instant::now();
    let written = big_log::write(&owner.client, REALISTIC, u64::from(events)).await?;
    eprintln!("         {} events and {} pulses, up to position {}", written.events, written.pulses, written.position);
    bench.report.add(format!("{events} events: written after [s]"), Side::Ours, began.elapsed().as_secs_f64());
    let began = Instant::now();
    big_log::project(&owner.client).await?;
    bench.report.add(format!("{events} events: projections built after [s]"), Side::Ours, began.elapsed().as_secs_f64());
    owner.client.batch_execute("vacuum analyze").await?;
    let size = "select pg_database_size(current_database())::float8 / 1e6";
    bench.report.add(
        format!("{events} events: size of the database [MB]"),
        Side::Ours,
        owner.client.query_one(size, &[]).await?.try_get(0)?,
    );
    Ok(())
}

/// Each as the Portal or an auditor asks it, in the middle of the log where it is about the past.
async fn questions(bench: &mut Bench, world: &World, events: u32) -> anyhow::Result<()> {
    let middle = "select position, to_char(recorded_at at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') from event
                  where not pulse and position >= (select position / 2 from event_head) order by position limit 1";
    let row = world.database.client.query_one(middle, &[]).await?;
    let (position, time): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
    let questions = [
        ("the newest 100 events", "/v1/events?limit=100&order=desc&pulses=false".to_owned()),
        ("100 events from a time on", format!("/v1/events?limit=100&pulses=false&from={time}")),
        ("100 expiries up to a position", format!("/v1/events?limit=100&order=desc&pulses=false&type=LeaseExpired&before={position}")),
        ("100 events of a session", "/v1/events?limit=100&order=desc&pulses=false&session=adapter-100/0".to_owned()),
        ("all owners at a position", format!("/v1/ownership?at={position}")),
        ("all sessions at a time", format!("/v1/sessions?at={time}")),
        ("the owners of a session", "/v1/sessions/adapter-100/0/history".to_owned()),
        ("200 lines of an adapter's log", "/v1/adapters/adapter-100/log?limit=200".to_owned()),
    ];
    for (what, path) in questions {
        // Once unmeasured, so that what comes first does not pay for the disk and for connections.
        match world.look(&path).await {
            Ok(length) => ensure!(length > 200, "{path} has next to nothing to say"),
            // Whatever else there is to be measured of a log that took so long to write is still measured.
            Err(error) => {
                eprintln!("         no answer with {events} events: {error:#}");
                continue;
            }
        }
        let took = ask(world, &path, TIMES).await?;
        bench.report.add_point(&format!("{what} [ms]"), (events, "events"), percentile(&took, 0.5));
    }
    Ok(())
}

/// Starts of an orchestrator behind this log, with sessions that are owned by living pods.
async fn starts(bench: &mut Bench, mut world: World, events: u32) -> anyhow::Result<()> {
    // The pods of the log are dead. What they had need not be looked for a place for whenever something changes.
    world.call(Method::POST, "/v1/adapters/disable", &json!({ "all": true, "reason": "its pods are dead" })).await?;
    let address = world.address(0)?;
    for number in 0..bench.plan.scaled(PODS).max(1) {
        let pod = format!("crowd-{number}");
        let adapters = (0..ADAPTERS_OF_A_POD).map(|adapter| document(&format!("{pod}-{adapter}"), SESSIONS, "1h", ("of", &pod)));
        world.declare(adapters).await?;
        let room = ADAPTERS_OF_A_POD * SESSIONS;
        // While those of the log are being given up, its sessions may come by another append than its registration.
        Pod::register(address, &world.pod_token, &pod, u32::try_from(room)?, &[("of", &pod)]).await?.until_leased(room).await?;
    }
    world.orchestrators.clear();
    let count = "select (select count(*) from projection.session), (select count(*) from event where not pulse)";
    let row = world.database.client.query_one(count, &[]).await?;
    let (sessions, all): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    ensure!(all >= i64::from(events), "the log has {all} events only");
    let row = format!("start of an orchestrator with {sessions} sessions and {events} ledger events");
    for _ in 0..bench.plan.turns {
        let began = Instant::now();
        let orchestrator = Orchestrator::start(&world.database_url, "starts")?;
        bench.report.add(format!("{row} [ms]"), Side::Ours, began.elapsed().as_secs_f64() * 1000.0);
        let pid = orchestrator.pid().context("an orchestrator")?;
        bench.report.add(format!("{row}, memory then [MB]"), Side::Ours, megabytes(pid));
    }
    Ok(())
}
