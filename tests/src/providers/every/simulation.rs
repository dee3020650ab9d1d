//! Simulation of calls, once for each provider. A fault strikes each request in turn, and the auditor judges the run.

use domain::ids::ConversationId;
use domain::planted::{Bug, plant};
use domain::provider::Provider;
use serde_json::json;

use super::{CUSTOMER, Door, LiveWorld, for_each_provider};
use crate::harness::aws::faults::Plan;
use crate::harness::fakes::retell::Retell;
use crate::harness::fakes::script::{Create, Script, Story, Telling};
use crate::harness::fakes::server::Reaction;
use crate::harness::fakes::telnyx::Telnyx;
use crate::harness::fakes::twilio::Twilio;
use crate::harness::fakes::vapi::Vapi;
use crate::harness::fakes::vendor::Vendor;
use crate::harness::world::auditor::{Measure, Weather};
use crate::harness::world::{Expected, World, simulate};
use crate::simulation::storm::named_seed;
use crate::simulation::{ENOUGH, FAULTS, RECOVERY, Run, SEED, weather};

/// Distance in requests between two strikes of a fault in CI, counted over all scenarios together.
pub(super) const STRIDE: usize = 23;

/// Number of random pairs of faults for each provider and channel.
pub(super) const PAIRS: usize = 3_000;

/// End reason of a call if the outcome of its attempt could not be found out.
const UNSETTLED: &str = "dispatch_unconfirmed";

/// End reason of a call that the provider does not report in time.
const LOST: &str = "provider_lost";

/// Actions of the client after it has asked for the call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Client {
    /// The client does nothing.
    Waits,
    /// The client closes the call once it is at the provider, as far as we know.
    Closes,
    /// The client closes the call as soon as it was accepted.
    ClosesAtOnce,
    /// The client asks for another call between the same numbers. Then it closes the first call, which was never
    /// placed. Later it closes the other call, once that is at the provider.
    AsksForAnother,
}

/// Scenario of one call at a provider.
struct Scenario {
    name: &'static str,
    script: Script,
    client: Client,
    /// Allowed end reasons. The call ends with the first of them. After a crash, any of them is allowed.
    reasons: &'static [&'static str],
}

/// Provider whose calls are simulated.
trait Simulated: Vendor {
    /// Number of requests of each scenario without faults. Faults can strike at each of them. A change that lowers a
    /// number must change it here.
    const POINTS: [usize; 14];
    /// End reasons of a call that only polls report.
    const POLLED: &'static [&'static str] = &["completed", UNSETTLED];
}

impl Simulated for Twilio {
    const POINTS: [usize; 14] = [32, 19, 19, 35, 34, 37, 39, 15, 40, 121, 36, 14, 51, 157];
}

impl Simulated for Retell {
    const POINTS: [usize; 14] = [27, 16, 16, 31, 28, 26, 41, 14, 34, 112, 37, 13, 55, 151];
}

impl Simulated for Telnyx {
    const POINTS: [usize; 14] = [28, 18, 18, 30, 29, 33, 36, 15, 36, 113, 32, 14, 25, 122];
    /// Telnyx shows that a call is over, but not why.
    const POLLED: &'static [&'static str] = &["provider:unspecified", UNSETTLED];
}

impl Simulated for Vapi {
    const POINTS: [usize; 14] = [28, 19, 19, 30, 29, 28, 41, 14, 35, 112, 36, 13, 56, 152];
}

