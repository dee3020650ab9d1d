//! Tests of the cache of secrets, and of the requests to SSM.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_types::Credentials;
use domain::ids::OrganizationId;
use domain::provider::Provider;
use domain::time::Timestamp;
use futures::FutureExt;
use serde_json::{Value, json};
use store::clock::Clock;

use super::{ParameterStore, Secret, Secrets};
use crate::egress::{Answer, Egress, EgressError, EgressPolicy};

fn clock() -> Clock {
    Clock::of_runtime(Timestamp::parse("2026-04-10T14:00:00Z").unwrap())
}

fn acme() -> OrganizationId {
    OrganizationId::parse("acme").unwrap()
}

fn revealed(secret: Option<Secret>) -> Option<String> {
    secret.map(|secret| secret.reveal().to_owned())
}

/// Fake SSM, with the requests that it received.
#[derive(Clone, Default)]
struct Ssm {
    parameters: Arc<Mutex<BTreeMap<String, String>>>,
    asked: Arc<Mutex<Vec<Value>>>,
    broken: Arc<Mutex<bool>>,
}

impl Ssm {
    fn holds(&self, name: &str, value: &str) {
        self.parameters.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    fn breaks(&self, broken: bool) {
        *self.broken.lock().unwrap() = broken;
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn secrets(&self) -> Secrets {
        let ssm = self.clone();
        let exchange = move |request: crate::egress::OutboundRequest| {
            let header = |name: &str| request.headers.get(name).unwrap().to_str().unwrap().to_owned();
            assert_eq!(request.url.as_str(), "https://ssm.eu-central-1.amazonaws.com/");
            assert_eq!(header("x-amz-target"), "AmazonSSM.GetParameters");
            assert_eq!(header("content-type"), "application/x-amz-json-1.1");
            assert_eq!(header("x-amz-date"), "20260410T140000Z".replace("140000", &header("x-amz-date")[9..15]));
            assert_eq!(header("x-amz-security-token"), "session");
            let authorization = header("authorization");
            let scope = "AWS4-HMAC-SHA256 Credential=AKID/20260410/eu-central-1/ssm/aws4_request, ";
            assert!(authorization.starts_with(scope), "{authorization}");
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            ssm.asked.lock().unwrap().push(body.clone());
            let answer = ssm.answer(&body);
            async move { answer }.boxed()
        };
        let parameters = ParameterStore {
            egress: Egress::through(EgressPolicy::default(), Arc::new(exchange)),
            endpoint: ParameterStore::endpoint_of("eu-central-1").unwrap(),
            region: "eu-central-1".to_owned(),
            credentials: Credentials::new("AKID", "secret", Some("session".to_owned()), None, "test"),
            prefix: "/ringdown".to_owned(),
            clock: clock(),
        };
        Secrets::of_parameter_store(parameters, clock())
    }

    fn answer(&self, body: &Value) -> Result<Answer, EgressError> {
        if *self.broken.lock().unwrap() {
            let body = json!({"__type": "AccessDeniedException", "message": "not you"}).to_string();
            return Ok(Answer { status: 400, retry_after: None, body, cut: false });
        }
        assert_eq!(body["WithDecryption"], true);
        let held = self.parameters.lock().unwrap();
        let names = body["Names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
        let (found, missing): (Vec<&str>, Vec<&str>) = names.partition(|name| held.contains_key(*name));
        let found: Vec<Value> = found.iter().map(|name| json!({"Name": name, "Value": held[*name]})).collect();
        let body = json!({"Parameters": found, "InvalidParameters": missing}).to_string();
        Ok(Answer { status: 200, retry_after: None, body, cut: false })
    }
}

#[tokio::test(start_paused = true)]
async fn an_organizations_own_account_goes_before_the_deployments() {
    let ssm = Ssm::default();
    ssm.holds("/ringdown/providers/twilio", "shared");
    ssm.holds("/ringdown/organizations/acme/providers/twilio", "own");
    ssm.holds("/ringdown/public-url", "https://calls.example.com");
    let secrets = ssm.secrets();
    assert_eq!(revealed(secrets.provider(&acme(), Provider::Twilio).await.unwrap()).as_deref(), Some("own"));
    let other = OrganizationId::parse("other").unwrap();
    assert_eq!(revealed(secrets.provider(&other, Provider::Twilio).await.unwrap()).as_deref(), Some("shared"));
    assert_eq!(revealed(secrets.provider(&acme(), Provider::Retell).await.unwrap()), None);
    // The public URL was read together with the first of them.
    let asked = ssm.asked();
    assert_eq!(secrets.public_url().await.unwrap().as_deref(), Some("https://calls.example.com"));
    assert_eq!(ssm.asked(), asked);
}

#[tokio::test(start_paused = true)]
async fn what_was_read_is_kept_for_five_minutes_and_longer_where_a_refresh_fails() {
    let ssm = Ssm::default();
    ssm.holds("/ringdown/organizations/acme/models/openai", "old");
    let secrets = ssm.secrets();
    let url = "https://llm.example/v1".parse().unwrap();
    let key = || async {
        let access = secrets.model(&acme(), "openai", Some(&url)).await;
        access.map(|access| Some(access.key.reveal().to_owned()))
    };
    assert_eq!(key().await.unwrap().as_deref(), Some("old"));
    ssm.holds("/ringdown/organizations/acme/models/openai", "new");
    tokio::time::advance(Duration::from_secs(299)).await;
    assert_eq!((key().await.unwrap().as_deref(), ssm.asked()), (Some("old"), 1));
    tokio::time::advance(Duration::from_secs(2)).await;
    ssm.breaks(true);
    assert_eq!((key().await.unwrap().as_deref(), ssm.asked()), (Some("old"), 3));
    ssm.breaks(false);
    assert_eq!((key().await.unwrap().as_deref(), ssm.asked()), (Some("new"), 4));
}

#[tokio::test(start_paused = true)]
async fn what_is_doubted_is_read_again_but_not_more_often_than_twice_a_minute() {
    let ssm = Ssm::default();
    ssm.holds("/ringdown/providers/twilio", "old");
    let secrets = ssm.secrets();
    let now = || async { revealed(secrets.provider_now(&acme(), Provider::Twilio).await.unwrap()) };
    assert_eq!(now().await.as_deref(), Some("old"));
    ssm.holds("/ringdown/providers/twilio", "new");
    tokio::time::advance(Duration::from_secs(29)).await;
    assert_eq!((now().await.as_deref(), ssm.asked()), (Some("old"), 1));
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!((now().await.as_deref(), ssm.asked()), (Some("new"), 2));
}

#[tokio::test(start_paused = true)]
async fn what_was_never_read_is_an_error_and_not_absent() {
    let ssm = Ssm::default();
    ssm.breaks(true);
    let error = ssm.secrets().public_url().await.unwrap_err();
    let why = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(why, "SSM answered 400 AccessDeniedException");
}

#[tokio::test(start_paused = true)]
async fn a_key_name_leads_nowhere_but_to_a_models_key() {
    let ssm = Ssm::default();
    ssm.holds("/ringdown/providers/twilio", "shared");
    let secrets = ssm.secrets();
    for name in ["../providers/twilio", "", "a/b", "ö", "a b"] {
        assert!(secrets.model(&acme(), name, None).await.is_err(), "{name}");
    }
    assert_eq!(ssm.asked(), 0);
}

#[tokio::test]
async fn a_file_holds_texts_and_objects_and_need_not_be_there() {
    let path = std::env::temp_dir().join(format!("ringdown-secrets-{}.json", std::process::id()));
    std::fs::write(&path, r#"{"public-url": "https://k", "providers/twilio": {"accountSid": "AC1"}}"#).unwrap();
    let secrets = Secrets::of_file(path.clone(), clock());
    assert_eq!(secrets.public_url().await.unwrap().as_deref(), Some("https://k"));
    let account: Option<Value> = secrets.provider(&acme(), Provider::Twilio).await.unwrap().unwrap().json();
    assert_eq!(account.unwrap()["accountSid"], "AC1");
    std::fs::write(&path, "no JSON, and a secret").unwrap();
    let error = Secrets::of_file(path.clone(), clock()).public_url().await.unwrap_err();
    assert!(!format!("{error:?}").contains("a secret"));
    std::fs::remove_file(&path).unwrap();
    assert_eq!(Secrets::of_file(path, clock()).public_url().await.unwrap(), None);
}

#[test]
fn a_secret_is_not_shown() {
    assert_eq!(format!("{:?}", Secret::new("hush")), "…");
}

#[tokio::test(start_paused = true)]
async fn names_that_lead_to_nothing_take_no_more_memory_than_their_bound() {
    let ssm = Ssm::default();
    ssm.holds("/ringdown/organizations/acme/providers/twilio", "own");
    let secrets = ssm.secrets();
    let own = || async { revealed(secrets.provider(&acme(), Provider::Twilio).await.unwrap()) };
    assert_eq!(own().await.as_deref(), Some("own"));
    assert!(secrets.knows_provider(&acme(), Provider::Twilio));
    for number in 0..super::MOST_KNOWN + 10 {
        let stranger = OrganizationId::parse(&format!("stranger-{number}")).unwrap();
        assert_eq!(revealed(secrets.provider(&stranger, Provider::Twilio).await.unwrap()), None);
    }
    assert!(secrets.known().len() <= super::MOST_KNOWN);
    let asked = ssm.asked();
    assert_eq!((own().await.as_deref(), ssm.asked()), (Some("own"), asked));
    tokio::time::advance(Duration::from_secs(301)).await;
    assert!(!secrets.knows_provider(&acme(), Provider::Twilio));
}
