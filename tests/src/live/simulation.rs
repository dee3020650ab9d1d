//! The simulation once per provider: what becomes of a call, with a fault at each request in turn, judged by the auditor.

use domain::ids::ConversationId;
use domain::organization::Provider;
use domain::planted::{Bug, plant};
use serde_json::json;

use super::{CUSTOMER, Door, LiveWorld, for_each_provider};
use crate::fakes::retell::Retell;
use crate::fakes::script::{Create, Script, Story, Telling};
use crate::fakes::server::Reaction;
use crate::fakes::telnyx::Telnyx;
use crate::fakes::twilio::Twilio;
use crate::fakes::vapi::Vapi;
use crate::fakes::vendor::Vendor;
use crate::sim::faults::Plan;
use crate::simulation::storm::named_seed;
use crate::simulation::{ENOUGH, FAULTS, RECOVERY, Run, SEED, weather};
use crate::world::auditor::{Measure, Weather};
use crate::world::{Expected, World, simulate};

/// In CI, each fault strikes at every so-manieth request of all scenarios together.
pub(super) const STRIDE: usize = 23;

/// The pairs of faults for each provider and channel, by chance.
pub(super) const PAIRS: usize = 3_000;

/// What an attempt ends as whose outcome nobody could find out.
const UNSETTLED: &str = "dispatch_unconfirmed";

/// What a call ends as that the provider does not tell of in time.
const LOST: &str = "provider_lost";

/// What the client does about the call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Client {
    /// Nothing.
    Waits,
    /// Closes it once it is there at the provider, for what we know.
    Closes,
    /// Closes it as soon as it was accepted.
    ClosesAtOnce,
    /// Asks for another one between the same numbers, and closes this one, which was never placed; and then the other, once that
    /// is there at the provider.
    AsksForAnother,
}

/// A call at a provider.
struct Scenario {
    name: &'static str,
    script: Script,
    client: Client,
    /// What it ends as. After a crash, any of them will do.
    reasons: &'static [&'static str],
}

/// A provider whose calls are simulated.
trait Simulated: Vendor {
    /// The requests that each scenario makes while nothing goes wrong: so many points there are at which something can. A
    /// change that makes them fewer has to say so here.
    const POINTS: [usize; 14];
    /// What a call ends as that nothing but polls tell of.
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
    /// Telnyx shows that a call is over, and not why.
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

/// Plays a scenario, with what goes wrong, and judges it.
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

/// What came of what was played. What the vendor does not document is a finding, too.
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
        // Telnyx does not show that a call was answered: what is never told of rings until its ring time is over.
        let stays_for = if V::PROVIDER == Provider::Telnyx { 20 } else { 60 };
        asks_for_another(&live.world, id, more, scenario.reasons, (faults, stays_for)).await;
        return;
    }
    world.expects(match &scenario.script.create {
        // Where the answer is lost that says that there is no call, nobody can find out.
        Create::Refuses(_) | Create::RefusesOnce(_) if faults > 0 => Expected::EndsOr(id, scenario.reasons, UNSETTLED),
        // Two polls of a few may come to nothing, and nobody else tells of the call.
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

/// Two calls between one pair of numbers: nothing of the one that was placed is the other one's, least of all its end.
async fn asks_for_another(
    world: &World,
    never_placed: ConversationId,
    more: serde_json::Value,
    reasons: &'static [&'static str],
    // How much goes wrong, and for how many seconds the other one goes on.
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
        // The whole takes a while: whoever watches it need not wait for its end.
        println!("{what}: {}", run.findings.join("\n"));
        wrong.push(format!("{what}: {}", run.report()));
    }
}

fn named<V: Simulated>(scenarios: &[Scenario]) -> Vec<(&'static str, usize)> {
    scenarios.iter().map(|scenario| scenario.name).zip(V::POINTS).collect()
}

/// Plays the scenarios with each fault at every so-manieth request of all of them.
fn strikes<V: Simulated>(stride: usize) {
    let scenarios = scenarios::<V>();
    strike(&named::<V>(&scenarios), stride, |place, plan, measure| run::<V>(&scenarios[place], plan, measure));
}

/// The same for scenarios with these names and numbers of requests, each played by its place.
pub(super) fn strike(scenarios: &[(&str, usize)], stride: usize, run: impl Fn(usize, Plan, Measure) -> Run) {
    let mut wrong = Vec::new();
    for (which, fault) in FAULTS.into_iter().enumerate() {
        // Each fault begins elsewhere.
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

/// Plays scenarios with these names and numbers of requests while nothing goes wrong, each by its place.
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

/// Some of the pairs of faults at one provider, which the seed chooses.
fn pairs_of_a_day<V: Simulated>() {
    let scenarios = scenarios::<V>();
    let run = |place: usize, plan, measure| run::<V>(&scenarios[place], plan, measure);
    strike_twice(&named::<V>(&scenarios), (named_seed(), PAIRS_OF_A_DAY), run);
}

/// So many pairs of faults are played a day.
pub(super) const PAIRS_OF_A_DAY: usize = 300;

/// Plays scenarios with these names and numbers of requests with two faults, by chance: so many times, by this seed.
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

/// What takes minutes: `cargo test --profile simulation -p tests -- --ignored live::simulation`.
macro_rules! whole {
    ($($name:ident: $vendor:ty),* $(,)?) => {
        mod whole {
            $(mod $name {
                #[test]
                #[ignore = "takes minutes: cargo test --profile simulation -p tests -- --ignored live::simulation"]
                fn a_fault_at_any_request_breaks_no_promise() {
                    super::super::a_fault_at_any_request_breaks_no_promise::<$vendor>();
                }

                #[test]
                #[ignore = "takes minutes: cargo test --profile simulation -p tests -- --ignored live::simulation"]
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
    twilio: crate::fakes::twilio::Twilio,
    retell: crate::fakes::retell::Retell,
    telnyx: crate::fakes::telnyx::Telnyx,
    vapi: crate::fakes::vapi::Vapi,
}

/// A test that finds no planted bug proves nothing.
#[test]
fn a_call_that_is_adopted_too_young_would_be_found() {
    plant(Some(Bug::AdoptYoung));
    let scenario = &scenarios::<Twilio>()[13];
    let run = run::<Twilio>(scenario, Plan::none(), Measure::of(Weather::Calm));
    plant(None);
    assert!(!run.findings.is_empty());
}

/// A test that finds no planted bug proves nothing.
#[test]
fn a_lost_answer_that_is_asked_for_again_would_be_found() {
    plant(Some(Bug::RetryTimeout));
    let scenario = &scenarios::<Twilio>()[3];
    let run = run::<Twilio>(scenario, Plan::none(), Measure::of(Weather::Calm));
    plant(None);
    assert!(run.findings.iter().any(|finding| finding.starts_with("promise 1")), "{:?}", run.findings);
}
