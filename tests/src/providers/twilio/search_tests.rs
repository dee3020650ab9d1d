//! Tests of calls whose answer was lost. The signed callback settles them, else a search, else they are given up.

use domain::call::{Dispatch, Status};

use super::LiveWorld;
use crate::harness::fakes::script::Create;
use crate::harness::fakes::server::Reaction;
use crate::harness::world::simulate;

fn reason(live: &LiveWorld, id: domain::ids::ConversationId) -> Option<String> {
    live.call(id).end_reason.map(|reason| reason.to_string())
}

#[test]
fn a_lost_answer_is_settled_by_the_callback_that_names_the_attempt() {
    simulate(async {
        let live = LiveWorld::virtually(1).await;
        live.fake.fails([Create::MakesAnd(Reaction::Reset)]);
        let id = live.dials("one").await;
        assert!(matches!(live.call(id).dispatch, Dispatch::Unknown(_)));
        assert_eq!(live.tells(0, "initiated", &[]).await, 200);
        let call = live.call(id);
        assert!(matches!(call.dispatch, Dispatch::Live { .. }), "{:?}", call.dispatch);
        assert_eq!(call.provider_call_id.unwrap().as_str(), live.fake.calls()[0].id);
        assert_eq!(live.fake.asked("GET", "Calls.json"), 0);
    });
}

#[test]
fn a_callback_that_comes_before_the_answer_is_lost_settles_the_attempt_too() {
    simulate(async {
        let live = LiveWorld::virtually(2).await;
        live.fake.fails([Create::MakesAnd(Reaction::Silence)]);
        let id = live.calls("one").await;
        let dial = live.world.steps(store::QueueName::Dispatch);
        let callback = async {
            while live.fake.calls().is_empty() {
                live.world.after_seconds(1).await;
            }
            assert_eq!(live.tells(0, "ringing", &[]).await, 200);
        };
        futures::join!(dial, callback);
        let call = live.call(id);
        assert_eq!((call.status, live.fake.calls().len()), (Status::Ringing, 1));
        assert!(matches!(call.dispatch, Dispatch::Live { .. }), "{:?}", call.dispatch);
    });
}

#[test]
fn a_lost_answer_with_no_callbacks_is_settled_by_the_one_call_that_looks_like_it() {
    simulate(async {
        let live = LiveWorld::virtually(3).await;
        live.fake.fails([Create::MakesAnd(Reaction::Silence)]);
        let id = live.dials("one").await;
        let sid = live.fake.calls()[0].id.clone();
        live.call_becomes(&sid, "busy");
        live.runs(async {}).await;
        assert_eq!((reason(&live, id).as_deref(), live.fake.calls().len()), (Some("busy"), 1));
        assert!(live.fake.asked("GET", "Calls.json") > 0);
    });
}

#[test]
fn a_call_that_was_never_made_is_given_up_and_never_asked_for_again() {
    simulate(async {
        let live = LiveWorld::virtually(4).await;
        live.fake.fails([Create::Refuses(Reaction::Silence)]);
        let id = live.dials("one").await;
        let began = live.world.now();
        live.runs(async {}).await;
        assert_eq!(reason(&live, id).as_deref(), Some("dispatch_unconfirmed"));
        assert_eq!((live.fake.calls().len(), live.fake.asked("POST", "Calls.json")), (0, 1));
        assert!(live.call(id).ended_at.unwrap().since(began).as_seconds() <= 300);
    });
}

#[test]
fn of_two_calls_that_look_like_it_none_is_adopted() {
    simulate(async {
        let live = LiveWorld::virtually(5).await;
        live.fake.fails([Create::MakesAnd(Reaction::Silence)]);
        let id = live.dials("one").await;
        live.fake.somebody_calls_too();
        live.runs(async {}).await;
        assert_eq!(reason(&live, id).as_deref(), Some("dispatch_unconfirmed"));
        assert_eq!(live.call(id).provider_call_id, None);
    });
}

#[test]
fn a_call_that_another_conversation_holds_is_not_adopted() {
    simulate(async {
        let live = LiveWorld::virtually(6).await;
        live.fake.fails([Create::Refuses(Reaction::Silence)]);
        let lost = live.dials("lost").await;
        // Made at nearly the same time, between the same numbers.
        let other = live.dials("other").await;
        let sid = live.call(other).provider_call_id.unwrap();
        live.call_becomes(sid.as_str(), "no-answer");
        live.runs(async {}).await;
        assert_eq!(reason(&live, lost).as_deref(), Some("dispatch_unconfirmed"));
        assert_eq!((live.call(lost).provider_call_id, reason(&live, other).as_deref()), (None, Some("no_answer")));
    });
}

#[test]
fn a_call_that_was_closed_while_its_answer_was_lost_is_found_and_hung_up() {
    simulate(async {
        let live = LiveWorld::virtually(7).await;
        live.fake.fails([Create::MakesAnd(Reaction::Silence)]);
        let id = live.dials("one").await;
        live.closes(id).await;
        live.runs(async {}).await;
        assert_eq!(
            (reason(&live, id).as_deref(), live.fake.calls()[0].shown["status"].as_str()),
            (Some("admin_closed"), Some("completed"))
        );
    });
}

#[test]
fn without_an_account_nothing_is_asked_and_the_call_ends() {
    simulate(async {
        let mut live = LiveWorld::virtually(8).await;
        let store = live.world.app.store.clone();
        live.world.app = functions::App::new(store, live.world.app.egress.clone());
        let id = live.dials("one").await;
        assert_eq!(reason(&live, id).as_deref(), Some("provider_unavailable"));
        assert_eq!(live.fake.asked("POST", ""), 0);
    });
}
