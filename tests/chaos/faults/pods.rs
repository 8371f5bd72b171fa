//! What happens to pods: death, pauses, and networks that fail one way, both ways, slowly or late.

use std::time::Duration;

use fastrand::Rng;

use super::{Fault, Maker, Step, TAKEOVER, Target};
use crate::arena::{ORCHESTRATORS, PODS, Route};
use crate::network::weather::{Way, Weather};

pub(super) const ALL: &[Maker] = &[
    killed,
    killed_and_back_at_once,
    terminated,
    paused,
    paused_alone,
    hiccup,
    cut_off,
    silent_network,
    deaf,
    mute,
    one_orchestrator_lost,
    slow_network,
    slow_then_silent,
    healed_at_expiry,
    heard_by_a_newcomer,
    late_lines,
    swallowed_answers,
    duplicate_name,
    witness_out_of_reach,
    connections_reset,
];

/// Milliseconds for which nothing is done but to give the pod something to lose, so that what comes then has nothing else to blame.
const CALM: u64 = 700;

fn any(dice: &mut Rng) -> usize {
    dice.usize(..PODS)
}

fn around(dice: &mut Rng, millis: u64) -> u64 {
    dice.u64(millis * 3 / 4..=millis * 5 / 4)
}

/// The same on the ways to all orchestrators.
fn everywhere(at: u64, pod: usize, weather: Weather) -> impl Iterator<Item = (u64, Step)> {
    (0..ORCHESTRATORS).map(move |orchestrator| (at, Step::Weather(Route::PodToOrchestrator(pod, orchestrator), weather)))
}

fn on_the_way(kind: &'static str, pod: usize, weather: Weather, lasts: u64) -> Fault {
    let steps = everywhere(0, pod, weather).chain(everywhere(lasts, pod, Weather::FINE));
    Fault::new(kind, &[Target::Pod(pod)], steps.collect())
}

/// Its sessions are taken over before it is back.
fn killed(dice: &mut Rng) -> Fault {
    let pod = any(dice);
    let target = Target::Pod(pod);
    let steps = vec![(0, Step::Burden(pod)), (CALM, Step::Kill(target)), (CALM + TAKEOVER, Step::Start(target))];
    Fault::new("pod killed", &[target], steps).often_alone(dice)
}

/// Its next incarnation is there before its leases ran out.
fn killed_and_back_at_once(dice: &mut Rng) -> Fault {
    let pod = Target::Pod(any(dice));
    Fault::new("pod killed and back", &[pod], vec![(0, Step::Kill(pod)), (around(dice, 300), Step::Start(pod)), (2500, Step::Rest)])
}

fn terminated(dice: &mut Rng) -> Fault {
    let pod = any(dice);
    let target = Target::Pod(pod);
    let steps = vec![
        (0, Step::Burden(pod)),
        (CALM, Step::Terminate(target)),
        (CALM + around(dice, 800), Step::Start(target)),
        (CALM + 1800, Step::Rest),
    ];
    Fault::new("pod terminated", &[target], steps).often_alone(dice)
}

/// Beyond its leases, with its programs.
fn paused(dice: &mut Rng) -> Fault {
    let pod = Target::Pod(any(dice));
    let until = around(dice, 2800);
    Fault::new(
        "pod paused",
        &[pod],
        vec![(0, Step::Pause { target: pod, family: true }), (until, Step::Continue(pod)), (until + 500, Step::Rest)],
    )
}

/// Its programs run on, under their guards.
fn paused_alone(dice: &mut Rng) -> Fault {
    let pod = any(dice);
    let (target, until) = (Target::Pod(pod), CALM + around(dice, 2800));
    let pause = Step::Pause { target, family: false };
    let steps = vec![(0, Step::Burden(pod)), (CALM, pause), (until, Step::Continue(target)), (until + 500, Step::Rest)];
    Fault::new("pod paused without its programs", &[target], steps)
}

/// For less than any lease.
fn hiccup(dice: &mut Rng) -> Fault {
    let pod = Target::Pod(any(dice));
    let until = around(dice, 300);
    Fault::new("pod hiccup", &[pod], vec![(0, Step::Pause { target: pod, family: true }), (until, Step::Continue(pod))])
}

