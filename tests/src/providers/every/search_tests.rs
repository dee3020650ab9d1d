//! Tests of attempts whose answer was lost, at every provider. A callback settles them, else a search, else they are
//! given up. They are never asked for again.

use domain::call::{Dispatch, Status, Transcript};
use domain::end_reason::EndReason;
use domain::ids::ConversationId;
use domain::time::Span;
use serde_json::json;

use super::{CUSTOMER, Door, LiveWorld, for_each_provider};
use crate::harness::fakes::retell::Retell;
use crate::harness::fakes::script::{Create, Script, Story, Telling};
use crate::harness::fakes::server::Reaction;
use crate::harness::fakes::vapi::Vapi;
use crate::harness::fakes::vendor::Vendor;
use crate::harness::world::simulate;

/// Calls a number with this script in a world of its own, until nothing is left to do.
async fn called<V: Vendor>(script: Script) -> (LiveWorld<V>, ConversationId) {
    let live = LiveWorld::<V>::new(1, Script::SILENT, async || Some(Door::InProcess)).await;
    live.fake.script(CUSTOMER, script);
    let id = live.calls("one").await;
    live.runs(async {}).await;
    (live, id)
}

fn an_attempt_that_no_search_finds_is_ended_as_unconfirmed_and_never_asked_again<V: Vendor>() {
    for lost in [Reaction::empty(500), Reaction::Close, Reaction::Silence] {
        simulate(async {
            let script = Script::of(Story::Completes).creating(Create::Refuses(lost.clone()));
            let (live, id) = called::<V>(script).await;
            let call = live.call(id);
            assert_eq!(call.end_reason, Some(EndReason::DISPATCH_UNCONFIRMED), "{lost:?}");
            assert_eq!((call.attempt, &call.dispatch), (1, &Dispatch::Settled), "nothing is looked for for ever");
            let waited = call.ended_at.unwrap().since(call.created_at);
            assert!(waited.as_seconds() <= 5 * 60, "{} s", waited.as_seconds());
            assert_eq!((live.asked_for_calls(), live.fake.calls().len()), (1, 0), "{lost:?}");
            assert_eq!(live.fake.violations(), Vec::<String>::new());
        });
    }
}

fn a_lost_answer_is_settled_by_what_calls_back<V: Vendor>() {
    for lost in [Reaction::empty(503), Reaction::Close, Reaction::Silence, Reaction::text(200, "ok")] {
        for telling in [Telling::InOrder, Telling::BeforeTheAnswer, Telling::TwiceAndReversed] {
            simulate(async {
                let script = Script::of(Story::Completes).creating(Create::MakesAnd(lost.clone())).telling(telling);
                let (live, id) = called::<V>(script).await;
                let call = live.call(id);
                assert_eq!(call.end_reason, Some(EndReason::COMPLETED), "{lost:?} {telling:?}");
                assert_eq!(call.provider_call_id.unwrap().as_str(), live.fake.calls()[0].id);
                assert_eq!((live.asked_for_calls(), live.fake.calls().len()), (1, 1), "{lost:?} {telling:?}");
                assert!(live.fake.statuses().iter().all(|status| *status == 200), "{:?}", live.fake.statuses());
            });
        }
    }
}

fn a_lost_answer_without_callbacks_is_settled_by_a_search<V: Vendor>() {
    for lost in [Reaction::empty(500), Reaction::Reset, Reaction::Silence] {
        simulate(async {
            let live = LiveWorld::<V>::virtually(1).await;
            let script = Script::of(Story::Stays).creating(Create::MakesAnd(lost.clone())).telling(Telling::Never);
            live.fake.script(CUSTOMER, script);
            let id = live.calls("one").await;
            live.runs(async {
                live.world.sees(id, |call| call.provider_call_id.is_some()).await;
                live.closes(id).await;
            })
            .await;
            let call = live.call(id);
            assert_eq!((call.status, &call.dispatch), (Status::Ended, &Dispatch::Settled), "{lost:?}");
            assert_eq!(call.provider_call_id.unwrap().as_str(), live.fake.calls()[0].id);
            assert!(live.fake.calls()[0].over_at.is_some(), "it is hung up");
            assert_eq!(live.asked_for_calls(), 1, "{lost:?}");
        });
    }
}

fn a_call_that_is_closed_while_its_answer_is_lost_is_found_and_hung_up<V: Vendor>() {
    simulate(async {
        let live = LiveWorld::<V>::virtually(1).await;
        let lost = Create::MakesAnd(Reaction::Silence);
        live.fake.script(CUSTOMER, Script::of(Story::Stays).creating(lost).telling(Telling::Never));
        let id = live.dials("one").await;
        live.closes(id).await;
        live.runs(async {}).await;
        assert_eq!(live.call(id).end_reason, Some(EndReason::ADMIN_CLOSED));
        assert!(live.fake.calls()[0].over_at.is_some());
    });
}

for_each_provider! {
    an_attempt_that_no_search_finds_is_ended_as_unconfirmed_and_never_asked_again,
    a_lost_answer_is_settled_by_what_calls_back,
    a_lost_answer_without_callbacks_is_settled_by_a_search,
    a_call_that_is_closed_while_its_answer_is_lost_is_found_and_hung_up,
}

#[test]
fn a_search_at_vapi_reads_on_where_many_calls_are_newer() {
    simulate(async {
        let live = LiveWorld::<Vapi>::virtually(1).await;
        let lost = Create::MakesAnd(Reaction::Silence);
        live.fake.script(CUSTOMER, Script::of(Story::Stays).creating(lost).telling(Telling::Never));
        let id = live.dials("one").await;
        let made = live.fake.calls()[0].clone();
        for milliseconds in 1..=60 {
            live.fake.somebody_calls_too();
            let other = live.fake.calls().last().unwrap().id.clone();
            let at = made.created_at + Span::milliseconds(milliseconds);
            live.fake.becomes(&other, &json!({ "createdAt": at.to_string(), "assistantOverrides": {} }));
        }
        live.runs(async {
            live.world.sees(id, |call| call.provider_call_id.is_some()).await;
            live.closes(id).await;
        })
        .await;
        assert_eq!(live.call(id).provider_call_id.unwrap().as_str(), made.id);
    });
}

#[test]
fn a_long_call_at_retell_can_be_polled() {
    simulate(async {
        let live = LiveWorld::<Retell>::virtually(1).await;
        live.fake.script(CUSTOMER, Script::of(Story::Completes).telling(Telling::Never));
        let id = live.dials("one").await;
        let made = live.fake.calls()[0].id.clone();
        let said = json!({ "role": "agent", "content": "word ".repeat(4_000), "words": [] });
        live.runs(async {
            live.world.after_seconds(60).await;
            live.fake.becomes(&made, &json!({ "transcript_object": vec![said; 75] }));
        })
        .await;
        let call = live.call(id);
        assert_eq!((call.end_reason, call.facts.transcript), (Some(EndReason::COMPLETED), Transcript::Stored));
    });
}
