//! Tests of creating and changing agents.

use domain::ids::{Mode, Scope};
use serde_json::{Value, json};

use crate::harness::stack::local_stack::{LocalStack, dev};

fn texting() -> Value {
    json!({
        "slug": "front-desk", "name": "Front desk", "channel": "sms", "requiredVariables": ["firstName"],
        "sms": {
            "kind": "custom",
            "prompt": "You confirm {{firstName}}'s appointment.",
            "opening": { "by": "template", "text": "Hello {{firstName}}!" },
            "model": { "baseUrl": "https://models.example.com/v1", "model": "small", "temperature": 0.7 },
            "tools": [{ "name": "book", "description": "Books.", "url": "https://tools.example.com/book" }],
            "helpText": "Call us."
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_made_once_listed_and_changed_by_a_merge_patch_that_counts_versions() {
    let world = LocalStack::start().await;
    let made = world.api.post_once("/v1/agents", "desk", &texting()).await;
    let agent = made.data(201).clone();
    assert!(agent["toolSecret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")));
    assert_eq!((&agent["version"], &agent["sms"]["gatheringMs"]), (&json!(1), &json!(2_000)));
    assert_eq!(agent["sms"]["model"]["temperature"], json!(0.7));
    let again = world.api.post_once("/v1/agents", "desk", &texting()).await;
    assert_eq!(
        (&again.data(201)["id"], again.is_replay(), &again.data(201)["toolSecret"]),
        (&agent["id"], true, &Value::Null)
    );
    assert_eq!(world.api.post("/v1/agents", &texting()).await.refusal(409), "conflict");

    let path = format!("/v1/agents/{}", agent["id"].as_str().unwrap());
    let patch = json!({ "name": "Desk", "retentionDays": 90, "sms": { "helpText": null, "maxToolCalls": 2, "model": { "temperature": 1 } } });
    let changed = world.api.patch(&path, &patch).await.data(200).clone();
    assert_eq!((&changed["version"], &changed["name"]), (&json!(2), &json!("Desk")));
    assert_eq!((&changed["sms"]["helpText"], &changed["sms"]["maxToolCalls"]), (&Value::Null, &json!(2)));
    assert_eq!(changed["sms"]["model"]["model"], json!("small"));
    assert_eq!((&agent["retentionDays"], &changed["retentionDays"]), (&Value::Null, &json!(90)));
    assert_eq!(changed["sms"]["prompt"], agent["sms"]["prompt"]);
    assert_eq!(world.api.patch(&path, &patch).await.data(200)["version"], json!(2), "nothing changed");
    assert_eq!(world.api.get(&path).await.data(200), &changed);
    let listed = world.api.get("/v1/agents").await.data(200).clone();
    assert_eq!(listed.as_array().map(Vec::len), Some(3));
    let audit = world.api.get("/v1/audit").await.data(200).clone();
    assert_eq!(
        (&audit[0]["action"], &audit[0]["changed"]),
        (&json!("agent.updated"), &json!(["name", "retentionDays", "sms"]))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_setting_of_an_agent_is_named() {
    let world = LocalStack::start().await;
    let wrong = json!({
        "slug": "Front Desk", "channel": "sms", "provider": "pigeon", "number": "555", "requiredVariables": ["a", 1],
        "limits": {}, "colour": "red", "retentionDays": 6,
        "sms": {
            "kind": "managed", "prompt": "Hello {{", "opening": { "by": "template" }, "maxToolCalls": 100,
            "model": { "baseUrl": "ftp://x", "temperature": 9 },
            "tools": [
                { "name": "b k", "description": "Books.", "url": "https://tools.example.com" },
                { "name": "book", "description": "Books.", "url": "nowhere", "parameters": [] },
            ],
            "gatheringMs": -1, "smell": true
        }
    });
    let refused = world.api.post("/v1/agents", &wrong).await;
    let expected = [
        "colour",
        "limits",
        "name",
        "number",
        "provider",
        "requiredVariables[1]",
        "retentionDays",
        "slug",
        "sms.gatheringMs",
        "sms.maxToolCalls",
        "sms.model.baseUrl",
        "sms.model.model",
        "sms.model.temperature",
        "sms.opening",
        "sms.opening.text",
        "sms.prompt",
        "sms.smell",
        "sms.tools[0].name",
        "sms.tools[1].url",
    ];
    assert_eq!(refused.wrong_fields(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_setting_that_a_live_provider_does_not_take_is_named() {
    let world = LocalStack::start().await;
    let keys = world.api.with_key(&world.key(&Scope { mode: Mode::Live, ..dev() }, |_| {}).await);
    let live = |more: Value| {
        let mut agent = json!({ "slug": "live", "channel": "voice", "name": "Live", "provider": "twilio" });
        agent.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        agent
    };
    let both = json!({ "voice": { "opening": "Hello", "relayUrl": "wss://example.com" } });
    let insecure = json!({ "voice": { "relayUrl": "ws://example.com", "language": "en us", "record": "yes" } });
    let texter =
        json!({ "channel": "sms", "sms": { "prompt": "Hello", "answers": false }, "voice": { "opening": "Hello" } });
    for (more, expected) in [
        (json!({ "provider": "vapi", "channel": "sms", "sms": { "prompt": "Hello" } }), &["provider"][..]),
        (
            json!({ "provider": "retell", "channel": "sms", "sms": { "prompt": "Hello", "fallbackText": "Later." } }),
            &["sms"],
        ),
        (
            json!({ "channel": "sms", "sms": { "prompt": "Hello", "answers": false, "providerAgentId": "agent" } }),
            &["sms"],
        ),
        (json!({ "channel": "sms", "sms": { "prompt": "Hello" } }), &["sms.model"]),
        (json!({ "provider": "vapi" }), &["voice"]),
        (json!({}), &["voice"]),
        (both, &["voice"]),
        (insecure, &["voice.language", "voice.record", "voice.relayUrl"]),
        (texter, &["voice"]),
        (json!({ "number": "+15555550999", "voice": { "opening": "Hello {{" } }), &["number", "voice.opening"]),
    ] {
        assert_eq!(keys.post("/v1/agents", &live(more.clone())).await.wrong_fields(), expected, "{more}");
    }
    let made = keys.post("/v1/agents", &live(json!({ "voice": { "opening": "Hello" } }))).await;
    assert_eq!(made.data(201)["voice"]["opening"], "Hello");
    let path = format!("/v1/agents/{}", world.api.get("/v1/agents").await.data(200)[0]["id"].as_str().unwrap());
    let refused = world.api.patch(&path, &json!({ "slug": "other", "channel": "fax", "version": 7 })).await;
    assert_eq!(refused.wrong_fields(), ["channel", "slug", "version"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_made_over_http_places_calls_and_holds_conversations() {
    let world = LocalStack::start().await;
    let voice = json!({ "slug": "caller", "name": "Caller", "channel": "voice", "number": "+15555550142", "limits": { "ringSeconds": 30 } });
    let voice = world.api.post("/v1/agents", &voice).await.data(201).clone();
    assert_eq!(voice["limits"], json!({ "ringSeconds": 30, "maxDurationSeconds": 1_800 }));
    let call = json!({ "agentId": voice["id"], "toNumber": "+15555550001" });
    world.api.post_once("/v1/calls", "by-the-new-agent", &call).await.accepted();
    world.api.post("/v1/agents", &texting()).await.data(201);
    let text = json!({
        "agentSlug": "front-desk", "toNumber": "+15555550150", "fromNumber": "+15555550151",
        "dynamicVariables": { "firstName": "Ada" }
    });
    let opened = world.api.post("/v1/sms-conversations", &text).await.data(201).clone();
    let path = format!("/v1/sms-conversations/{}/messages", opened["conversationId"].as_str().unwrap());
    assert_eq!(world.api.get(&path).await.data(200)[0]["content"], json!("Hello Ada!"));
}