fn cut_off(dice: &mut Rng) -> Fault {
    let pod = any(dice);
    on_the_way("pod cut off", pod, Weather::CUT, around(dice, 2400))
}

fn silent_network(dice: &mut Rng) -> Fault {
    let way = if dice.bool() { Way::Held } else { Way::Lost };
    let pod = any(dice);
    on_the_way("pod in a silent network", pod, Weather::both(way), around(dice, 2400))
}

fn deaf(dice: &mut Rng) -> Fault {
    let pod = any(dice);
    on_the_way("pod hears nothing", pod, Weather { back: Way::Held, ..Weather::FINE }, around(dice, 2400))
}

fn mute(dice: &mut Rng) -> Fault {
    let pod = any(dice);
    on_the_way("pod is not heard", pod, Weather { there: Way::Held, ..Weather::FINE }, around(dice, 2400))
}

fn one_orchestrator_lost(dice: &mut Rng) -> Fault {
    let (pod, orchestrator) = (any(dice), dice.usize(..ORCHESTRATORS));
    let route = Route::PodToOrchestrator(pod, orchestrator);
    let weather = if dice.bool() { Weather::CUT } else { Weather::both(Way::Held) };
    let until = around(dice, 1500);
    Fault::new(
        "pod loses one orchestrator",
        &[Target::Pod(pod)],
        vec![(0, Step::Weather(route, weather)), (until, Step::Weather(route, Weather::FINE))],
    )
}

fn slow_network(dice: &mut Rng) -> Fault {
    let pod = any(dice);
    let millis = Duration::from_millis(around(dice, 150));
    let slow = if dice.bool() { Way::Slow(millis) } else { Way::Uneven(millis * 2) };
    on_the_way("pod in a slow network", pod, Weather::both(slow), around(dice, 2000))
}

/// Its last answered heartbeat was answered late, and none is heard after it: its deadline counts from the request. Twice, since a
/// moment in which its answers are too late even for it shows nothing.
fn slow_then_silent(dice: &mut Rng) -> Fault {
    let pod = any(dice);
    let mut steps = Vec::new();
    let mut at = 0;
    for _ in 0..2 {
        // A heartbeat is given up after 0.3 to 0.6 s, as the shortest lease that the pod holds has it. Most hold one of a second.
        let slow = Way::Slow(Duration::from_millis([dice.u64(220..285), dice.u64(220..285), dice.u64(350..560)][dice.usize(..3)]));
        let (answers_late, unheard) = (Weather { back: slow, ..Weather::FINE }, Weather { there: Way::Held, back: slow, ..Weather::FINE });
        let late = at + CALM;
        let silent = late + around(dice, 500);
        steps.push((at, Step::Burden(pod)));
        steps.extend(everywhere(late, pod, answers_late));
        steps.extend(everywhere(silent, pod, unheard));
        at = silent + 1250;
        steps.extend(everywhere(at, pod, Weather::FINE));
    }
    steps.push((at + 250, Step::Rest));
    Fault::new("pod answered late and then not heard", &[Target::Pod(pod)], steps)
}

/// Around the end of one of the leases of a pod that fell silent, which was heard last up to a heartbeat interval before.
fn as_leases_expire(dice: &mut Rng) -> u64 {
    [1000, 1500, 2000][dice.usize(..3)] - 300 + dice.u64(..450)
}

/// Heard in the moment in which its leases run out, by an orchestrator that has just started and expires nobody yet, while one of the
/// two sees the log late: mostly the newcomer, which may answer on what it saw before the expiry.
fn heard_by_a_newcomer(dice: &mut Rng) -> Fault {
    let (pod, newcomer) = (any(dice), dice.usize(..ORCHESTRATORS));
    let other = (newcomer + 1) % ORCHESTRATORS;
    let heal = as_leases_expire(dice);
    // It could not start in time if it were slow all the while.
    let (newcomer_target, (late, slows_at)) =
        (Target::Orchestrator(newcomer), if dice.u8(..4) == 0 { (other, 0) } else { (newcomer, heal - 250) });
    let slow = Weather::both(Way::Slow(Duration::from_millis(80)));
    let mut steps: Vec<_> = everywhere(0, pod, Weather::CUT).collect();
    steps.push((slows_at, Step::Weather(Route::ToDatabase(late), slow)));
    steps.push((100, Step::Kill(newcomer_target)));
    steps.push((300, Step::Start(newcomer_target)));
    steps.push((heal, Step::Weather(Route::PodToOrchestrator(pod, newcomer), Weather::FINE)));
    steps.push((heal + 1500, Step::Weather(Route::ToDatabase(late), Weather::FINE)));
    steps.extend(everywhere(heal + 1500, pod, Weather::FINE));
    steps.push((heal + 2000, Step::Rest));
    Fault::new(
        "pod heard by a new orchestrator as its leases expire",
        &[Target::Pod(pod), newcomer_target, Target::Orchestrator(other)],
        steps,
    )
}

