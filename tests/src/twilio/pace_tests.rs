//! An account takes calls one after another.

use serde_json::json;

use super::{CUSTOMER, LiveWorld};
use crate::world::simulate;

#[test]
fn calls_that_are_asked_for_at_once_are_placed_one_a_second() {
    simulate(async {
        let live = LiveWorld::virtually(1).await;
        for place in 0..5 {
            live.calls(&format!("call-{place}")).await;
        }
        live.runs(async {}).await;
        let made: Vec<i64> = live.fake.calls().iter().map(|call| call.created_at.as_milliseconds()).collect();
        assert_eq!(made.len(), 5);
        // Each has its own second, whatever moment of it the request arrives in.
        for (place, at_ms) in (0..).zip(&made) {
            assert!((place * 1_000 - 500..place * 1_000 + 500).contains(&(at_ms - made[0])), "{made:?}");
        }
    });
}

#[test]
fn what_has_no_turn_in_its_window_ends_undialled() {
    simulate(async {
        let live = LiveWorld::virtually(2).await;
        let not_after = (live.world.now() + domain::time::Span::seconds(3)).to_string();
        let mut ids = Vec::new();
        for place in 0..8 {
            let body = json!({"agentSlug": "reception", "toNumber": CUSTOMER, "notAfter": not_after,
                "dynamicVariables": {"name": "Ada"}});
            let key = format!("call-{place}");
            let (status, answer) = live.requests("create-call", "/v1/calls", None, &key, &body).await;
            assert_eq!(status, 202, "{answer}");
            let id = answer["data"]["conversationId"].as_str().unwrap();
            ids.push(domain::ids::ConversationId::parse(id).unwrap());
        }
        live.runs(async {}).await;
        let late = |id: &&domain::ids::ConversationId| {
            live.call(**id).end_reason.unwrap().as_str() == "dispatch_deadline_exceeded"
        };
        let late = ids.iter().filter(late).count();
        assert_eq!((live.fake.calls().len(), late), (3, 5));
    });
}
