//! Tests of callback signatures for every provider: a callback may be signed for the cached account or for the current one.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::digest::hex;
use domain::ids::OrganizationId;
use domain::provider::Provider;
use domain::time::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::Sha256;
use store::clock::Clock;

use super::is_signed;
use crate::callback::Callback;
use crate::secrets::Secrets;

const URL: &str = "https://calls.example.com/inbound/any/acme/calls/1/1/events";
const BODY: &str = r#"{"event":"call_ended"}"#;
const PROVIDERS: [Provider; 4] = [Provider::Twilio, Provider::Retell, Provider::Telnyx, Provider::Vapi];

fn sha256(key: &str, message: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    hex(&mac.finalize().into_bytes())
}

fn pair(key: &str) -> Ed25519KeyPair {
    let mut seed = [0; 32];
    seed[..key.len()].copy_from_slice(key.as_bytes());
    Ed25519KeyPair::from_seed_unchecked(&seed).unwrap()
}

/// Builds the secret of an account whose callbacks are signed with this key.
fn account(provider: Provider, key: &str) -> Value {
    match provider {
        Provider::Twilio => json!({ "accountSid": "AC1", "authToken": key }),
        Provider::Retell => json!({ "apiKey": "asks", "webhookKey": key }),
        Provider::Telnyx => {
            json!({ "apiKey": "asks", "publicKey": STANDARD.encode(pair(key).public_key()), "connectionId": "1" })
        }
        Provider::Vapi => json!({ "apiKey": "asks", "hmac": { "secretKey": key } }),
        Provider::Simulator => json!({}),
    }
}

/// Builds the headers of a callback that is signed with this key.
fn signed(provider: Provider, key: &str, at: Timestamp) -> Vec<(&'static str, String)> {
    let (seconds, milliseconds) = (at.as_seconds(), at.as_milliseconds());
    match provider {
        Provider::Twilio => {
            let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).unwrap();
            // As a form, the body is one name without a value.
            mac.update(format!("{URL}{BODY}").as_bytes());
            vec![("x-twilio-signature", STANDARD.encode(mac.finalize().into_bytes()))]
        }
        Provider::Retell => {
            let digest = sha256(key, &format!("{BODY}{milliseconds}"));
            vec![("x-retell-signature", format!("v={milliseconds},d={digest}"))]
        }
        Provider::Telnyx => {
            let signature = STANDARD.encode(pair(key).sign(format!("{seconds}|{BODY}").as_bytes()));
            vec![("telnyx-timestamp", seconds.to_string()), ("telnyx-signature-ed25519", signature)]
        }
        Provider::Vapi => {
            let signature = sha256(key, &format!("{seconds}.{BODY}"));
            vec![("x-timestamp", seconds.to_string()), ("x-signature", signature)]
        }
        Provider::Simulator => Vec::new(),
    }
}

/// Secrets of the deployment, in a file that a test can rewrite.
struct Known {
    file: tempfile::NamedTempFile,
    clock: Clock,
    secrets: Secrets,
}

impl Known {
    fn new() -> Self {
        let clock = Clock::of_runtime(Timestamp::parse("2026-04-10T14:00:00Z").unwrap());
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "{}").unwrap();
        let secrets = Secrets::of_file(file.path().to_owned(), clock.clone());
        Self { file, clock, secrets }
    }

    fn becomes(&mut self, key: &str) {
        let accounts: serde_json::Map<String, Value> = PROVIDERS
            .into_iter()
            .map(|provider| (format!("providers/{}", provider.as_str()), account(provider, key)))
            .collect();
        std::fs::write(self.file.path(), json!(accounts).to_string()).unwrap();
    }

    async fn trusts(&self, provider: Provider, key: &str) -> bool {
        let (organization, now) = (OrganizationId::parse("acme").unwrap(), self.clock.now());
        let headers = signed(provider, key, now);
        let header = |name: &str| headers.iter().find(|(given, _)| *given == name).map(|(_, value)| value.as_str());
        let callback = Callback { url: URL, header: &header, body: BODY.as_bytes() };
        is_signed(&self.secrets, provider, &organization, callback, now).await.unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_changed_secret_signed_is_believed_before_the_old_one_is_due_to_be_read_again() {
    for provider in PROVIDERS {
        let mut known = Known::new();
        known.becomes("old");
        assert!(known.trusts(provider, "old").await, "{provider:?}");
        assert!(!known.trusts(provider, "new").await, "{provider:?}");
        tokio::time::advance(Duration::from_secs(31)).await;
        known.becomes("new");
        // A genuine callback alone does not make the service read the secrets again.
        assert!(known.trusts(provider, "old").await, "{provider:?}");
        assert!(known.trusts(provider, "new").await, "{provider:?}");
        assert!(!known.trusts(provider, "old").await, "{provider:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_sends_wrong_signatures_makes_us_look_twice_a_minute_at_most() {
    for provider in PROVIDERS {
        let mut known = Known::new();
        known.becomes("old");
        assert!(!known.trusts(provider, "wrong").await, "{provider:?}");
        known.becomes("new");
        for _ in 0..29 {
            tokio::time::advance(Duration::from_secs(1)).await;
            assert!(!known.trusts(provider, "new").await, "{provider:?}");
        }
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(known.trusts(provider, "new").await, "{provider:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_an_account_nothing_is_signed() {
    let mut known = Known::new();
    for provider in PROVIDERS {
        assert!(!known.trusts(provider, "old").await, "{provider:?}");
    }
    known.becomes("old");
    assert!(!known.trusts(Provider::Simulator, "old").await);
}
