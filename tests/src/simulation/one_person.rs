//! One person on the do-not-call list, however the number is written: a keyword and an analysis opt a person out in each form of the
//! number, and a keyword lifts that in each.

use domain::call::{Analysis, Call, Input, Report, Status};
use domain::ids::ConversationId;
use domain::phone_input::canonical;
use serde_json::{Map, json};
use store::ConversationRef;

use super::SEED;
use crate::harness::world::auditor::{Measure, Weather, audit};
use crate::harness::world::{Ask, Expected, World, number, simulate};

/// Mobile number of Mexico as its carriers used to write it.
const WRITTEN: &str = "+5215555550123";
/// Canonical form of the same number.
const READ: &str = "+525555550123";
/// Another such number, in both forms. Calls to it stay open until a client closes them.
const STAYS: (&str, &str) = ("+5215555550011", "+525555550011");

fn plays(act: impl AsyncFnOnce(&World)) -> Vec<String> {
    simulate(async {
        let world = World::new(SEED).await;
        act(&world).await;
        audit(&world, Measure::of(Weather::Calm))
    })
}

/// Returns the numbers on the list, each with its source.
async fn listed(world: &World) -> Vec<(String, String)> {
    let entries = world.operator.suppressions(&world.scope, None, 10).await.unwrap().0;
    let shown = entries.into_iter().map(|(_, entry)| (entry.phone_number.unwrap().as_str().to_owned(), entry.source));
    let mut shown: Vec<(String, String)> = shown.collect();
    shown.sort();
    shown
}

fn entries(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(number, source)| ((*number).to_owned(), (*source).to_owned())).collect()
}

/// Sends a text from the person, and waits until everything is quiet.
async fn writes(world: &World, text: &str) {
    world.runs(world.customer_texts(WRITTEN, text)).await;
}

/// Opens a conversation with the person, who opts out in it.
async fn opts_out(world: &World) {
    let id: ConversationId = world.opens_sms(WRITTEN, "the-texts").await.unwrap();
    world.expects_texts(id, &["opted_out"]);
    writes(world, "STOP").await;
}

/// Places a call that is answered. Its analysis says that the person opts out. An operator may have opted out a number before.
async fn answers_and_is_analysed(world: &World, to: &str, before: Option<&str>) {
    let id = world.creates_call(to, "the-call").await.unwrap();
    world.expects(Expected::Ends(id, &["said_goodbye"]));
    world.sees(id, |call| call.status == Status::InProgress).await;
    if let Some(before) = before {
        world.suppresses(before).await;
    }
    let call_id = world.history.call(id).unwrap().provider_call_id.unwrap();
    let heard = |_: &_| {
        let (summary, custom) = (String::new(), Map::new());
        let analysis = Analysis { summary, successful: None, sentiment: None, opt_out: Some(true), custom };
        Input::Heard { attempt: 1, call_id: call_id.clone(), reports: vec![Report::Analysis { analysis }] }
    };
    let reference = ConversationRef::new(id, world.scope.clone());
    world.app.store.apply::<Call>(&reference, None, heard).await.unwrap();
    world.closes(id, "said_goodbye").await;
}

#[test]
fn the_numbers_are_one_persons() {
    for (written, read) in [(WRITTEN, READ), STAYS] {
        assert_eq!(canonical(&number(written)), Some(number(read)));
        assert_eq!(canonical(&number(read)), None);
    }
}

#[test]
fn a_keyword_opts_a_person_out_and_in_again_in_every_form_of_the_number() {
    let findings = plays(async |world| {
        opts_out(world).await;
        assert_eq!(listed(world).await, entries(&[(WRITTEN, "keyword"), (READ, "keyword")]));
        for (to, key) in [(WRITTEN, "the-first"), (READ, "the-second")] {
            world.is_refused(&Ask::call(to, key, &json!({})), 403, "do_not_call").await;
        }
        // No conversation is open any more: these stand alone.
        writes(world, "START").await;
        assert_eq!(listed(world).await, []);
        writes(world, "STOP").await;
        assert_eq!(listed(world).await, entries(&[(WRITTEN, "keyword"), (READ, "keyword")]));
    });
    assert_eq!(findings, [""; 0]);
}

#[test]
fn a_keyword_lifts_nothing_that_somebody_else_wrote_in_any_form() {
    let findings = plays(async |world| {
        world.suppresses(READ).await;
        opts_out(world).await;
        let expected = entries(&[(WRITTEN, "keyword"), (READ, "manual")]);
        assert_eq!(listed(world).await, expected);
        for text in ["START", "STOP"] {
            writes(world, text).await;
            assert_eq!(listed(world).await, expected, "{text}");
        }
    });
    assert_eq!(findings, [""; 0]);
}

#[test]
fn an_analysis_opts_a_person_out_in_every_form_of_the_number() {
    let (written, read) = STAYS;
    for before in [None, Some(read), Some(written)] {
        let findings = plays(async |world| {
            world.runs(answers_and_is_analysed(world, written, before)).await;
            let source = |form: &str| if before == Some(form) { "manual" } else { "analysis" };
            assert_eq!(listed(world).await, entries(&[(written, source(written)), (read, source(read))]));
        });
        assert_eq!(findings, [""; 0]);
    }
}
