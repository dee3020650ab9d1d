//! Tests of lists: pages, filters and cursors, and a call's events and its recording.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::stack::hooks::{Hooks, assert_no_gaps, names};
use crate::harness::stack::local_stack::{LocalStack, call_to, dev};

fn ids(page: &Value) -> Vec<String> {
    let calls = page.as_array().expect("a list");
    calls.iter().filter_map(|call| call["conversationId"].as_str().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_read_to_its_end_page_by_page_newest_first() {
    let world = LocalStack::start().await;
    let mut placed = BTreeSet::new();
    for number in 0..7 {
        placed.insert(world.place(&format!("k{number}"), "+15555550011").await);
    }
    let (mut seen, mut moments) = (Vec::new(), Vec::new());
    let mut path = "/v1/calls?limit=3".to_owned();
    loop {
        let page = world.api.get(&path).await;
        let found = ids(page.data(200));
        assert!(found.len() <= 3);
        seen.extend(found);
        let calls = page.body["data"].as_array().expect("a list");
        moments.extend(calls.iter().filter_map(|call| call["createdAt"].as_str().map(str::to_owned)));
        let pagination = &page.body["meta"]["pagination"];
        assert_eq!(pagination["has_more"], json!(pagination["cursor"].is_string()));
        let Some(cursor) = pagination["cursor"].as_str() else { break };
        path = format!("/v1/calls?limit=3&cursor={cursor}");
    }
    assert_eq!(seen.len(), 7, "each once");
    assert_eq!(BTreeSet::from_iter(seen), placed);
    assert!(moments.is_sorted_by(|newer, older| newer >= older), "newest first");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_was_not_given_out_for_this_list_is_refused() {
    let world = LocalStack::start().await;
    for key in ["a", "b"] {
        world.place(key, "+15555550011").await;
    }
    let page = world.api.get("/v1/calls?limit=1").await;
    let cursor = page.body["meta"]["pagination"]["cursor"].as_str().expect("more").to_owned();
    assert_eq!(world.api.get(&format!("/v1/calls?cursor={cursor}")).await.status, 200);
    let mut flipped = cursor.clone().into_bytes();
    flipped[0] = if flipped[0] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).expect("it is ASCII");
    for forged in [flipped.as_str(), &cursor[1..], "x", "", "eyJwIjoxfQ"] {
        let answer = world.api.get(&format!("/v1/calls?cursor={forged}")).await;
        assert_eq!(answer.wrong_fields(), ["cursor"], "{forged}");
    }
    assert_eq!(world.api.get(&format!("/v1/webhooks?cursor={cursor}")).await.wrong_fields(), ["cursor"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_filtered_by_status_number_agent_and_time() {
    let world = LocalStack::start().await;
    let agent = world.agent(&dev(), "second", |agent| agent.number = None).await;
    let first = world.place("first", "+15555550011").await;
    let mut queued = call_to("+15555550123");
    queued["agentSlug"] = json!("second");
    queued["fromNumber"] = json!("+15555550101");
    queued["notBefore"] = json!("2099-01-01T00:00:00.000Z");
    let queued = world.api.post_once("/v1/calls", "queued", &queued).await.accepted();
    world.call_when(&first, "in_progress").await;
    let created = |call: Value| call["createdAt"].as_str().expect("a moment").to_owned();
    let (earlier, later) = (created(world.call(&first).await), created(world.call(&queued).await));
    assert!(earlier <= later);
    for (query, expected) in [
        ("status=queued".to_owned(), vec![&queued]),
        ("status=in_progress".to_owned(), vec![&first]),
        ("status=ended".to_owned(), vec![]),
        ("toNumber=%2B15555550011".to_owned(), vec![&first]),
        ("toNumber=+15555550011&status=queued".to_owned(), vec![]),
        (format!("agentId={agent}"), vec![&queued]),
        (format!("createdAfter={later}"), vec![]),
        (format!("createdBefore={earlier}"), vec![]),
        ("createdAfter=2020-01-01T00:00:00Z&createdBefore=2099-01-01T00:00:00Z".to_owned(), vec![&queued, &first]),
        ("createdAfter=2099-01-01T00:00:00Z&createdBefore=2020-01-01T00:00:00Z".to_owned(), vec![]),
    ] {
        let answer = world.api.get(&format!("/v1/calls?{query}")).await;
        assert_eq!(ids(answer.data(200)).iter().collect::<Vec<_>>(), expected, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_narrowed_down_goes_on_until_it_is_full() {
    let world = LocalStack::start().await;
    let mut found = Vec::new();
    for number in 0..4 {
        let body = json!({"agentSlug": "demo-voice", "toNumber": "+15555550001", "metadata": {"order": {"id": number}, "kind": "old"}});
        found.push(world.api.post_once("/v1/calls", &format!("old{number}"), &body).await.accepted());
        world.call_when(&found[number], "ended").await;
    }
    for number in 0..60 {
        world.place(&format!("new{number}"), "+15555550011").await;
    }
    found.reverse();
    for (query, expected) in [
        ("status=ended&limit=2", &found[..2]),
        ("endReason=busy&limit=3", &found[..3]),
        ("endReason=completed", &[]),
        ("metadata[kind]=old&limit=2", &found[..2]),
        ("metadata%5Border.id%5D=2", &found[1..2]),
        ("metadata[kind]=old&metadata[order.id]=0", &found[3..]),
        ("metadata[kind]=old&status=queued", &[]),
        ("metadata[kind]=OLD", &[]),
    ] {
        let page = world.api.get(&format!("/v1/calls?{query}")).await;
        assert_eq!(ids(page.data(200)), expected, "{query}");
    }
    let first = world.api.get("/v1/calls?endReason=busy&limit=3").await;
    let cursor = first.body["meta"]["pagination"]["cursor"].as_str().expect("more").to_owned();
    let second = world.api.get(&format!("/v1/calls?endReason=busy&limit=3&cursor={cursor}")).await;
    assert_eq!(
        (ids(second.data(200)), &second.body["meta"]["pagination"]["has_more"]),
        (found[3..].to_vec(), &json!(false))
    );
    for (query, field) in [("metadata=1", "metadata"), ("metadata[]=1", "metadata[]"), ("endReason=", "endReason")] {
        assert_eq!(world.api.get(&format!("/v1/calls?{query}")).await.wrong_fields(), [field], "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_before_the_earliest_moment_that_is_asked_for_is_an_empty_page() {
    let world = LocalStack::start().await;
    for key in ["a", "b", "c"] {
        world.place(key, "+15555550011").await;
    }
    let page = world.api.get("/v1/calls?limit=2").await;
    let cursor = page.body["meta"]["pagination"]["cursor"].as_str().expect("more").to_owned();
    let at = page.body["data"][1]["createdAt"].as_str().expect("a moment").to_owned();
    for after in [at.as_str(), "2099-01-01T00:00:00Z"] {
        let behind = world.api.get(&format!("/v1/calls?cursor={cursor}&createdAfter={after}")).await;
        assert_eq!(
            (behind.data(200), &behind.body["meta"]["pagination"]["has_more"]),
            (&json!([]), &json!(false)),
            "{after}"
        );
    }
    let texts =
        world.api.get(&format!("/v1/sms-conversations?cursor={cursor}&createdAfter=2099-01-01T00:00:00Z")).await;
    assert_eq!(texts.wrong_fields(), ["cursor"], "it is another list's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_before_every_delivery_is_an_empty_page() {
    let world = LocalStack::start().await;
    let hooks = Hooks::register(&world).await;
    let endpoint = &hooks.id;
    let organization = world.table.organization(&dev().organization).await.expect("an answer").expect("it is there");
    let list = format!("deliveries#{endpoint}#{}", dev());
    for place in ["", "!", "2020-01-01T00:00:00.000Z#x"] {
        let cursor = domain::cursor::seal(&organization.cursor_key, &list, place);
        let page = world.api.get(&format!("/v1/webhooks/{endpoint}/deliveries?cursor={cursor}")).await;
        assert_eq!(
            (page.data(200), &page.body["meta"]["pagination"]["has_more"]),
            (&json!([]), &json!(false)),
            "{place:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_tells_its_events_its_recording_and_everything_known_of_it() {
    let world = LocalStack::start().await;
    let mut hooks = Hooks::register(&world).await;
    let body = json!({ "agentSlug": "demo-voice", "toNumber": "+15555550123", "dynamicVariables": { "name": "Ada" } });
    let id = world.api.post_once("/v1/calls", "k", &body).await.accepted();
    let queued = world.api.get(&format!("/v1/calls/{id}/recording")).await;
    assert_eq!(queued.refusal(404), "not_found", "there is none yet");
    hooks.heard("call.analyzed", &[&id]).await;

    let events = world.events(&id).await;
    assert_eq!(names(&events), ["call.started", "call.ended", "call.analyzed"]);
    assert_no_gaps(&events);
    assert_eq!(events, hooks.of(&id), "the webhooks' bodies");
    for event in &events {
        assert_eq!((&event["clientOrgId"], &event["channel"]), (&json!("dev"), &json!("voice")));
        assert_eq!((&event["mode"], &event["metadata"]), (&json!("test"), &json!({})));
    }
    let paged = world.api.get(&format!("/v1/calls/{id}/events?limit=1")).await;
    let cursor = paged.body["meta"]["pagination"]["cursor"].as_str().expect("more").to_owned();
    assert_eq!(paged.data(200).as_array().map(Vec::len), Some(1));
    let next = world.api.get(&format!("/v1/calls/{id}/events?limit=1&cursor={cursor}")).await;
    assert_eq!(next.data(200)[0]["sequence"], 2);

    let call = world.call(&id).await;
    assert_eq!(
        (&call["status"], &call["endReason"], &call["answeredBy"]),
        (&json!("ended"), &json!("completed"), &json!("human"))
    );
    assert_eq!((&call["dynamicVariables"], &call["durationSeconds"]), (&json!({ "name": "Ada" }), &json!(3)));
    assert_eq!((&call["fromNumber"], &call["toNumber"]), (&json!("+15555550100"), &json!("+15555550123")));
    assert_eq!(call["transcript"].as_array().map(Vec::len), Some(3));
    assert!(call["analysis"]["summary"].is_string() && call["cost"].is_object() && call["providerCallId"].is_string());
    let recording = world.api.get(call["recordingUrl"].as_str().expect("a recording")).await;
    assert_eq!((recording.status, &recording.headers["content-type"]), (200, &"audio/wav".parse().expect("a value")));
    assert!(recording.bytes.starts_with(b"RIFF") && recording.bytes.len() == 844);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_exist_is_not_found() {
    let world = LocalStack::start().await;
    for path in ["00000000-0000-4000-8000-000000000000", "x", "%20", "4c9b6d5d"] {
        for rest in ["", "/events", "/recording"] {
            assert_eq!(
                world.api.get(&format!("/v1/calls/{path}{rest}")).await.refusal(404),
                "not_found",
                "{path}{rest}"
            );
        }
        let closed = world.api.post(&format!("/v1/calls/{path}/close"), &json!({})).await;
        assert_eq!(closed.refusal(404), "not_found", "{path}");
        assert_eq!(world.api.delete(&format!("/v1/webhooks/{path}")).await.refusal(404), "not_found", "{path}");
    }
}
