//! Tests of two conversations between one pair of numbers, of which one was never placed. Whenever the callbacks come
//! and whichever process dies, the unplaced conversation must not claim anything of the placed one.

use domain::call::Dispatch;
use domain::ids::ConversationId;
use domain::planted::{Bug, plant};
use serde_json::json;

use super::LiveWorld;
use crate::harness::fakes::script::{Create, Step};
use crate::harness::fakes::server::Reaction;
use crate::harness::fakes::texting::{Delivery, Texting as _};
use crate::harness::fakes::twilio::Twilio;
use crate::harness::world::auditor::{Measure, Weather, audit};
use crate::harness::world::simulate;

/// Two calls between the same numbers. The first was answered with 500 and never placed. The second was placed, but its
/// answer was lost.
struct Pair {
    live: LiveWorld,
    never_placed: ConversationId,
    placed: ConversationId,
}

impl Pair {
    /// Asks for the two calls with this many seconds between them.
    async fn new(seed: u64, apart: u64) -> Self {
        let mut live = LiveWorld::virtually(seed).await;
        live.takes_in_a_second(10);
        live.fake.fails([Create::Refuses(Reaction::empty(500)), Create::MakesAnd(Reaction::Silence)]);
        let never_placed = live.dials("never-placed").await;
        live.world.after_seconds(apart).await;
        let placed = live.dials("placed").await;
        assert_eq!(live.fake.calls().len(), 1);
        Self { live, never_placed, placed }
    }

    fn reason(&self, id: ConversationId) -> Option<String> {
        self.live.call(id).end_reason.map(|reason| reason.to_string())
    }

    /// Applies a step to the call that was placed.
    fn becomes(&self, step: Step) {
        let call_id = self.live.fake.calls()[0].id.clone();
        self.live.fake.takes(&call_id, step).expect("it is not over");
    }

    /// Reports after this many seconds that the call was answered, and ten seconds later that it is over.
    async fn is_told_of_after(&self, seconds: u64) {
        let live = &self.live;
        live.runs(async {
            live.world.after_seconds(seconds).await;
            self.becomes(Step::IsAnswered);
            assert_eq!(live.tells(0, "in-progress", &[]).await, 200);
            live.world.after_seconds(10).await;
            self.becomes(Step::Ends("completed"));
            assert_eq!(live.tells(0, "completed", &[("CallDuration", "9")]).await, 200);
        })
        .await;
    }

    fn findings(&self) -> Vec<String> {
        found(&self.live)
    }
}

/// Returns the auditor's findings. Unrequested conversations are no finding here, because the auditor has not seen the
/// requests.
fn found(live: &LiveWorld) -> Vec<String> {
    let mut findings = audit(&live.world, Measure::of(Weather::Rough));
    findings.retain(|finding| !finding.contains("nobody asked for"));
    findings
}

#[test]
fn whenever_the_placed_call_is_told_of_it_is_its_own_conversations() {
    let moments = [0, 4, 30, 60, 90, 120, 126, 128, 132, 140, 150, 170];
    // If both are asked for at once, the call that was never placed claims the found call first. With three seconds
    // between them, the other one does.
    for (apart, seconds) in moments.into_iter().flat_map(|seconds| [(0, seconds), (3, seconds)]) {
        simulate(async {
            let pair = Pair::new(1, apart).await;
            pair.is_told_of_after(seconds).await;
            let placed = pair.live.call(pair.placed);
            assert_eq!(pair.reason(pair.placed).as_deref(), Some("completed"), "told of after {seconds} s");
            assert_eq!(placed.provider_call_id.unwrap().as_str(), pair.live.fake.calls()[0].id);
            assert_eq!(pair.reason(pair.never_placed).as_deref(), Some("dispatch_unconfirmed"), "{seconds} s");
            let never_placed = pair.live.call(pair.never_placed);
            assert_eq!((never_placed.provider_call_id, never_placed.started_at), (None, None), "{seconds} s");
            assert_eq!(pair.findings(), [""; 0], "told of after {seconds} s");
        });
    }
}

#[test]
fn of_two_whose_answers_are_lost_and_nobody_is_told_of_one_is_the_calls_and_the_other_unconfirmed() {
    simulate(async {
        let pair = Pair::new(2, 0).await;
        let live = &pair.live;
        live.runs(async {
            live.world.after_seconds(60).await;
            live.call_becomes(&live.fake.calls()[0].id, "completed");
        })
        .await;
        let reasons = [pair.never_placed, pair.placed].map(|id| pair.reason(id).unwrap());
        assert_eq!(reasons.iter().filter(|reason| *reason == "completed").count(), 1, "{reasons:?}");
        assert_eq!(reasons.iter().filter(|reason| *reason == "dispatch_unconfirmed").count(), 1, "{reasons:?}");
    });
}

