//! Many adapters and many changes: the page stays responsive, keeps up, and does not grow.
//!
//! A small crowd in every run. The full size: `CONNCENTRIC_PORTAL_ADAPTERS=5000 CONNCENTRIC_PORTAL_SECONDS=30`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::time::MissedTickBehavior;

use crate::support::api::{Api, ScriptedPod};
use crate::support::browser::Browser;
use crate::support::wait::{eventually, holds};

/// Status changes a second.
const RATE: usize = 200;

/// A script that runs for longer blocks whoever types or scrolls. Milliseconds. The small crowd runs beside all other tests, which take
/// the processor away, so it only looks for what is far too long.
fn longest_task(adapters: usize) -> f64 {
    if adapters < 5_000 { 1_000.0 } else { 200.0 }
}

/// What the page may grow by from the first third of the time to the end, in bytes, once garbage is collected.
const GROWTH: f64 = 12e6;

const PODS: usize = 4;
const PAUSE: Duration = Duration::from_millis(500);

fn setting(name: &str, otherwise: usize) -> usize {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
}

/// Pods that are only HTTP requests, with what they hold and which of it is in error.
struct Crowd<'a> {
    pods: Vec<(ScriptedPod<'a>, Vec<Held>)>,
    beats: i64,
    /// Whose turn it is to change, at each pod.
    next: [usize; PODS],
}

struct Held {
    session: String,
    token: String,
    /// Why it is in error, if it is.
    ill: Option<String>,
}

impl<'a> Crowd<'a> {
    async fn gather(api: &'a Api, adapters: usize) -> Self {
        let pods: Vec<ScriptedPod<'a>> = (1..=PODS).map(|number| api.pod(&format!("pod-{number}"))).collect();
        for pod in &pods {
            pod.register(10_000).await.expect(200);
        }
        let declare = |number: usize| async move {
            let more = json!({ "lease_ttl": "5m", "settings": { "command": ["sleep", "1000"] } });
            api.declare(&format!("venue-{number:04}"), more).await;
        };
        stream::iter(0..adapters).for_each_concurrent(32, declare).await;
        let mut held: BTreeMap<String, Vec<Held>> = BTreeMap::new();
        let sessions = api.get("/v1/sessions").send().await.expect(200).json();
        for session in sessions["sessions"].as_array().expect("sessions") {
            let text = |value: &Value| value.as_str().expect("it is owned").to_owned();
            let held = held.entry(text(&session["owner"]["pod"])).or_default();
            held.push(Held { session: text(&session["session"]), token: text(&session["token"]), ill: None });
        }
        let with_leases = |pod: ScriptedPod<'a>| {
            let held = held.remove(&pod.name).unwrap_or_default();
            (pod, held)
        };
        let mut crowd = Self { pods: pods.into_iter().map(with_leases).collect(), beats: 0, next: [0; PODS] };
        crowd.beat(0).await;
        crowd
    }

    /// A heartbeat of each pod, in which so many sessions altogether have fallen ill or recovered.
    async fn beat(&mut self, changes: usize) {
        self.beats += 1;
        let (beats, each) = (self.beats, changes / PODS);
        for (next, (_, held)) in self.next.iter_mut().zip(&mut self.pods) {
            let count = held.len();
            for index in 0..each.min(count) {
                let one = &mut held[(*next + index) % count];
                // The reason stays the same until it recovers: one that differed each time would be a change each time.
                one.ill = if one.ill.is_none() { Some(format!("refused in heartbeat {beats}")) } else { None };
            }
            *next += each;
        }
        let heartbeats = self.pods.iter().map(|(pod, held)| {
            let report = |one: &Held| {
                let status = if one.ill.is_some() { "ERROR" } else { "ACTIVE" };
                json!({ "session": one.session, "token": one.token, "status": status, "reason": one.ill, "trusted": true })
            };
            let leases: Vec<Value> = held.iter().map(report).collect();
            pod.post("/v1/heartbeats", json!({ "sequence": beats, "leases": leases })).send()
        });
        for answer in futures_util::future::join_all(heartbeats).await {
            // Where the machine is too busy, the next heartbeat says the same again.
            assert!(matches!(answer.status, 200 | 429 | 503), "{}", answer.text);
        }
    }

    fn ill(&self) -> usize {
        self.pods.iter().flat_map(|(_, held)| held).filter(|one| one.ill.is_some()).count()
    }
}

/// Notes every task that blocked the page for longer than 50 ms, from now on.
const WATCH: &str = "
    window.longTasks = [];
    window.ours = [];
    new PerformanceObserver(list => window.longTasks.push(...list.getEntries())).observe({ type: 'longtask' });
    window.longFrames = [];
    new PerformanceObserver(list => window.longFrames.push(...list.getEntries())).observe({ type: 'long-animation-frame' });";

