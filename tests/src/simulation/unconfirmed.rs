//! An attempt at a live provider that nobody ever hears of again, in virtual time: searched for, never repeated, and ended.

use std::sync::Arc;

use domain::call::{Call, Dispatch};
use domain::end_reason::EndReason;
use domain::organization::Provider;
use futures::FutureExt as _;
use serde_json::json;

use super::live::{CUSTOMER, Live};
use crate::fakes::retell::{Create, KEY, Retell, Script, Story, Webhooks};
use crate::fakes::server::{Asked, Reaction};
use crate::world::simulate;

/// What becomes of a call to a number with this script, once nothing is left to be done.
fn end_of(script: Script) -> (Call, Retell) {
    simulate(async {
        let fake = Retell::in_process();
        fake.script(CUSTOMER, script);
        let answering = fake.clone();
        let vendor = Arc::new(move |asked: Asked| {
            let fake = answering.clone();
            async move { fake.answer(asked).await }.boxed()
        });
        let live = Live::new(1, Provider::Retell, &json!({ "apiKey": KEY }), vendor).await;
        let id = live.calls("order-1").await;
        live.world.runs(async {}).await;
        (live.world.history.call(id).expect("it was accepted"), fake)
    })
}

#[test]
fn an_attempt_that_no_search_finds_is_ended_as_unconfirmed_and_never_asked_again() {
    for lost in [Reaction::empty(500), Reaction::Close, Reaction::Silence] {
        let (call, fake) = end_of(Script::of(Story::Completes).creating(Create::Refuses(lost.clone())));
        assert_eq!(call.end_reason, Some(EndReason::DISPATCH_UNCONFIRMED), "{lost:?}");
        assert_eq!(call.attempt, 1);
        assert_eq!(call.dispatch, Dispatch::Settled, "nothing is looked for for ever");
        let waited = call.ended_at.unwrap().since(call.created_at);
        assert!(waited.as_seconds() <= 5 * 60, "{} s", waited.as_seconds());
        assert_eq!(fake.asked("create-phone-call"), 1, "{lost:?}");
        assert!(fake.asked("list-calls") >= 5, "{}", fake.asked("list-calls"));
    }
}

#[test]
fn a_call_that_only_searches_and_polls_tell_of_completes() {
    let lost = Create::PlacesAnd(Reaction::Silence);
    let (call, fake) = end_of(Script::of(Story::Completes).creating(lost).calling_back(Webhooks::Never));
    assert_eq!(call.end_reason, Some(EndReason::COMPLETED));
    assert_eq!(fake.asked("create-phone-call"), 1);
    assert_eq!(fake.violations(), Vec::<String>::new());
}
