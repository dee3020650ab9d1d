//! Document 003: dialling an outbound phone call over verbex's API facade.

use domain::ids::AgentId;
use domain::key::Permission;
use serde_json::{Value, json};

use super::{Document, Row, flat, places};
use crate::harness::stack::api::Answer;
use crate::harness::stack::hooks::Hooks;
use crate::harness::stack::local_stack::{LocalStack, PATIENCE, dev, until};

pub(super) static DOCUMENT: Document = Document { title: "003 Dial an outbound phone call (verbex)", rows: &ROWS };

const PATH: &str = "/v1/calls/dial-outbound-phone-call";

/// Names of all fields in the document's answer.
const ANSWER: [&str; 19] = [
    "_id",
    "ai_agent_id",
    "ai_agent_name",
    "call_status",
    "override_ai_agent_id",
    "metadata",
    "pia_llm_dynamic_data",
    "call_start_time",
    "call_end_time",
    "messages",
    "recorded_call_audio_url",
    "access_token",
    "call_duration_seconds",
    "call_type",
    "from_number",
    "to_number",
    "direction",
    "call_finish_reason",
    "call_id",
];

fn request(changes: Value) -> Value {
    let mut body = json!({"from_number": "+15555550100", "to_number": "+15555550011"});
    for (name, value) in changes.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}

async fn asks(world: &LocalStack, changes: Value) -> Answer {
    world.api.post(PATH, &request(changes)).await
}

#[track_caller]
fn accepted(answer: &Answer) -> &str {
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.body["_id"].as_str().expect("an id")
}