#[test]
fn closing_the_one_that_was_never_placed_hangs_up_nothing() {
    for seconds in [1, 30, 100, 150, 200] {
        simulate(async {
            let pair = Pair::new(3, 3).await;
            let live = &pair.live;
            live.call_becomes(&live.fake.calls()[0].id, "in-progress");
            live.runs(async {
                live.world.after_seconds(seconds).await;
                live.closes(pair.never_placed).await;
                live.world.after_seconds(400 - seconds).await;
                let call = live.call(pair.placed);
                assert!(
                    matches!(call.dispatch, Dispatch::Live { hang_up: None, .. }),
                    "{seconds} s: {:?}",
                    call.dispatch
                );
                assert_eq!(live.fake.calls()[0].shown["status"], "in-progress", "closed after {seconds} s");
                live.closes(pair.placed).await;
            })
            .await;
            assert_eq!(live.fake.calls()[0].shown["status"], "completed");
        });
    }
}

#[test]
fn one_that_had_adopted_the_call_and_was_closed_goes_on_looking_when_the_other_is_named() {
    simulate(async {
        let pair = Pair::new(4, 3).await;
        let live = &pair.live;
        live.runs(async {
            live.world.sees(pair.placed, |call| call.adopted.is_some()).await;
            assert_eq!(live.tells(0, "in-progress", &[]).await, 200);
            assert_eq!(live.call(pair.placed).adopted, None, "it was named itself");
            live.closes(pair.placed).await;
        })
        .await;
        assert_eq!(pair.reason(pair.placed).as_deref(), Some("admin_closed"));
        assert_eq!(pair.findings(), [""; 0]);
    });
}

/// Returns `true` if the auditor finds a planted bug when the other conversation's call is reported this late.
fn finds(bug: Bug, seconds: u64) -> bool {
    plant(Some(bug));
    let findings = simulate(async {
        let pair = Pair::new(1, 0).await;
        pair.is_told_of_after(seconds).await;
        pair.findings()
    });
    plant(None);
    findings.iter().any(|finding| finding.starts_with("promise 1"))
}

#[test]
fn what_is_adopted_too_young_is_found() {
    // The conversation that searches first finds the call over before any callback reported it.
    plant(Some(Bug::AdoptYoung));
    let findings = simulate(async {
        let pair = Pair::new(1, 0).await;
        let live = &pair.live;
        live.runs(async {
            pair.becomes(Step::IsAnswered);
            pair.becomes(Step::Ends("completed"));
            live.world.sees(pair.never_placed, |call| call.is_ended()).await;
            assert_eq!(live.tells(0, "completed", &[("CallDuration", "9")]).await, 200);
        })
        .await;
        pair.findings()
    });
    plant(None);
    assert!(findings.iter().any(|finding| finding.starts_with("promise 1")), "{findings:?}");
}

#[test]
fn a_hold_without_its_condition_is_found() {
    assert!((1..=200).step_by(5).any(|seconds| finds(Bug::UnconditionalHold, seconds)));
}

#[test]
fn a_text_that_never_left_takes_no_other_conversations_text() {
    for seconds in [1, 60, 150, 180] {
        simulate(async {
            let live = LiveWorld::virtually(5).await;
            live.fake.fails([Create::Refuses(Reaction::empty(500)), Create::MakesAnd(Reaction::Silence)]);
            let id = |answer: &serde_json::Value| {
                ConversationId::parse(answer["data"]["conversationId"].as_str().unwrap()).unwrap()
            };
            let (status, answer) = live.texts("never-left").await;
            assert_eq!(status, 202, "{answer}");
            let never_left = id(&answer);
            live.world.after_seconds(3).await;
            let left = id(&live.texts("left").await.1);
            live.runs(async {
                live.world.after_seconds(seconds).await;
                let text = live.fake.texts()[0].clone();
                let told = Twilio::delivery(&text, Delivery::Delivered);
                assert_eq!(live.tries_to_deliver(live.fake.letter(&told)).await.unwrap().status, 200);
                live.world.after_seconds(300).await;
                live.world.closes_sms(left, "done").await;
            })
            .await;
            let sms = live.sms(left);
            assert_eq!(sms.opening_id.unwrap().as_str(), live.fake.texts()[0].id, "told of after {seconds} s");
            let other = live.sms(never_left);
            assert_eq!((other.opening_id, other.sends), (None, Vec::new()), "told of after {seconds} s");
            assert_eq!(found(&live), [""; 0], "told of after {seconds} s");
            assert_eq!(json!(live.fake.texts().len()), json!(1));
        });
    }
}
