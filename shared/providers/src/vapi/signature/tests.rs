use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::digest::hex;
use domain::signature::SignatureError;
use domain::time::{Span, Timestamp};
use ring::hmac;
use serde_json::{Value, json};

use super::HmacPlan;
use crate::callback::Callback;

const BODY: &[u8] = br#"{"message":{"type":"status-update"}}"#;
const SECRET: &str = "a shared secret";
const URL: &str = "https://calls.example/inbound/vapi/acme";
const SENT: Timestamp = Timestamp::from_milliseconds(1_700_000_000_000);

fn plan(fields: Value) -> HmacPlan {
    let mut plan = json!({ "type": "hmac", "secretKey": SECRET, "algorithm": "sha256" });
    plan.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    serde_json::from_value(plan).unwrap()
}

fn digest(algorithm: hmac::Algorithm, secret: &[u8], signed: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(algorithm, secret), signed).as_ref().to_vec()
}

fn verify(plan: &HmacPlan, headers: &[(&str, &str)], body: &[u8], now: Timestamp) -> Result<(), SignatureError> {
    let header = |name: &str| headers.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
    plan.verify(Callback { url: URL, header: &header, body }, now)
}

fn signed(prefix: &str) -> Vec<u8> {
    [prefix.as_bytes(), BODY].concat()
}

#[test]
fn by_default_time_and_body_are_signed_by_sha_256_in_hexadecimal() {
    let signature = hex(&digest(hmac::HMAC_SHA256, SECRET.as_bytes(), &signed("1700000000.")));
    let headers = [("x-signature", signature.as_str()), ("x-timestamp", "1700000000")];
    let plan = plan(json!({}));
    assert_eq!(verify(&plan, &headers, BODY, SENT), Ok(()));
    assert_eq!(verify(&plan, &headers, b"{}", SENT), Err(SignatureError::NoMatch));
    assert_eq!(verify(&plan, &headers, BODY, SENT + Span::seconds(301)), Err(SignatureError::TooOld));
    assert_eq!(verify(&plan, &headers, BODY, SENT - Span::seconds(301)), Err(SignatureError::FromTheFuture));
    assert_eq!(verify(&plan, &headers[..1], BODY, SENT), Err(SignatureError::MalformedTimestamp));
    assert_eq!(verify(&plan, &headers[1..], BODY, SENT), Err(SignatureError::NoMatch));
    let later = [headers[0], ("x-timestamp", "1700000001")];
    assert_eq!(verify(&plan, &later, BODY, SENT), Err(SignatureError::NoMatch));
}

#[test]
fn the_time_may_be_told_in_seconds_milliseconds_or_words() {
    for timestamp in ["1700000000", "1700000000000", "2023-11-14T22:13:20Z"] {
        let signature = hex(&digest(hmac::HMAC_SHA256, SECRET.as_bytes(), &signed(&format!("{timestamp}."))));
        let headers = [("x-signature", signature.as_str()), ("x-timestamp", timestamp)];
        assert_eq!(verify(&plan(json!({})), &headers, BODY, SENT), Ok(()), "{timestamp}");
        assert_eq!(verify(&plan(json!({})), &headers, BODY, SENT + Span::minutes(6)), Err(SignatureError::TooOld));
    }
}

#[test]
fn each_field_of_the_plan_counts() {
    let with = |algorithm, name: &str| {
        let signature = hex(&digest(algorithm, SECRET.as_bytes(), BODY));
        let plan = plan(json!({ "algorithm": name, "includeTimestamp": false }));
        verify(&plan, &[("x-signature", &signature)], BODY, SENT)
    };
    assert_eq!(with(hmac::HMAC_SHA256, "sha256"), Ok(()));
    assert_eq!(with(hmac::HMAC_SHA512, "sha512"), Ok(()));
    assert_eq!(with(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, "sha1"), Ok(()));
    assert_eq!(with(hmac::HMAC_SHA256, "sha512"), Err(SignatureError::NoMatch));

    let github = plan(json!({
        "signatureHeader": "X-Hub-Signature-256", "signaturePrefix": "sha256=", "payloadFormat": "{body}",
    }));
    let signature = format!("sha256={}", hex(&digest(hmac::HMAC_SHA256, SECRET.as_bytes(), BODY)));
    assert_eq!(verify(&github, &[("x-hub-signature-256", &signature)], BODY, SENT), Ok(()));
    assert_eq!(verify(&github, &[("x-hub-signature-256", &signature[7..])], BODY, SENT), Err(SignatureError::NoMatch));

    let address = plan(json!({ "payloadFormat": "{method} {url}\n{body}", "secretIsBase64": true }));
    let secret = STANDARD.decode("YSBzaGFyZWQgc2VjcmV0").unwrap();
    let address = HmacPlan { secret_key: "YSBzaGFyZWQgc2VjcmV0".to_owned(), ..address };
    let signature = hex(&digest(hmac::HMAC_SHA256, &secret, &signed(&format!("POST {URL}\n"))));
    assert_eq!(verify(&address, &[("x-signature", &signature)], BODY, SENT), Ok(()));
}

#[test]
fn it_can_be_set_to_sign_as_svix_does() {
    let svix = plan(json!({
        "signatureHeader": "svix-signature",
        "timestampHeader": "svix-timestamp",
        "messageIdHeader": "svix-id",
        "payloadFormat": "{svix-id}.{timestamp}.{body}",
        "signaturePrefix": "v1,",
        "signatureEncoding": "base64",
    }));
    let digest = digest(hmac::HMAC_SHA256, SECRET.as_bytes(), &signed("msg_1.1700000000."));
    let signatures = format!("v1,AAAA v2,{0} v1,{0}", STANDARD.encode(digest));
    let headers = [("svix-signature", signatures.as_str()), ("svix-timestamp", "1700000000"), ("svix-id", "msg_1")];
    assert_eq!(verify(&svix, &headers, BODY, SENT), Ok(()));
    let another = [headers[0], headers[1], ("svix-id", "msg_2")];
    assert_eq!(verify(&svix, &another, BODY, SENT), Err(SignatureError::NoMatch));
}

#[test]
fn what_stands_in_the_body_is_no_placeholder() {
    let plan = plan(json!({ "payloadFormat": "{body}|{method}" }));
    let signature = hex(&digest(hmac::HMAC_SHA256, SECRET.as_bytes(), b"{method}|POST"));
    assert_eq!(verify(&plan, &[("x-signature", &signature)], b"{method}", SENT), Ok(()));
}

#[test]
fn an_empty_secret_signs_for_nobody() {
    let empty = HmacPlan { secret_key: String::new(), ..plan(json!({ "includeTimestamp": false })) };
    let signature = hex(&digest(hmac::HMAC_SHA256, b"", BODY));
    assert_eq!(verify(&empty, &[("x-signature", &signature)], BODY, SENT), Err(SignatureError::NoMatch));
}