fn scenarios<V: Simulated>() -> Vec<Scenario> {
    let scenario = |name, script, reasons| Scenario { name, script, client: Client::Waits, reasons };
    let completes = || Script::of(Story::Completes);
    let stays = || Script::of(Story::Stays);
    let closed = |name, script, client| Scenario { name, script, client, reasons: &["said_goodbye", UNSETTLED] };
    let too_busy = Reaction::with_header(429, "Retry-After", "3", "{}");
    vec![
        scenario("completes", completes(), &["completed", UNSETTLED]),
        scenario("busy", Script::of(Story::Unconnected(V::BUSY)), &["busy", UNSETTLED]),
        scenario("nobody answers", Script::of(Story::Unconnected(V::NO_ANSWER)), &["no_answer", UNSETTLED]),
        scenario(
            "its answer is lost",
            completes().creating(Create::MakesAnd(Reaction::Close)),
            &["completed", UNSETTLED],
        ),
        scenario(
            "told of before it is answered",
            completes().telling(Telling::BeforeTheAnswer),
            &["completed", UNSETTLED],
        ),
        scenario(
            "told of twice and in reverse",
            completes().telling(Telling::TwiceAndReversed),
            &["completed", UNSETTLED],
        ),
        scenario("never told of", completes().telling(Telling::Never), V::POLLED),
        scenario("refused", completes().creating(Create::Refuses(Reaction::text(400, "{}"))), &["rejected", UNSETTLED]),
        scenario("too busy at first", completes().creating(Create::RefusesOnce(too_busy)), &["completed", UNSETTLED]),
        scenario("fails", completes().creating(Create::Refuses(Reaction::empty(500))), &[UNSETTLED]),
        closed("closed", stays(), Client::Closes),
        closed("closed at once", stays(), Client::ClosesAtOnce),
        closed(
            "its answer is lost, never told of, and closed",
            stays().creating(Create::MakesAnd(Reaction::Silence)).telling(Telling::Never),
            Client::Closes,
        ),
        closed(
            "never placed, and another one whose answer and callbacks are lost",
            stays().creating(Create::MakesAnd(Reaction::Silence)).telling(Telling::Never),
            Client::AsksForAnother,
        ),
    ]
}

/// Plays a scenario with a plan of faults, and judges it.
fn run<V: Simulated>(scenario: &Scenario, plan: Plan, measure: Measure) -> Run {
    let faults = plan.planned();
    simulate(async {
        let live = LiveWorld::<V>::new(SEED, Script::SILENT, async || Some(Door::InProcess)).await;
        live.fake.script(CUSTOMER, scenario.script.clone());
        if scenario.client == Client::AsksForAnother {
            live.fake.fails([Create::Refuses(Reaction::empty(500))]);
        }
        let world = &live.world;
        let events = ["call.started", "call.ended", "call.analyzed"];
        live.runs(async { drop(world.creates_webhook("hooks.example.com", &events).await) }).await;
        world.aws.gate.arm(plan);
        live.runs(Box::pin(play(&live, scenario, faults))).await;
        judged(&live, measure)
    })
}

/// Judges what was played. A request that the vendor does not document is a finding too.
pub(super) fn judged<V: Vendor>(live: &LiveWorld<V>, measure: Measure) -> Run {
    let mut run = Run::of(&live.world, measure);
    run.findings.extend(live.fake.violations().into_iter().map(|what| format!("not documented: {what}")));
    run
}

async fn play<V: Vendor>(live: &LiveWorld<V>, scenario: &Scenario, faults: usize) {
    let world = &live.world;
    let more = json!({"dynamicVariables": {"name": "Ada"}});
    let Some(id) = world.creates_call_with(CUSTOMER, "the-call", more.clone()).await else { return };
    if scenario.client == Client::AsksForAnother {
        // Telnyx does not show that a call was answered. Without callbacks, a call rings until its ring time is over.
        let stays_for = if V::PROVIDER == Provider::Telnyx { 20 } else { 60 };
        asks_for_another(&live.world, id, more, scenario.reasons, (faults, stays_for)).await;
        return;
    }
    world.expects(match &scenario.script.create {
        // If the answer is lost that refuses the call, its outcome cannot be found out.
        Create::Refuses(_) | Create::RefusesOnce(_) if faults > 0 => Expected::EndsOr(id, scenario.reasons, UNSETTLED),
        // If two of the few polls fail, nothing else reports the call.
        _ if faults > 1 && scenario.script.telling == Telling::Never => Expected::EndsOr(id, scenario.reasons, LOST),
        _ => Expected::Ends(id, scenario.reasons),
    });
    if scenario.client == Client::Closes {
        world.sees(id, |call| call.provider_call_id.is_some() || call.is_ended()).await;
        world.after_seconds(20).await;
    }
    if scenario.client != Client::Waits && !world.history.call(id).is_some_and(|call| call.is_ended()) {
        world.closes(id, "said_goodbye").await;
    }
}

