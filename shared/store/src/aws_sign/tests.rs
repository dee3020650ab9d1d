use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_async::time::StaticTimeSource;
use aws_smithy_runtime_api::client::auth::{AuthScheme, AuthSchemeId, Sign};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::identity::SharedIdentityResolver;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::{GetIdentityResolver, RuntimeComponents};
use aws_smithy_types::body::SdkBody;

use super::{SigV4, basic_date, host, is_about, is_canonical};

/// HTTP client that answers every request by a function and records the requests.
#[derive(Clone, Debug)]
struct Asked {
    answer: fn(&HttpRequest) -> HttpResponse,
    requests: Arc<Mutex<Vec<HttpRequest>>>,
}

fn answer(status: u16, body: &'static str) -> HttpResponse {
    HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))
}

fn done(_: &HttpRequest) -> HttpResponse {
    answer(200, "{}")
}

fn broken(_: &HttpRequest) -> HttpResponse {
    answer(500, "{}")
}

/// Answers as a server whose clock shows 15:00 and that accepts no other time.
fn an_hour_ahead(request: &HttpRequest) -> HttpResponse {
    let is_right = request.headers().get("x-amz-date").is_some_and(|date| date.starts_with("20260410T1500"));
    let mut answer = if is_right { done(request) } else { answer(400, r#"{"__type":"InvalidSignatureException"}"#) };
    answer.headers_mut().insert("date", "Fri, 10 Apr 2026 15:00:00 GMT");
    answer
}

impl Asked {
    fn answering(answer: fn(&HttpRequest) -> HttpResponse) -> Self {
        Self { answer, requests: Arc::default() }
    }

    /// Returns each request's signature headers and its attempt header, which the signature depends on.
    fn signatures(&self) -> Vec<[Option<String>; 4]> {
        let requests = self.requests.lock().unwrap();
        let of = |request: &HttpRequest| {
            ["authorization", "x-amz-date", "x-amz-security-token", "amz-sdk-request"]
                .map(|name| request.headers().get(name).map(str::to_owned))
        };
        requests.iter().map(of).collect()
    }
}

impl HttpConnector for Asked {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.requests.lock().unwrap().push(request.try_clone().unwrap());
        HttpConnectorFuture::ready(Ok((self.answer)(&request)))
    }
}

impl HttpClient for Asked {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// Parameters of a signature: credentials, time and endpoint.
#[derive(Clone, Copy)]
struct Case {
    token: Option<&'static str>,
    seconds: u64,
    endpoint: Option<&'static str>,
    region: &'static str,
}

const USUAL: Case =
    Case { token: Some("IQoJb3JpZ2lu/+="), seconds: 1_775_829_600, endpoint: None, region: "eu-central-1" };

/// Generator of one fixed invocation id. The id is signed, so that a comparison needs the same id on both sides.
#[derive(Debug)]
struct OneId;

impl aws_runtime::invocation_id::InvocationIdGenerator for OneId {
    fn generate(
        &self,
    ) -> Result<Option<aws_runtime::invocation_id::InvocationId>, aws_smithy_runtime_api::box_error::BoxError> {
        Ok(Some(aws_runtime::invocation_id::InvocationId::new("00000000-0000-4000-8000-000000000000".to_owned())))
    }
}

/// Creates clients for a case, with our signer or with the SDK's.
fn clients(case: Case, is_ours: bool, asked: &Asked) -> (aws_sdk_dynamodb::Client, aws_sdk_sqs::Client) {
    let now: SystemTime = UNIX_EPOCH + Duration::from_secs(case.seconds);
    let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI", case.token.map(str::to_owned), None, "test");
    macro_rules! client {
        ($sdk:ident, $name:literal) => {{
            let mut config = $sdk::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new(case.region))
                .credentials_provider(credentials.clone())
                .time_source(StaticTimeSource::new(now))
                .invocation_id_generator(OneId)
                .retry_config(RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::ZERO))
                .http_client(asked.clone());
            config.set_endpoint_url(case.endpoint.map(str::to_owned));
            if is_ours {
                config = config.push_auth_scheme(SigV4::new(case.region, $name));
            }
            $sdk::Client::from_conf(config.build())
        }};
    }
    (client!(aws_sdk_dynamodb, "dynamodb"), client!(aws_sdk_sqs, "sqs"))
}

/// Sends two requests to both services and returns their signatures.
async fn signed(case: Case, is_ours: bool, answer: fn(&HttpRequest) -> HttpResponse) -> Vec<[Option<String>; 4]> {
    let asked = Asked::answering(answer);
    let (dynamodb, sqs) = clients(case, is_ours, &asked);
    for text in ["", "Grüße, \"J\"\n"] {
        let put = dynamodb.put_item().table_name("ringdown").item("pk", AttributeValue::S(text.to_owned()));
        put.send().await.ok();
        sqs.send_message().queue_url("https://sqs/1/q").message_body(text).send().await.ok();
    }
    asked.signatures()
}

