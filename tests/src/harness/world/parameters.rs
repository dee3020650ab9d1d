//! Parameter Store of SSM, as far as the program uses it: signed `GetParameters` requests. The simulated IAM must
//! permit each read.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use futures::FutureExt;
use providers::egress::{Answer, Egress, EgressPolicy, OutboundRequest};
use providers::{ParameterStore, Secrets};
use serde_json::{Value, json};
use store::clock::Clock;

use crate::harness::aws::{REGION, grants};

/// Path of the deployment's parameters.
const PREFIX: &str = "/ringdown";

/// Parameters of a deployment by name. Tests may change them.
pub(crate) type Held = Arc<Mutex<BTreeMap<String, String>>>;

/// Returns the secrets of a deployment with these parameters, by their names below its path. Nothing is cached yet, as
/// in a process that has just started.
pub(crate) fn secrets(held: &Held, clock: Clock) -> Secrets {
    let held = Arc::clone(held);
    let store = ParameterStore {
        egress: Egress::through(
            EgressPolicy::default(),
            Arc::new(move |request| futures::future::ready(Ok(answer(&held.lock().unwrap(), &request))).boxed()),
        ),
        endpoint: ParameterStore::endpoint_of(REGION).expect("it is a region"),
        region: REGION.to_owned(),
        credentials: Credentials::new("AKIDEXAMPLE", "a secret", Some("a session".to_owned()), None, "test"),
        prefix: PREFIX.to_owned(),
        clock: clock.clone(),
    };
    Secrets::of_parameter_store(store, clock)
}

fn answer(held: &BTreeMap<String, String>, request: &OutboundRequest) -> Answer {
    let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    assert_eq!(request.url.as_str(), format!("https://ssm.{REGION}.amazonaws.com/"));
    assert_eq!(header("x-amz-target"), "AmazonSSM.GetParameters");
    let signed_for = format!("/{REGION}/ssm/aws4_request, SignedHeaders=");
    assert!(header("authorization").starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), "it is not signed");
    assert!(header("authorization").contains(&signed_for), "it is signed for something else");
    assert_eq!(header("x-amz-security-token"), "a session");
    grants::note_secrets();
    let asked: Value = serde_json::from_slice(&request.body).expect("it is JSON");
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for name in asked["Names"].as_array().expect("it names parameters").iter().filter_map(Value::as_str) {
        let below = name.strip_prefix(PREFIX).and_then(|name| name.strip_prefix('/')).expect("it is below the path");
        match held.get(below) {
            Some(value) => found.push(json!({"Name": name, "Type": "SecureString", "Value": value})),
            None => missing.push(name),
        }
    }
    let body = json!({"Parameters": found, "InvalidParameters": missing}).to_string();
    Answer { status: 200, retry_after: None, body, cut: false }
}