/// Waits until the call object has this status, and returns it.
async fn when(world: &LocalStack, id: &str, status: &str) -> Value {
    let look = async || {
        let answer = world.api.get(&format!("/v1/phone-calls/{id}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        Some(answer.body).filter(|body| body["call_status"] == status)
    };
    until(&format!("call {id} is {status}"), PATIENCE, look).await
}

/// Waits until the call object is complete with messages and recording, and returns it.
async fn complete(world: &LocalStack, id: &str) -> Value {
    let look = async || {
        let body = world.api.get(&format!("/v1/phone-calls/{id}")).await.body;
        let said = body["messages"].as_array().is_some_and(|messages| !messages.is_empty());
        Some(body).filter(|body| said && body["recorded_call_audio_url"].is_string())
    };
    until(&format!("call {id} is complete"), PATIENCE, look).await
}

async fn finish_reason(world: &LocalStack, number: &str) -> Value {
    let answer = asks(world, json!({"to_number": number})).await;
    when(world, accepted(&answer), "ended").await["call_finish_reason"].clone()
}

static ROWS: [Row; 27] = [
    row!("answer `201`", "the whole call object", |world| {
        let answer = asks(world, json!({})).await;
        let id = accepted(&answer);
        assert!(id.len() == 24 && id.bytes().all(|digit| digit.is_ascii_hexdigit()), "{id}");
        for field in ANSWER {
            assert!(answer.body.get(field).is_some(), "{field}");
        }
        assert_eq!(answer.body.as_object().map(serde_json::Map::len), Some(ANSWER.len()));
        assert_eq!(answer.body["call_status"], "registered");
        assert_eq!((&answer.body["call_type"], &answer.body["direction"]), (&json!("phone_call"), &json!("outbound")));
        assert_eq!(answer.body["messages"], json!([]));
    }),
    row!("field `from_number`", "required, E.164; the agent is the one that owns it", |world| {
        let answer = asks(world, json!({})).await;
        accepted(&answer);
        let agent = AgentId::for_slug(&dev().organization, "demo-voice");
        assert_eq!(answer.body["ai_agent_id"], json!(agent));
        assert_eq!(
            (&answer.body["ai_agent_name"], &answer.body["from_number"]),
            (&json!("Demo voice agent"), &json!("+15555550100"))
        );
        assert_eq!(places(&asks(world, json!({"from_number": "5550100"})).await), ["body.from_number"]);
    }),
    row!("field `to_number`", "required, E.164", |world| {
        assert_eq!(asks(world, json!({})).await.body["to_number"], "+15555550011");
        for wrong in [json!("555 0123"), json!(5), json!(null)] {
            assert_eq!(places(&asks(world, json!({"to_number": wrong})).await), ["body.to_number"]);
        }
    }),
    row!("field `direction`", "`outbound`; `inbound` is 422", |world| {
        accepted(&asks(world, json!({"direction": "outbound"})).await);
        for wrong in ["inbound", "sideways"] {
            assert_eq!(places(&asks(world, json!({"direction": wrong})).await), ["body.direction"]);
        }
    }),
    row!("field `call_id`", "the caller's own identifier, and the idempotency key", |world| {
        let first = asks(world, json!({"call_id": "v-one", "to_number": "+15555550001"})).await;
        assert_eq!(first.body["call_id"], "v-one");
        when(world, accepted(&first), "ended").await;
        let again = asks(world, json!({"call_id": "v-one", "to_number": "+15555550001"})).await;
        assert_eq!((accepted(&again), again.is_replay()), (accepted(&first), true));
        assert_eq!(
            (&again.body["call_status"], &again.body["call_finish_reason"]),
            (&json!("ended"), &json!("line_busy"))
        );
        let other = asks(world, json!({"call_id": "v-one"})).await;
        assert_eq!(flat(&other, 422), "idempotency_key_reused");
    }),
    row!("field `call_id`, left out", "one is generated", |world| {
        let (one, other) = (asks(world, json!({})).await, asks(world, json!({})).await);
        assert_ne!(accepted(&one), accepted(&other));
        assert_eq!(one.body["call_id"], one.body["_id"]);
    }),
    row!("field `override_ai_agent_id`", "another agent holds the call, from the same number", |world| {
        let id = world.agent(&dev(), "v-other", |_| {}).await;
        let answer = asks(world, json!({"override_ai_agent_id": "v-other"})).await;
        accepted(&answer);
        assert_eq!(
            (&answer.body["ai_agent_id"], &answer.body["override_ai_agent_id"]),
            (&json!(id), &json!("v-other"))
        );
        assert_eq!(answer.body["from_number"], "+15555550100");
    }),
    row!("field `metadata`", "kept as it came", |world| {
        let answer = asks(world, json!({"metadata": {"a": [1, null]}})).await;
        assert_eq!(answer.body["metadata"], json!({"a": [1, null]}));
        let read = world.api.get(&format!("/v1/phone-calls/{}", accepted(&answer))).await;
        assert_eq!(read.body["metadata"], json!({"a": [1, null]}));
        assert_eq!(places(&asks(world, json!({"metadata": [1]})).await), ["body.metadata"]);
    }),
    row!("field `pia_llm_dynamic_data`", "for the agent; shown again", |world| {
        let data = json!({"name": "Ada", "plan": {"tier": 2}});
        let answer = asks(world, json!({"pia_llm_dynamic_data": data})).await;
        accepted(&answer);
        assert_eq!(answer.body["pia_llm_dynamic_data"], data);
        assert_eq!(places(&asks(world, json!({"pia_llm_dynamic_data": 1})).await), ["body.pia_llm_dynamic_data"]);
    }),
    row!("other fields", "ignored", |world| {
        accepted(&asks(world, json!({"something": 1})).await);
    }),
    row!("everything that is wrong", "in one 422, with its place", |world| {
        let body = json!({"direction": 1, "call_id": "", "override_ai_agent_id": 5, "metadata": 1, "pia_llm_dynamic_data": []});
        let answer = world.api.post(PATH, &body).await;
        let expected = [
            "from_number",
            "to_number",
            "direction",
            "call_id",
            "override_ai_agent_id",
            "metadata",
            "pia_llm_dynamic_data",
        ];
        assert_eq!(places(&answer), expected.map(|field| format!("body.{field}")));
        assert_eq!(answer.body["detail"][0]["type"], "missing");
    }),
    row!("a body that is no JSON object", "422", |world| {
        for body in ["", "{", "[]"] {
            assert_eq!(places(&world.api.post_text(PATH, "v-json", body.to_owned()).await), ["body"], "{body}");
        }
    }),
    row!("error `401`", "`{error, message}`", |world| {
        let answer = world.api.without_key().post(PATH, &request(json!({}))).await;
        assert_eq!(flat(&answer, 401), "unauthorized");
    }),
    row!("error `403`", "`permission_denied` or `do_not_call`, `{error, message}`", |world| {
        let key = world.key(&dev(), |key| key.permissions = vec![Permission::CanReadConversations]).await;
        let answer = world.api.with_key(&key).post(PATH, &request(json!({}))).await;
        assert_eq!(flat(&answer, 403), "permission_denied");
        world.suppress(&dev(), "+15555550062").await;
        assert_eq!(flat(&asks(world, json!({"to_number": "+15555550062"})).await, 403), "do_not_call");
    }),
    row!("error `404`", "nobody owns `from_number`", |world| {
        assert_eq!(flat(&asks(world, json!({"from_number": "+15555550199"})).await, 404), "not_found");
        assert_eq!(flat(&asks(world, json!({"override_ai_agent_id": "nobody"})).await, 404), "not_found");
    }),
    row!("errors `413` and `415`", "`{error, message}`", |world| {
        let body = request(json!({"metadata": {"x": "y".repeat(300_000)}})).to_string();
        assert_eq!(flat(&world.api.post_text(PATH, "v-large", body).await, 413), "payload_too_large");
        let post = world.api.request(reqwest::Method::POST, PATH).header("content-type", "text/plain").body("{}");
        assert_eq!(flat(&crate::harness::stack::api::answer(post).await, 415), "unsupported_media_type");
    }),
    row!("status `registered`", "not answered yet", |world| {
        assert_eq!(asks(world, json!({"to_number": "+15555550002"})).await.body["call_status"], "registered");
    }),
    row!("status `ongoing`", "answered", |world| {
        let answer = asks(world, json!({})).await;
        let call = when(world, accepted(&answer), "ongoing").await;
        assert!(call["call_start_time"].is_string() && call["call_end_time"].is_null());
    }),
    row!("status `ended`", "`messages`, duration, times and recording are there", |world| {
        let answer = asks(world, json!({"to_number": "+15555550123"})).await;
        let call = complete(world, accepted(&answer)).await;
        assert_eq!(call["call_finish_reason"], "user_ended_call");
        assert!(call["call_duration_seconds"].as_u64().is_some_and(|seconds| seconds > 0));
        assert!(call["call_start_time"].is_string() && call["call_end_time"].is_string());
        let role =
            |role: &str| call["messages"].as_array().expect("messages").iter().any(|message| message["role"] == role);
        assert!(role("agent") && role("user"), "{call}");
    }),
    row!("status `error`", "something failed", |world| {
        let answer = asks(world, json!({"to_number": "+15555550005"})).await;
        assert_eq!(when(world, accepted(&answer), "error").await["call_finish_reason"], "call_failed");
    }),
    row!(
        "reason `line_busy`",
        "told by the simulator's busy number; all 26 by a table in the code, both ways",
        |world| {
            assert_eq!(finish_reason(world, "+15555550001").await, "line_busy");
        }
    ),
    row!("reason `no_answer`", "told by the simulator's number that nobody answers", |world| {
        assert_eq!(finish_reason(world, "+15555550002").await, "no_answer");
    }),
    row!("reason `voicemail_detected`", "told by the simulator's voicemail", |world| {
        assert_eq!(finish_reason(world, "+15555550003").await, "voicemail_detected");
    }),
    row!("field `recorded_call_audio_url`", "an address that works as it stands", |world| {
        let answer = asks(world, json!({"to_number": "+15555550124"})).await;
        let call = complete(world, accepted(&answer)).await;
        let url = call["recorded_call_audio_url"].as_str().expect("an address");
        let path = url.strip_prefix(world.stack.url()).expect("it is this API's");
        let audio = world.api.without_key().get(path).await;
        assert_eq!((audio.status, audio.headers["content-type"].to_str().ok()), (200, Some("audio/wav")));
    }),
    row!("field `access_token`", "opens this call's recording and transcript for an hour, and nothing else", |world| {
        let call = asks(world, json!({"to_number": "+15555550125"})).await;
        let other = asks(world, json!({})).await;
        let (id, other) = (accepted(&call).to_owned(), accepted(&other).to_owned());
        let token = call.body["access_token"].as_str().expect("a token").to_owned();
        complete(world, &id).await;
        let anybody = world.api.without_key();
        for path in ["recording", "transcript"] {
            let opened = anybody.get(&format!("/v1/phone-calls/{id}/{path}?access_token={token}")).await;
            assert_eq!(opened.status, 200, "{}", opened.text());
            let bearer = world.api.with_key(&token).get(&format!("/v1/phone-calls/{id}/{path}")).await;
            assert_eq!(bearer.status, 200, "{}", bearer.text());
            for closed in [
                format!("{other}/{path}?access_token={token}"),
                format!("{id}/{path}?access_token={token}x"),
                format!("{id}/{path}"),
            ] {
                assert_eq!(flat(&anybody.get(&format!("/v1/phone-calls/{closed}")).await, 401), "unauthorized");
            }
        }
        assert_eq!(world.api.with_key(&token).get(&format!("/v1/phone-calls/{id}")).await.status, 401);
        assert_eq!(world.api.with_key(&token).get("/v1/calls").await.status, 401);
        assert_eq!(world.api.with_key(&token).post(PATH, &request(json!({}))).await.status, 401);
    }),
    row!("`GET /v1/phone-calls/{id}`", "the same object; 404 where there is none", |world| {
        let answer = asks(world, json!({"metadata": {"n": 1}})).await;
        let read = world.api.get(&format!("/v1/phone-calls/{}", accepted(&answer))).await;
        let but_token = |body: &Value| {
            let fields = body.as_object().expect("an object").clone();
            let moving = ["access_token", "call_status", "call_start_time"];
            fields.into_iter().filter(|(name, _)| !moving.contains(&name.as_str())).collect::<serde_json::Map<_, _>>()
        };
        assert_eq!(but_token(&read.body), but_token(&answer.body));
        for nobody in ["0123456789abcdef01234567", "x", "3337ecb1-268a-8170-ad5a-b292be06b553"] {
            assert_eq!(flat(&world.api.get(&format!("/v1/phone-calls/{nobody}")).await, 404), "not_found");
        }
    }),
    row!("webhooks", "the native ones, with the request's metadata", |world| {
        let mut hooks = Hooks::register(world).await;
        asks(world, json!({"to_number": "+15555550001", "metadata": {"mine": "verbex"}})).await;
        loop {
            let event = hooks.next().await.event();
            if event["metadata"] == json!({"mine": "verbex"}) {
                assert_eq!((&event["event"], &event["data"]["endReason"]), (&json!("call.ended"), &json!("busy")));
                break;
            }
        }
    }),
];
