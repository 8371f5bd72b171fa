//! What happens to orchestrators, one or all of them.

use std::time::Duration;

use fastrand::Rng;

use super::{Fault, Maker, Step, Target};
use crate::arena::{LONGEST, ORCHESTRATORS, PODS, Route};
use crate::network::weather::{Way, Weather};

pub(super) const ALL: &[Maker] = &[
    killed,
    paused,
    rolling_restart,
    all_killed_at_once,
    away_for_long,
    cut_from_the_database,
    slow_to_the_database,
    answers_of_the_database_lost,
    half_open_listener,
    nothing_but_polls,
    answers_to_clients_lost,
    connections_reset,
];

const EVERY: [Target; ORCHESTRATORS] = [Target::Orchestrator(0), Target::Orchestrator(1)];

fn any(dice: &mut Rng) -> usize {
    dice.usize(..ORCHESTRATORS)
}

fn killed(dice: &mut Rng) -> Fault {
    let orchestrator = Target::Orchestrator(any(dice));
    let back = dice.u64(200..2500);
    Fault::new(
        "orchestrator killed",
        &[orchestrator],
        vec![(0, Step::Kill(orchestrator)), (back, Step::Start(orchestrator)), (back + 500, Step::Rest)],
    )
}

/// Its connections stay, and what it was about to do it does late.
fn paused(dice: &mut Rng) -> Fault {
    let target = Target::Orchestrator(any(dice));
    let until = dice.u64(400..4000);
    Fault::new(
        "orchestrator paused",
        &[target],
        vec![(0, Step::Pause { target, family: false }), (until, Step::Continue(target)), (until + 500, Step::Rest)],
    )
}

fn rolling_restart(_: &mut Rng) -> Fault {
    let [first, second] = EVERY;
    Fault::new(
        "orchestrators restarted one by one",
        &EVERY,
        vec![
            (0, Step::Terminate(first)),
            (300, Step::Start(first)),
            (1300, Step::Terminate(second)),
            (1600, Step::Start(second)),
            (2400, Step::Rest),
        ],
    )
}

fn all_killed_at_once(dice: &mut Rng) -> Fault {
    let back = dice.u64(50..1000);
    let kill = EVERY.map(|target| (0, Step::Kill(target)));
    let start = EVERY.map(|target| (back, Step::Start(target)));
    Fault::new("all orchestrators killed", &EVERY, kill.into_iter().chain(start).chain([(back + 1500, Step::Rest)]).collect())
}

/// For three times the longest lease: sessions stop, and nothing moves.
fn away_for_long(_: &mut Rng) -> Fault {
    let back = u64::try_from(LONGEST.as_millis()).expect("small") * 3;
    let kill = EVERY.map(|target| (0, Step::Kill(target)));
    let start = EVERY.map(|target| (back, Step::Start(target)));
    Fault::new("all orchestrators away for 3 leases", &EVERY, kill.into_iter().chain(start).chain([(back + 2500, Step::Rest)]).collect())
}

fn on_the_way(kind: &'static str, orchestrator: usize, weather: Weather, lasts: u64) -> Fault {
    let route = Route::ToDatabase(orchestrator);
    Fault::new(
        kind,
        &[Target::Orchestrator(orchestrator)],
        vec![(0, Step::Weather(route, weather)), (lasts, Step::Weather(route, Weather::FINE)), (lasts + 400, Step::Rest)],
    )
}

fn cut_from_the_database(dice: &mut Rng) -> Fault {
    let orchestrator = any(dice);
    let weathers = [Weather::CUT, Weather::both(Way::Held), Weather::both(Way::Lost), Weather { back: Way::Held, ..Weather::FINE }];
    let weather = weathers[dice.usize(..weathers.len())];
    on_the_way("orchestrator cut off from the database", orchestrator, weather, dice.u64(300..3500))
}

/// Half of the time its connections are reset in the end, and appends that are on their way are never carried out.
fn slow_to_the_database(dice: &mut Rng) -> Fault {
    let orchestrator = any(dice);
    let slow = Weather::both(Way::Slow(Duration::from_millis(dice.u64(20..200))));
    let lasts = dice.u64(1000..3000);
    let mut fault = on_the_way("orchestrator slow to the database", orchestrator, slow, lasts);
    if dice.bool() {
        fault.steps.insert(1, (Duration::from_millis(lasts), Step::Reset(Route::ToDatabase(orchestrator))));
    }
    fault
}

/// The append is committed, and who asked for it cannot know.
fn answers_of_the_database_lost(dice: &mut Rng) -> Fault {
    let orchestrator = any(dice);
    let route = Route::ToDatabase(orchestrator);
    Fault::new(
        "answers of the database swallowed",
        &[Target::Orchestrator(orchestrator)],
        vec![(0, Step::Swallow(route, dice.u32(1..4))), (1200, Step::Swallow(route, 0))],
    )
}

fn connections_reset(dice: &mut Rng) -> Fault {
    let orchestrator = any(dice);
    let routes = [Route::ToDatabase(orchestrator), Route::ClientsTo(orchestrator)];
    let steps = routes.map(|route| (dice.u64(..500), Step::Reset(route))).into_iter().chain([(1000, Step::Rest)]);
    Fault::new("connections of an orchestrator reset", &[Target::Orchestrator(orchestrator)], steps.collect())
}

fn half_open_listener(dice: &mut Rng) -> Fault {
    let orchestrator = any(dice);
    let weather = Weather { listeners_only: true, ..Weather::both(Way::Lost) };
    on_the_way("notifications lost", orchestrator, weather, dice.u64(1500..4500))
}

/// One orchestrator hears nothing from anybody, and its notifications are lost: all that it has is its own looks at the log. The
/// other has plenty to do meanwhile.
fn nothing_but_polls(dice: &mut Rng) -> Fault {
    let (left_alone, killed) = (any(dice), Target::Pod(dice.usize(..PODS)));
    let lost = Weather { listeners_only: true, ..Weather::both(Way::Lost) };
    let pods =
        |at: u64, weather: Weather| (0..PODS).map(move |pod| (at, Step::Weather(Route::PodToOrchestrator(pod, left_alone), weather)));
    // Whatever was wrong before is over when it begins.
    let (begins, ends) = (700, 5300);
    let mut steps = vec![(0, Step::Rest), (begins, Step::LeaveAlone(Some(left_alone)))];
    steps.extend([(begins, Step::Weather(Route::ToDatabase(left_alone), lost)), (begins + 300, Step::Kill(killed))]);
    steps.extend(pods(begins, Weather::CUT));
    steps.extend(pods(ends, Weather::FINE));
    steps.push((ends, Step::Weather(Route::ToDatabase(left_alone), Weather::FINE)));
    steps.extend([(ends, Step::Start(killed)), (ends, Step::LeaveAlone(None)), (ends + 600, Step::Rest)]);
    let everybody = (0..PODS).map(Target::Pod).chain(EVERY);
    Fault::new("notifications lost, and nobody asks", &everybody.collect::<Vec<_>>(), steps)
}

fn answers_to_clients_lost(dice: &mut Rng) -> Fault {
    let route = Route::ClientsTo(any(dice));
    Fault::new("answers to clients swallowed", &[], vec![(0, Step::Swallow(route, dice.u32(1..5))), (1000, Step::Swallow(route, 0))])
}
