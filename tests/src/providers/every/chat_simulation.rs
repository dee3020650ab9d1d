//! Simulation of chats that a provider's own agent holds. A fault strikes each request in turn.

use domain::planted::{Bug, plant};

use super::chat_tests::address;
use super::simulation::{PAIRS, PAIRS_OF_A_DAY, STRIDE, judged, strike, strike_twice, undisturbed};
use super::text_simulation::{EVENTS, UNSETTLED, says_goodbye, settles};
use super::{CUSTOMER, Door, LiveWorld};
use crate::harness::aws::faults::Plan;
use crate::harness::fakes::retell::Retell;
use crate::harness::fakes::retell::chats::Speaker;
use crate::harness::fakes::script::{Create, Script};
use crate::harness::fakes::server::Reaction;
use crate::harness::world::auditor::{Measure, Weather};
use crate::harness::world::simulate;
use crate::simulation::storm::named_seed;
use crate::simulation::{Run, SEED};

/// Number of requests of each scenario without faults.
const POINTS: [usize; 7] = [80, 54, 37, 45, 74, 34, 17];

/// Step after the opening.
#[derive(Clone, Copy, Debug)]
enum Then {
    /// The agent or the customer says this.
    Says(Speaker, &'static str),
    /// Retell sends this webhook about the chat.
    Tells(&'static str),
    /// The chat ends at Retell.
    Ends,
    /// This many seconds pass.
    Waits(u64),
}

/// Scenario of one chat.
struct Scenario {
    name: &'static str,
    opening: Create,
    then: &'static [Then],
    /// `true` if the chat is closed before the outcome of its opening is known.
    at_once: bool,
    /// Allowed end reasons. The conversation ends with the first of them. After a crash, any of them is allowed.
    reasons: &'static [&'static str],
}

fn scenarios() -> [Scenario; 7] {
    use Then::{Ends, Says, Tells, Waits};
    const CLOSED: &[&str] = &["said_goodbye", UNSETTLED];
    const TALK: &[Then] = &[Says(Speaker::User, "Is it red?"), Says(Speaker::Agent, "It is."), Waits(60)];
    let scenario = |name, opening, then, reasons| Scenario { name, opening, then, at_once: false, reasons };
    [
        scenario("talks, and is read", Create::Accepts, TALK, CLOSED),
        scenario(
            "talks, is over, and that is told twice",
            Create::Accepts,
            &[
                Tells("chat_started"),
                Says(Speaker::User, "Is it red?"),
                Says(Speaker::Agent, "It is."),
                Says(Speaker::User, "Goodbye."),
                Ends,
                Tells("chat_ended"),
                Tells("chat_analyzed"),
            ],
            &["completed", "said_goodbye", UNSETTLED],
        ),
        scenario(
            "the customer has enough",
            Create::Accepts,
            &[Says(Speaker::User, "STOP"), Says(Speaker::Agent, "You will hear no more."), Waits(60)],
            &["opted_out", UNSETTLED, "said_goodbye"],
        ),
        scenario(
            "its answer is lost, and it is told of",
            Create::MakesAnd(Reaction::Close),
            &[Tells("chat_started")],
            CLOSED,
        ),
        scenario("its answer is lost", Create::MakesAnd(Reaction::Silence), TALK, CLOSED),
        Scenario {
            at_once: true,
            ..scenario("its answer is lost, and it is closed", Create::MakesAnd(Reaction::Silence), &[], CLOSED)
        },
        scenario("refused", Create::Refuses(Reaction::text(400, "{}")), &[], &["rejected", UNSETTLED, "said_goodbye"]),
    ]
}

/// Plays a scenario with a plan of faults, and judges it.
fn run(scenario: &Scenario, plan: Plan, measure: Measure) -> Run {
    let struck = plan.planned() > 0;
    simulate(async {
        let live = LiveWorld::<Retell>::new(SEED, Script::SILENT, async || Some(Door::InProcess)).await;
        let world = &live.world;
        live.runs(async { drop(world.creates_webhook("hooks.example.com", &EVENTS).await) }).await;
        live.fake.fails([scenario.opening.clone()]);
        world.aws.gate.arm(plan);
        live.runs(Box::pin(play(&live, scenario, struck))).await;
        let mut run = judged(&live, measure);
        let goes_on = live.fake.texts().into_iter().filter(|chat| chat.shown["chat_status"] == "ongoing");
        run.findings.extend(goes_on.map(|chat| format!("promise 2: {} goes on at Retell", chat.id)));
        run
    })
}

async fn play(live: &LiveWorld<Retell>, scenario: &Scenario, struck: bool) {
    let world = &live.world;
    let Some(id) = world.opens_sms(CUSTOMER, "the-chat").await else { return };
    for then in scenario.then {
        world.after_seconds(2).await;
        let Some(chat) = live.fake.texts().first().cloned() else { break };
        match then {
            Then::Says(speaker, words) => live.fake.says(&chat.id, *speaker, words, world.now()),
            Then::Tells(event) => live.insists_on_telling(&live.fake.tells_of_chat(&chat.id, event, &address())).await,
            Then::Ends if chat.shown["chat_status"] == "ongoing" => live.fake.chat_ends(&chat.id, "ended"),
            Then::Ends => {}
            Then::Waits(seconds) => world.after_seconds(*seconds).await,
        }
    }
    if !scenario.at_once {
        settles(live, id).await;
    }
    let may_be_lost = struck && matches!(scenario.opening, Create::Refuses(_));
    says_goodbye(live, id, scenario.reasons, may_be_lost).await;
}

#[test]
fn every_scenario_keeps_every_promise_and_makes_the_requests_that_are_written_down() {
    let scenarios = scenarios();
    undisturbed(&named(&scenarios), |place, plan, measure| run(&scenarios[place], plan, measure));
}

fn named(scenarios: &[Scenario]) -> Vec<(&'static str, usize)> {
    scenarios.iter().map(|scenario| scenario.name).zip(POINTS).collect()
}

fn strikes(stride: usize) {
    let scenarios = scenarios();
    strike(&named(&scenarios), stride, |place, plan, measure| run(&scenarios[place], plan, measure));
}

#[test]
fn a_fault_at_some_requests_breaks_no_promise() {
    strikes(STRIDE);
}

#[test]
#[ignore = "takes a minute: cargo test --profile simulation -p tests -- --ignored providers::every::chat_simulation"]
fn a_fault_at_any_request_breaks_no_promise() {
    strikes(1);
}

#[test]
#[ignore = "takes minutes: cargo test --profile simulation -p tests -- --ignored providers::every::chat_simulation"]
fn two_faults_break_no_promise() {
    strikes_twice((SEED, PAIRS));
}

fn strikes_twice(chosen: (u64, usize)) {
    let scenarios = scenarios();
    strike_twice(&named(&scenarios), chosen, |place, plan, measure| run(&scenarios[place], plan, measure));
}

#[test]
#[ignore = "a share of the pairs of faults, which the seed chooses: .ci/run names the date"]
fn todays_share_of_chats() {
    strikes_twice((named_seed(), PAIRS_OF_A_DAY));
}

/// Proves that the test finds planted bugs.
#[test]
fn a_chat_that_is_read_anew_or_goes_on_would_be_found() {
    for (bug, which) in [(Bug::ReadChatAnew, 0), (Bug::KeepChat, 0), (Bug::StopIsAnOrdinaryText, 2)] {
        plant(Some(bug));
        let run = run(&scenarios()[which], Plan::none(), Measure::of(Weather::Calm));
        plant(None);
        assert!(!run.findings.is_empty(), "{bug:?}");
    }
}
