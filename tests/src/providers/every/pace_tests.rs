//! Tests of the rate limiter for an account: calls are placed one after another.

use domain::ids::ConversationId;
use serde_json::json;
use store::Slot;

use super::{LiveWorld, for_each_provider};
use crate::harness::fakes::retell::Retell;
use crate::harness::fakes::telnyx::Telnyx;
use crate::harness::fakes::twilio::Twilio;
use crate::harness::fakes::vapi::Vapi;
use crate::harness::fakes::vendor::Vendor;
use crate::harness::world::simulate;

/// Asks for this many calls at once. Returns the times at which they were placed, in milliseconds after the first.
async fn placed<V: Vendor>(live: &LiveWorld<V>, calls: usize) -> Vec<i64> {
    for place in 0..calls {
        live.calls(&format!("call-{place}")).await;
    }
    live.runs(async {}).await;
    let mut made: Vec<i64> = live.fake.calls().iter().map(|call| call.created_at.as_milliseconds()).collect();
    made.sort_unstable();
    made.iter().map(|at_ms| at_ms - made[0]).collect()
}

fn calls_that_are_asked_for_at_once_are_placed_one_a_second_where_the_account_takes_no_more<V: Vendor>() {
    simulate(async {
        let mut live = LiveWorld::<V>::virtually(1).await;
        live.takes_in_a_second(1);
        let made = placed(&live, 5).await;
        assert_eq!(made.len(), 5);
        // Each call has a second of its own, at whatever moment of it the request arrives.
        for (place, at_ms) in (0..).zip(&made) {
            assert!((place * 1_000 - 500..place * 1_000 + 500).contains(at_ms), "{made:?}");
        }
    });
}

fn what_has_no_turn_in_its_window_ends_undialled<V: Vendor>() {
    simulate(async {
        let mut live = LiveWorld::<V>::virtually(2).await;
        live.takes_in_a_second(1);
        let not_after = (live.world.now() + domain::time::Span::seconds(3)).to_string();
        let mut ids = Vec::new();
        for place in 0..8 {
            let mut body = LiveWorld::<V>::asks_for_a_call();
            body["notAfter"] = json!(not_after);
            let key = format!("call-{place}");
            let (status, answer) = live.requests("create-call", "/v1/calls", None, &key, &body).await;
            assert_eq!(status, 202, "{answer}");
            let id = answer["data"]["conversationId"].as_str().unwrap();
            ids.push(ConversationId::parse(id).unwrap());
        }
        live.runs(async {}).await;
        let late = |id: &&ConversationId| live.call(**id).end_reason.unwrap().as_str() == "dispatch_deadline_exceeded";
        let late = ids.iter().filter(late).count();
        assert_eq!((live.fake.calls().len(), late), (3, 5));
    });
}

fn a_call_that_finds_no_place_takes_no_turn_from_others<V: Vendor>() {
    simulate(async {
        let mut live = LiveWorld::<V>::virtually(4).await;
        live.takes_in_a_second(1);
        live.world.set_concurrent_calls(1).await;
        let first = live.dials("first").await;
        for place in 0..5 {
            live.dials(&format!("call-{place}")).await;
        }
        live.world.after_seconds(2).await;
        let app = &live.world.app;
        let call = live.call(first);
        let pace = app.providers.voice(call.provider).pace(&call).await.expect("one a second");
        let slot = app.store.table.take_slot(&pace, live.world.now() + domain::time::Span::hours(1)).await.unwrap();
        assert_eq!((live.asked_for_calls(), slot), (1, Slot::Now));
    });
}

for_each_provider! {
    calls_that_are_asked_for_at_once_are_placed_one_a_second_where_the_account_takes_no_more,
    a_call_that_finds_no_place_takes_no_turn_from_others,
    what_has_no_turn_in_its_window_ends_undialled,
}

/// Returns the time in milliseconds until the last of five calls is placed that were asked for at once, with the
/// default rate.
fn time_of_five<V: Vendor>() -> i64 {
    simulate(async { placed(&LiveWorld::<V>::virtually(3).await, 5).await[4] })
}

#[test]
fn by_default_an_account_takes_what_its_provider_documents() {
    assert!((3_500..4_500).contains(&time_of_five::<Twilio>()), "one a second");
    let telnyx = time_of_five::<Telnyx>();
    // A message waits for whole seconds.
    assert!((4 * 34 - 60..2_000).contains(&telnyx), "30 a second: {telnyx}");
    // These vendors document no rate.
    assert!(time_of_five::<Retell>() < 500);
    assert!(time_of_five::<Vapi>() < 500);
}