/// What the longest of them was spent on, for whoever has to find out.
const SPENT: &str = "
    const part = script => Math.round(script.duration) + ' ms ' + script.invoker + ' ' + script.sourceFunctionName;
    const told = frame => Math.round(frame.duration) + ' ms, of which style and layout '
        + Math.round(frame.startTime + frame.duration - frame.styleAndLayoutStart) + ' ms: ' + frame.scripts.map(part).join(', ');
    return window.longFrames.sort((a, b) => b.duration - a.duration).slice(0, 8).map(told);";

/// How long each was, without those in which this test itself collected garbage.
const LONG_TASKS: &str = "
    const mine = task => window.ours.some(([from, to]) => task.startTime < to && from < task.startTime + task.duration);
    return window.longTasks.filter(task => !mine(task)).map(task => task.duration);";

/// Bytes in use once garbage is collected.
async fn memory(browser: &Browser) -> f64 {
    let script = "
        const from = performance.now();
        window.gc();
        window.ours.push([from, performance.now()]);
        return performance.memory.usedJSHeapSize;";
    browser.run(script, vec![]).await.as_f64().expect("a number")
}

/// As somebody looks around: to the end and back, and by a word.
async fn look_around(browser: &Browser, turn: usize) {
    let scroll = "document.querySelector('.grid')?.scrollTo(0, arguments[0] % 2 ? 1e9 : 0)";
    browser.run(scroll, vec![turn.into()]).await;
    match turn % 4 {
        0 => browser.type_into("Search", "venue-00").await,
        2 => browser.type_into("Search", "venue").await,
        _ => {}
    }
}

#[tokio::test]
async fn thousands_of_adapters_and_hundreds_of_changes_leave_the_page_responsive_and_right() {
    let adapters = setting("CONNCENTRIC_PORTAL_ADAPTERS", 400);
    let lasting = Duration::from_secs(setting("CONNCENTRIC_PORTAL_SECONDS", 6).try_into().expect("seconds"));
    let api = Api::start("portal_smooth", 1).await;
    let mut crowd = Crowd::gather(&api, adapters).await;
    let base = api.urls[0].parse().expect("a URL");
    let browser = Browser::open(&base, api.folder.path(), (1400, 900)).await;
    browser.go("/adapters").await;
    browser.sign_in(&api.tokens.admin).await;
    browser.until_said(".page-head", &adapters.to_string()).await;
    browser.run(WATCH, vec![]).await;

    let begun = Instant::now();
    let flap = async {
        let mut tick = tokio::time::interval(PAUSE);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut changes = 0_u32;
        let mut last = begun;
        while begun.elapsed() < lasting {
            tick.tick().await;
            // As many as there would have been by now, however long the last heartbeats took.
            let due = RATE * usize::try_from(last.elapsed().as_millis()).expect("small") / 1000;
            last = Instant::now();
            crowd.beat(due).await;
            changes += u32::try_from(due).expect("small");
        }
        changes
    };
    let watch = async {
        let mut early = None;
        let mut turn = 0;
        let mut tick = tokio::time::interval(Duration::from_millis(700));
        while begun.elapsed() < lasting {
            tick.tick().await;
            look_around(&browser, turn).await;
            turn += 1;
            if early.is_none() && begun.elapsed() > lasting / 3 {
                early = Some(memory(&browser).await);
            }
        }
        early.expect("a third of the time has passed")
    };
    let (changes, early) = tokio::join!(flap, watch);
    let rate = f64::from(changes) / begun.elapsed().as_secs_f64();

    let tasks: Vec<f64> = serde_json::from_value(browser.run(LONG_TASKS, vec![]).await).expect("durations");
    let longest = tasks.iter().copied().fold(0.0, f64::max);
    let grown = memory(&browser).await - early;
    println!(
        "{adapters} adapters, {rate:.0} changes a second for {lasting:?}: {} long tasks, the longest {longest:.0} ms; grown by {grown:.0} bytes",
        tasks.len()
    );

    for frame in browser.run(SPENT, vec![]).await.as_array().into_iter().flatten() {
        println!("{frame}");
    }

    // It is right in the end: whoever is ill is shown so, without a reload.
    browser.choose("Status", "ERROR").await;
    browser.type_into("Search", "venue").await;
    eventually(Duration::from_secs(30), async || {
        crowd.beat(0).await;
        let said = browser.texts(".page-head p").await;
        holds(said == [format!("{} of {adapters}", crowd.ill())], format!("{said:?}, and {} are ill", crowd.ill()))
    })
    .await;
    assert!(longest < longest_task(adapters), "a task blocked the page for {longest} ms");
    assert!(grown < GROWTH, "the page grew by {grown} bytes");
    browser.close().await;
}