#[tokio::test]
async fn what_is_signed_here_is_signed_as_the_sdk_signs_it() {
    let cases = [
        USUAL,
        Case { token: None, ..USUAL },
        Case { seconds: 951_782_399, ..USUAL },
        Case { region: "us-gov-west-1", ..USUAL },
        Case { region: "local", ..USUAL },
        Case { endpoint: Some("http://127.0.0.1:8000"), ..USUAL },
        Case { endpoint: Some("http://127.0.0.1:80/"), ..USUAL },
        Case { endpoint: Some("https://localhost:443"), ..USUAL },
        Case { endpoint: Some("https://localhost:80"), ..USUAL },
        Case { endpoint: Some("https://localhost/a/path"), ..USUAL },
    ];
    for case in cases {
        let (ours, theirs) = (signed(case, true, done).await, signed(case, false, done).await);
        assert_eq!(ours.len(), 4);
        assert!(ours.iter().all(|signed| signed[0].is_some() && signed[2].as_deref() == case.token));
        assert_eq!(ours, theirs, "{:?} in {}", case.endpoint, case.region);
    }
}

/// Wrapper around our scheme that keeps it accessible to the test.
#[derive(Clone, Debug)]
struct Watched(Arc<SigV4>);

impl AuthScheme for Watched {
    fn scheme_id(&self) -> AuthSchemeId {
        self.0.scheme_id()
    }

    fn identity_resolver(&self, resolvers: &dyn GetIdentityResolver) -> Option<SharedIdentityResolver> {
        self.0.identity_resolver(resolvers)
    }

    fn signer(&self) -> &dyn Sign {
        self.0.signer()
    }
}

/// Checks that our signer signs at all. The comparison above would also pass if every request fell back to the SDK's
/// signer.
#[tokio::test]
async fn what_the_sdk_sends_is_of_the_usual_kind() {
    let ours = Watched(Arc::new(SigV4::new(USUAL.region, "dynamodb")));
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(USUAL.region))
        .credentials_provider(Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI", None, None, "test"))
        .http_client(Asked::answering(done))
        .push_auth_scheme(ours.clone());
    let client = aws_sdk_dynamodb::Client::from_conf(config.build());
    client.put_item().table_name("ringdown").item("pk", AttributeValue::S("a".to_owned())).send().await.unwrap();
    assert!(ours.0.0.key.lock().unwrap().is_some(), "it has made the day's key");
}

#[test]
fn a_clock_that_is_off_by_a_second_is_right_in_any_second_of_a_minute() {
    let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
    let date = |seconds| basic_date(at(seconds)).unwrap();
    for (theirs, now, expected) in
        [(0, 0, true), (59, 60, true), (60, 59, true), (119, 60, true), (200, 60, false), (0, 200, false)]
    {
        assert_eq!(is_about(&date(86_400 + theirs), at(86_400 + now)), expected, "{theirs} and {now}");
    }
}

#[test]
fn the_usual_request_is_signed_here_and_any_other_is_not() {
    let SigV4(signer) = SigV4::new("eu-central-1", "dynamodb");
    let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI", None, None, "test");
    let is_signed = |uri: &str, target: &'static str| {
        let mut request = HttpRequest::new(SdkBody::from("{}"));
        request.set_method("POST").unwrap();
        request.set_uri(uri).unwrap();
        request.headers_mut().insert("x-amz-target", target);
        signer.signed(&request, &credentials, UNIX_EPOCH + Duration::from_secs(USUAL.seconds)).is_some()
    };
    assert!(is_signed("https://dynamodb.eu-central-1.amazonaws.com/", "DynamoDB_20120810.PutItem"));
    assert!(!is_signed("https://dynamodb.eu-central-1.amazonaws.com/a", "DynamoDB_20120810.PutItem"));
    assert!(!is_signed("https://dynamodb.eu-central-1.amazonaws.com/", "two  spaces"));
}

#[tokio::test]
async fn a_second_attempt_is_signed_too() {
    let (ours, theirs) = (signed(USUAL, true, broken).await, signed(USUAL, false, broken).await);
    assert_eq!(ours.len(), 8);
    assert_eq!(ours, theirs);
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_found_out_and_reckoned_with_from_then_on() {
    let (ours, theirs) = (signed(USUAL, true, an_hour_ahead).await, signed(USUAL, false, an_hour_ahead).await);
    let dates: Vec<&str> = ours.iter().filter_map(|signed| signed[1].as_deref()).collect();
    let (wrong, right) = ("20260410T140000Z", "20260410T150000Z");
    assert_eq!(dates, [wrong, right, wrong, right, right, right], "each service once");
    assert_eq!(ours, theirs);
}

#[test]
fn a_host_is_what_an_address_says_of_it_and_nothing_else() {
    assert_eq!(host("https://sqs.eu-central-1.amazonaws.com"), Some("sqs.eu-central-1.amazonaws.com"));
    assert_eq!(host("https://localhost:443/"), Some("localhost"));
    assert_eq!(host("http://localhost:443/"), Some("localhost:443"));
    for other in ["https://h/path", "https://h/?a=b", "https://h#f", "https://me@h", "https://", "ftp://h", "h"] {
        assert_eq!(host(other), None, "{other}");
    }
}

#[test]
fn a_value_with_spaces_to_be_taken_away_is_not_for_us() {
    for (value, expected) in [("a b", true), ("", true), (" a", false), ("a ", false), ("a  b", false), ("a\tb", false)]
    {
        assert_eq!(is_canonical(value), expected, "{value:?}");
    }
}

#[test]
fn a_moment_is_written_without_what_separates_its_parts() {
    assert_eq!(basic_date(UNIX_EPOCH + Duration::from_millis(1_775_829_600_999)).as_deref(), Some("20260410T140000Z"));
    assert_eq!(basic_date(UNIX_EPOCH - Duration::from_secs(1)), None);
}