/// Plays two calls between one pair of numbers. Nothing of the placed call may be attributed to the other, least of all
/// its end.
async fn asks_for_another(
    world: &World,
    never_placed: ConversationId,
    more: serde_json::Value,
    reasons: &'static [&'static str],
    // Number of faults, and seconds that the placed call goes on.
    (faults, stays_for): (usize, u64),
) {
    let may_be_lost = |id| if faults > 1 { Expected::EndsOr(id, reasons, LOST) } else { Expected::Ends(id, reasons) };
    world.after_seconds(3).await;
    let Some(placed) = world.creates_call_with(CUSTOMER, "another", more).await else { return };
    world.after_seconds(17).await;
    world.closes(never_placed, "said_goodbye").await;
    world.expects(may_be_lost(never_placed));
    world.sees(placed, |call| call.provider_call_id.is_some() || call.is_ended()).await;
    world.after_seconds(stays_for).await;
    if !world.history.call(placed).is_some_and(|call| call.is_ended()) {
        world.closes(placed, "said_goodbye").await;
    }
    world.expects(may_be_lost(placed));
}

pub(super) fn note(wrong: &mut Vec<String>, run: &Run, what: impl FnOnce() -> String) {
    if !run.findings.is_empty() && wrong.len() < ENOUGH {
        let what = what();
        // Printed at once, because a complete run takes a while.
        println!("{what}: {}", run.findings.join("\n"));
        wrong.push(format!("{what}: {}", run.report()));
    }
}

fn named<V: Simulated>(scenarios: &[Scenario]) -> Vec<(&'static str, usize)> {
    scenarios.iter().map(|scenario| scenario.name).zip(V::POINTS).collect()
}

/// Plays all scenarios with each fault at every `stride`-th request of them all.
fn strikes<V: Simulated>(stride: usize) {
    let scenarios = scenarios::<V>();
    strike(&named::<V>(&scenarios), stride, |place, plan, measure| run::<V>(&scenarios[place], plan, measure));
}

