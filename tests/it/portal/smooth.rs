//! Many adapters and many changes: the page stays responsive, keeps up, and does not grow.
//!
//! A small crowd in every run. `make portal-long` has the full size, for ten minutes.

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

/// How many adapters, and for how long.
#[derive(Debug, Clone, Copy)]
struct Size {
    adapters: usize,
    lasting: Duration,
    /// A script that runs for longer blocks whoever types or scrolls. Milliseconds.
    longest_task: f64,
}

/// Beside all other tests, which take the processor away. So it only looks for what is far too long.
const SMALL: Size = Size { adapters: 400, lasting: Duration::from_secs(6), longest_task: 1_000.0 };

const FULL: Size = Size { adapters: 5_000, lasting: Duration::from_mins(10), longest_task: 200.0 };

/// In this time from the start no script may run for longer.
const TRACE: Duration = Duration::from_secs(30);

/// What the page may grow by from the first third of the time to the last, in bytes, once garbage is collected.
const GROWTH: f64 = 12e6;

const PODS: usize = 4;
const PAUSE: Duration = Duration::from_millis(500);

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
    window.watchedFrom = performance.now();
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

/// When each began and how long it was, in milliseconds, without those in which this test itself collected garbage.
const LONG_TASKS: &str = "
    const mine = task => window.ours.some(([from, to]) => task.startTime < to && from < task.startTime + task.duration);
    return window.longTasks.filter(task => !mine(task)).map(task => [task.startTime - window.watchedFrom, task.duration]);";

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

/// What came of it.
struct Seen {
    /// Changes a second.
    rate: f64,
    /// When each long task began, and how long it was, in milliseconds.
    tasks: Vec<(f64, f64)>,
    /// Bytes in use, from the first third of the time on.
    memory: Vec<f64>,
}

impl Seen {
    /// The longest task that began within this time.
    fn longest(&self, within: Duration) -> f64 {
        let early = self.tasks.iter().filter(|(begun, _)| *begun < within.as_secs_f64() * 1e3);
        early.map(|(_, duration)| *duration).fold(0.0, f64::max)
    }

    /// From the first samples to the last: a single one may have caught the page in the middle of something.
    fn grown(&self) -> f64 {
        let some = (self.memory.len() / 3).clamp(1, 3);
        let least = |samples: &[f64]| samples.iter().copied().fold(f64::INFINITY, f64::min);
        least(&self.memory[self.memory.len() - some..]) - least(&self.memory[..some])
    }
}

impl Crowd<'_> {
    /// As many changes as there ought to be, until the time is over. Gives how many there were.
    async fn flap(&mut self, begun: Instant, lasting: Duration) -> u32 {
        let mut tick = tokio::time::interval(PAUSE);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut changes, mut last) = (0_u32, begun);
        while begun.elapsed() < lasting {
            tick.tick().await;
            // As many as there would have been by now, however long the last heartbeats took.
            let due = RATE * usize::try_from(last.elapsed().as_millis()).expect("small") / 1000;
            last = Instant::now();
            self.beat(due).await;
            changes += u32::try_from(due).expect("small");
        }
        changes
    }
}

/// Somebody at the page, until the time is over. Gives the memory in use after the first third, and every half minute from there.
async fn watch(browser: &Browser, begun: Instant, lasting: Duration) -> Vec<f64> {
    let (mut samples, mut turn, mut due) = (Vec::new(), 0, lasting / 3);
    let mut tick = tokio::time::interval(Duration::from_millis(700));
    while begun.elapsed() < lasting {
        tick.tick().await;
        look_around(browser, turn).await;
        turn += 1;
        if begun.elapsed() > due {
            samples.push(memory(browser).await);
            due += Duration::from_secs(30);
        }
    }
    samples.push(memory(browser).await);
    samples
}

async fn drive(name: &str, size: Size) {
    let Size { adapters, lasting, longest_task } = size;
    let api = Api::start(name, 1).await;
    let mut crowd = Crowd::gather(&api, adapters).await;
    let base = api.urls[0].parse().expect("a URL");
    let browser = Browser::open(&base, api.folder.path(), (1400, 900)).await;
    browser.go("/adapters").await;
    browser.sign_in(&api.tokens.admin).await;
    browser.until_said(".page-head", &adapters.to_string()).await;
    browser.run(WATCH, vec![]).await;

    let begun = Instant::now();
    let (changes, memory) = tokio::join!(crowd.flap(begun, lasting), watch(&browser, begun, lasting));
    let rate = f64::from(changes) / begun.elapsed().as_secs_f64();
    let tasks = serde_json::from_value(browser.run(LONG_TASKS, vec![]).await).expect("tasks");
    let seen = Seen { rate, tasks, memory };
    tell(size, &seen);
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
    assert!(seen.longest(TRACE) < longest_task, "a task blocked the page for {} ms", seen.longest(TRACE));
    assert!(seen.grown() < GROWTH, "the page grew by {} bytes", seen.grown());
    browser.close().await;
}

fn tell(size: Size, seen: &Seen) {
    let megabytes: Vec<String> = seen.memory.iter().map(|bytes| format!("{:.1}", bytes / 1e6)).collect();
    println!("{} adapters, {:.0} changes a second for {:?}", size.adapters, seen.rate, size.lasting);
    println!(
        "{} tasks of more than 50 ms; the longest {:.0} ms in the first {TRACE:?}, {:.0} ms in all",
        seen.tasks.len(),
        seen.longest(TRACE),
        seen.longest(size.lasting)
    );
    println!("memory in use from the first third on, every 30 s, in MB: {}", megabytes.join(" "));
}

#[tokio::test]
async fn hundreds_of_adapters_and_of_changes_leave_the_page_responsive_and_right() {
    drive("portal_smooth", SMALL).await;
}

#[tokio::test]
#[ignore = "ten minutes, and a machine that does nothing else; run by `make portal-long`"]
async fn thousands_of_adapters_for_ten_minutes_leave_the_page_responsive_and_right() {
    drive("portal_long", FULL).await;
}
