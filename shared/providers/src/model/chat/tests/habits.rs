//! Tests of the learned request options, and of reasoning in answers.

use std::sync::Arc;

use futures::FutureExt as _;
use serde_json::{Value, json};
use url::Url;

use super::{completion, question, reply, settings};
use crate::egress::{Egress, EgressPolicy, OutboundRequest};
use crate::model::chat::{ChatCompletions, ChatSettings};
use crate::model::{Habits, Model as _, ModelError, Reply};
use crate::socket::{answer, http, listen, local_egress};

/// Asks a model whose server answers these one by one. Returns the reply and the bodies of the requests.
async fn asked_in_turn(
    habits: &Habits,
    temperature: f64,
    answers: &[(u16, Value)],
) -> (Result<Reply, ModelError>, Vec<Value>) {
    let (listener, url) = listen().await;
    let settings = ChatSettings { temperature: Some(temperature), ..settings(url.join("v1").unwrap()) };
    let server = ServedAt("https://reasoning.example/v1".parse().unwrap());
    let model = ChatCompletions::new(
        server.instead_of(&url),
        habits.clone(),
        ChatSettings { base_url: server.0.clone(), ..settings },
    );
    let prompt = question();
    let serve = async {
        let mut bodies = Vec::new();
        for (status, body) in answers {
            bodies.push(answer(&listener, &http(*status, "", &body.to_string())).await.json());
        }
        bodies
    };
    let (reply, bodies) = tokio::join!(model.complete(&prompt), serve);
    assert!(listener.accept().now_or_never().is_none(), "it was asked once more");
    (reply, bodies)
}

/// Server that is known by one address and listens on another.
struct ServedAt(Url);

impl ServedAt {
    fn instead_of(&self, real: &Url) -> Egress {
        let real = real.clone();
        let exchange = move |request: OutboundRequest| {
            let url = real.join(request.url.path()).unwrap();
            async move { local_egress().send(OutboundRequest { url, ..request }).await }.boxed()
        };
        Egress::through(EgressPolicy::default(), Arc::new(exchange))
    }
}

fn unsupported(parameter: &str, advice: &str) -> Value {
    let message = format!("Unsupported parameter: '{parameter}' is not supported with this model. {advice}");
    json!({"error": {"message": message, "type": "invalid_request_error", "param": parameter, "code": "unsupported_parameter"}})
}

fn said(content: &str, finish_reason: &str) -> Value {
    serde_json::from_str(&completion(json!({"role": "assistant", "content": content}), finish_reason)).unwrap()
}

#[tokio::test]
async fn a_model_that_refuses_a_parameter_is_asked_without_it_and_from_then_on_at_once() {
    let habits = Habits::default();
    let answers = [
        (400, unsupported("max_tokens", "Use 'max_completion_tokens' instead.")),
        (400, unsupported("temperature", "Only the default (1) value is supported.")),
        (200, said("One.", "stop")),
    ];
    let (reply, bodies) = asked_in_turn(&habits, 0.7, &answers).await;
    assert!(reply.unwrap() == Reply::Text("One.".to_owned()));
    assert_eq!((&bodies[0]["max_tokens"], &bodies[0]["temperature"]), (&json!(200), &json!(0.7)));
    assert_eq!((&bodies[1]["max_tokens"], &bodies[1]["max_completion_tokens"]), (&Value::Null, &json!(200)));
    assert_eq!((&bodies[2]["temperature"], &bodies[2]["max_completion_tokens"]), (&Value::Null, &json!(200)));
    let (reply, bodies) = asked_in_turn(&habits, 0.7, &[(200, said("Two.", "stop"))]).await;
    assert!(reply.is_ok());
    assert_eq!((&bodies[0]["temperature"], &bodies[0]["max_completion_tokens"]), (&Value::Null, &json!(200)));
}

#[tokio::test]
async fn a_model_that_refuses_both_parameters_is_asked_twice_and_nothing_is_learned() {
    let habits = Habits::default();
    let refusals =
        [(400, unsupported("max_tokens", "")), (400, unsupported("max_completion_tokens", "No: sk-test-4711."))];
    for _ in 0..2 {
        let (reply, _) = asked_in_turn(&habits, 0.7, &refusals).await;
        let error = reply.unwrap_err();
        assert_eq!(error.to_string(), "the model answered 400 (unsupported_parameter)");
        let told = "Unsupported parameter: 'max_completion_tokens' is not supported with this model. No: ….";
        assert_eq!(error.told(), format!("{error}: {told}"));
    }
}

#[tokio::test]
async fn a_model_that_thought_for_all_it_may_say_is_given_room_to_think_once() {
    let habits = Habits::default();
    let answers = [(200, said("", "length")), (200, said("One.", "stop"))];
    let (reply, bodies) = asked_in_turn(&habits, 0.7, &answers).await;
    assert!(reply.unwrap() == Reply::Text("One.".to_owned()));
    assert_eq!((&bodies[0]["max_tokens"], &bodies[1]["max_tokens"]), (&json!(200), &json!(4_296)));
    let (reply, _) = asked_in_turn(&habits, 0.7, &[(200, said("<think>They", "length"))]).await;
    assert!(matches!(reply, Err(ModelError::SpentThinking)));
}

#[tokio::test]
async fn what_a_model_thinks_is_said_to_nobody() {
    for (content, said) in [
        ("<think>They want a Saab.</think>\n\nWe have one.", Some("We have one.")),
        ("They want a Saab.</think>We have one.", Some("We have one.")),
        ("<think>They want a Saab. Should I", None),
    ] {
        match reply(json!({"content": content}), "stop").await {
            Ok(reply) => assert!(Some(reply) == said.map(|said| Reply::Text(said.to_owned())), "{content}"),
            Err(error) => assert!(matches!(error, ModelError::Empty) && said.is_none(), "{content}"),
        }
    }
}