/// Plays scenarios with these names and numbers of requests, with each fault at every `stride`-th request. `run` plays
/// the scenario with this index.
pub(super) fn strike(scenarios: &[(&str, usize)], stride: usize, run: impl Fn(usize, Plan, Measure) -> Run) {
    let mut wrong = Vec::new();
    for (which, fault) in FAULTS.into_iter().enumerate() {
        // Each fault begins at another request.
        let mut place = which * stride / FAULTS.len();
        for (which, (name, points)) in scenarios.iter().enumerate() {
            for point in 0..*points {
                place += 1;
                if !place.is_multiple_of(stride) {
                    continue;
                }
                let run = run(which, Plan::none().at(point, fault), Measure::of(weather(fault)));
                let met = run.not_applicable || run.operations.get(point).is_some_and(|met| met.fault.is_some());
                if !met {
                    wrong.push(format!("{name}: {fault:?} at {point} was not met"));
                }
                note(&mut wrong, &run, || format!("{name}, {fault:?} at {point}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn every_scenario_keeps_every_promise_and_makes_the_requests_that_are_written_down<V: Simulated>() {
    let scenarios = scenarios::<V>();
    undisturbed(&named::<V>(&scenarios), |place, plan, measure| run::<V>(&scenarios[place], plan, measure));
}

/// Plays scenarios with these names and numbers of requests without faults, and checks the numbers. `run` plays the
/// scenario with this index.
pub(super) fn undisturbed(scenarios: &[(&str, usize)], run: impl Fn(usize, Plan, Measure) -> Run) {
    let (mut wrong, mut points) = (Vec::new(), Vec::new());
    for (place, (name, _)) in scenarios.iter().enumerate() {
        let run = run(place, Plan::none(), Measure::of(Weather::Calm));
        points.push((*name, run.operations.len()));
        note(&mut wrong, &run, || (*name).to_owned());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert_eq!(points, scenarios);
}

fn a_fault_at_some_requests_breaks_no_promise<V: Simulated>() {
    strikes::<V>(STRIDE);
}

fn a_fault_at_any_request_breaks_no_promise<V: Simulated>() {
    strikes::<V>(1);
}

fn two_faults_break_no_promise<V: Simulated>() {
    let scenarios = scenarios::<V>();
    let run = |place: usize, plan, measure| run::<V>(&scenarios[place], plan, measure);
    strike_twice(&named::<V>(&scenarios), (SEED, PAIRS), run);
}

/// Plays some pairs of faults at one provider. The seed chooses them.
fn pairs_of_a_day<V: Simulated>() {
    let scenarios = scenarios::<V>();
    let run = |place: usize, plan, measure| run::<V>(&scenarios[place], plan, measure);
    strike_twice(&named::<V>(&scenarios), (named_seed(), PAIRS_OF_A_DAY), run);
}

/// Number of pairs of faults that are played a day.
pub(super) const PAIRS_OF_A_DAY: usize = 300;

/// Plays scenarios with these names and numbers of requests with two random faults, `times` times, by this seed.
pub(super) fn strike_twice(
    scenarios: &[(&str, usize)],
    (seed, times): (u64, usize),
    run: impl Fn(usize, Plan, Measure) -> Run,
) {
    let mut chance = fastrand::Rng::with_seed(seed);
    let mut wrong = Vec::new();
    for _ in 0..times {
        let which = chance.usize(..scenarios.len());
        let (name, points) = scenarios[which];
        let at = chance.usize(0..points);
        let first = (at, chance.choice(FAULTS).unwrap());
        let second = (chance.usize(at + 1..points + RECOVERY), chance.choice(FAULTS).unwrap());
        let plan = Plan::none().at(first.0, first.1).at(second.0, second.1);
        let run = run(which, plan, Measure::of_two(weather(first.1).max(weather(second.1))));
        note(&mut wrong, &run, || format!("{name}, {first:?} and {second:?}"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

for_each_provider! {
    every_scenario_keeps_every_promise_and_makes_the_requests_that_are_written_down,
    a_fault_at_some_requests_breaks_no_promise,
}

/// Defines the tests that take minutes: `cargo test --profile simulation -p tests -- --ignored providers::every::simulation`.
macro_rules! whole {
    ($($name:ident: $vendor:ty),* $(,)?) => {
        mod whole {
            $(mod $name {
                #[test]
                #[ignore = "takes minutes: cargo test --profile simulation -p tests -- --ignored providers::every::simulation"]
                fn a_fault_at_any_request_breaks_no_promise() {
                    super::super::a_fault_at_any_request_breaks_no_promise::<$vendor>();
                }

                #[test]
                #[ignore = "takes minutes: cargo test --profile simulation -p tests -- --ignored providers::every::simulation"]
                fn two_faults_break_no_promise() {
                    super::super::two_faults_break_no_promise::<$vendor>();
                }
            })*
        }
    };
}

#[test]
#[ignore = "a share of the pairs of faults, which the seed chooses: .ci/run names the date"]
fn todays_share_of_calls() {
    match named_seed() % 4 {
        0 => pairs_of_a_day::<Twilio>(),
        1 => pairs_of_a_day::<Retell>(),
        2 => pairs_of_a_day::<Telnyx>(),
        _ => pairs_of_a_day::<Vapi>(),
    }
}

whole! {
    twilio: crate::harness::fakes::twilio::Twilio,
    retell: crate::harness::fakes::retell::Retell,
    telnyx: crate::harness::fakes::telnyx::Telnyx,
    vapi: crate::harness::fakes::vapi::Vapi,
}

/// Proves that the test finds a planted bug.
#[test]
fn a_call_that_is_adopted_too_young_would_be_found() {
    plant(Some(Bug::AdoptYoung));
    let scenario = &scenarios::<Twilio>()[13];
    let run = run::<Twilio>(scenario, Plan::none(), Measure::of(Weather::Calm));
    plant(None);
    assert!(!run.findings.is_empty());
}

/// Proves that the test finds a planted bug.
#[test]
fn a_lost_answer_that_is_asked_for_again_would_be_found() {
    plant(Some(Bug::RetryTimeout));
    let scenario = &scenarios::<Twilio>()[3];
    let run = run::<Twilio>(scenario, Plan::none(), Measure::of(Weather::Calm));
    plant(None);
    assert!(run.findings.iter().any(|finding| finding.starts_with("promise 1")), "{:?}", run.findings);
}