/// Back in the moment in which its leases run out, to an orchestrator that sees the log late.
fn healed_at_expiry(dice: &mut Rng) -> Fault {
    let (pod, late) = (any(dice), dice.usize(..ORCHESTRATORS));
    let heal = as_leases_expire(dice);
    let slow = Weather::both(Way::Slow(Duration::from_millis(around(dice, 90))));
    let mut steps: Vec<_> = everywhere(0, pod, Weather::both(Way::Held)).collect();
    steps.push((heal.saturating_sub(900), Step::Weather(Route::ToDatabase(late), slow)));
    steps.push((heal, Step::Weather(Route::PodToOrchestrator(pod, late), Weather::FINE)));
    steps.push((heal + 1500, Step::Weather(Route::ToDatabase(late), Weather::FINE)));
    steps.extend(everywhere(heal + 1500, pod, Weather::FINE));
    Fault::new("pod heard again as its leases expire", &[Target::Pod(pod), Target::Orchestrator(late)], steps)
}

/// What it wrote to the downstream arrives when others have its sessions.
fn late_lines(dice: &mut Rng) -> Fault {
    let pod = any(dice);
    let target = Target::Pod(pod);
    let held = Weather { there: Way::Held, ..Weather::FINE };
    Fault::new(
        "pod killed, its last lines arrive late",
        &[target],
        vec![
            (0, Step::Burden(pod)),
            (CALM - 300, Step::Weather(Route::PodToWitness(pod), held)),
            (CALM, Step::Kill(target)),
            (CALM + TAKEOVER, Step::Weather(Route::PodToWitness(pod), Weather::FINE)),
            (CALM + TAKEOVER, Step::Start(target)),
        ],
    )
    .often_alone(dice)
}

fn swallowed_answers(dice: &mut Rng) -> Fault {
    let pod = any(dice);
    let count = dice.u32(1..4);
    let swallow = (0..ORCHESTRATORS).map(|orchestrator| (0, Step::Swallow(Route::PodToOrchestrator(pod, orchestrator), count)));
    let end = (0..ORCHESTRATORS).map(|orchestrator| (1500, Step::Swallow(Route::PodToOrchestrator(pod, orchestrator), 0)));
    Fault::new("answers to a pod swallowed", &[Target::Pod(pod)], swallow.chain(end).collect())
}

fn duplicate_name(dice: &mut Rng) -> Fault {
    let pod = any(dice);
    Fault::new(
        "two pods of one name",
        &[Target::Pod(pod)],
        vec![(0, Step::Burden(pod)), (CALM, Step::Twin(pod)), (CALM + TAKEOVER + 500, Step::EndTwin(pod))],
    )
    .often_alone(dice)
}

fn connections_reset(dice: &mut Rng) -> Fault {
    let pod = any(dice);
    let mut steps = vec![(dice.u64(..500), Step::Reset(Route::PodToWitness(pod)))];
    steps.extend((0..ORCHESTRATORS).map(|orchestrator| (dice.u64(..500), Step::Reset(Route::PodToOrchestrator(pod, orchestrator)))));
    steps.push((1000, Step::Rest));
    Fault::new("connections of a pod reset", &[Target::Pod(pod)], steps)
}

fn witness_out_of_reach(dice: &mut Rng) -> Fault {
    let pod = any(dice);
    let route = Route::PodToWitness(pod);
    let weather = if dice.bool() { Weather::CUT } else { Weather::both(Way::Lost) };
    let until = around(dice, 800);
    Fault::new(
        "downstream out of reach",
        &[Target::Pod(pod)],
        vec![(0, Step::Weather(route, weather)), (until, Step::Weather(route, Weather::FINE))],
    )
}
