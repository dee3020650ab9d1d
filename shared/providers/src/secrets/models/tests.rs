//! Tests of the rules that say where a model's key may be sent.

use std::collections::BTreeMap;

use domain::ids::OrganizationId;
use domain::time::Timestamp;
use store::clock::Clock;
use url::Url;

use super::{ModelKeyError, VENDORS};
use crate::secrets::{Secret, Secrets};

fn secrets(held: &[(&str, &str)]) -> Secrets {
    let held = held.iter().map(|(name, text)| ((*name).to_owned(), Secret::new(*text)));
    let clock = Clock::of_runtime(Timestamp::parse("2026-04-10T14:00:00Z").unwrap());
    Secrets::given(held.collect::<BTreeMap<_, _>>(), clock)
}

/// Returns acme's key and its address, or the error text.
async fn access(held: &[(&str, &str)], name: &str, chosen: Option<&str>) -> Result<(String, String), String> {
    let acme = OrganizationId::parse("acme").unwrap();
    let chosen = chosen.map(|url| url.parse::<Url>().unwrap());
    let access = secrets(held).model(&acme, name, chosen.as_ref()).await.map_err(|error| error.to_string())?;
    Ok((access.key.reveal().to_owned(), access.base_url.to_string()))
}

fn went(key: &str, url: &str) -> Result<(String, String), String> {
    Ok((key.to_owned(), url.to_owned()))
}

const OPENAI: &str = "https://api.openai.com/v1";
const SHARED: (&str, &str) = ("models/openai", r#"{"key": "sk-shared", "vendor": "openai"}"#);

#[tokio::test]
async fn a_shared_key_goes_to_the_host_in_its_secret_and_nowhere_else() {
    assert_eq!(access(&[SHARED], "openai", None).await, went("sk-shared", OPENAI));
    assert_eq!(access(&[SHARED], "openai", Some("https://api.openai.com/v1/")).await, went("sk-shared", OPENAI));
    // The path is the secret's too: behind one host there may be many owners.
    assert_eq!(access(&[SHARED], "openai", Some("https://api.openai.com/other")).await, went("sk-shared", OPENAI));
    for elsewhere in [
        "https://evil.example/v1",
        "http://api.openai.com/v1",
        "https://api.openai.com:8443/v1",
        "https://api.openai.com.evil.example/v1",
        "https://api.openai.com@evil.example/v1",
    ] {
        let refused = access(&[SHARED], "openai", Some(elsewhere)).await.unwrap_err();
        assert!(refused.contains("another host than the agent's baseUrl"), "{elsewhere}: {refused}");
        assert!(!refused.contains("sk-shared"));
    }
    let own_server = ("models/vllm", r#"{"key": "k", "baseUrl": "https://llm.example.com:8000/v1"}"#);
    assert_eq!(access(&[own_server], "vllm", None).await, went("k", "https://llm.example.com:8000/v1"));
}

#[tokio::test]
async fn a_shared_key_without_an_address_is_of_no_use_to_anybody() {
    for written in ["sk-shared", r#"{"key": "sk-shared"}"#] {
        for chosen in [None, Some(OPENAI), Some("https://evil.example/v1")] {
            let refused = access(&[("models/openai", written)], "openai", chosen).await.unwrap_err();
            assert!(refused.contains("write it as {\"key\": \"…\", \"vendor\": \"openai\"}"), "{refused}");
        }
    }
}

#[tokio::test]
async fn an_organizations_own_key_goes_before_the_shared_one_and_where_its_agent_says() {
    let own = ("organizations/acme/models/openai", "sk-own\n");
    let theirs = ("organizations/other/models/openai", "sk-theirs");
    let held = [SHARED, own, theirs];
    assert_eq!(
        access(&held, "openai", Some("https://llm.acme.example/v1")).await,
        went("sk-own", "https://llm.acme.example/v1")
    );
    let refused = access(&held, "openai", None).await.unwrap_err();
    assert!(refused.contains("neither does the agent's baseUrl"), "{refused}");
    let bound = ("organizations/acme/models/openai", r#"{"key": "sk-own", "baseUrl": "https://llm.acme.example/v1"}"#);
    assert_eq!(access(&[SHARED, bound], "openai", None).await, went("sk-own", "https://llm.acme.example/v1"));
    assert!(access(&[SHARED, bound], "openai", Some(OPENAI)).await.is_err());
    assert!(access(&[theirs], "openai", Some(OPENAI)).await.unwrap_err().contains("there is no key named \"openai\""));
}

#[tokio::test]
async fn a_key_that_is_not_there_is_an_error_that_names_it() {
    let acme = OrganizationId::parse("acme").unwrap();
    let names = ["openai", "", "a/b", "../providers/twilio", "ö", "a b"];
    for name in names {
        let error = secrets(&[("providers/twilio", "shared")]).model(&acme, name, None).await.unwrap_err();
        assert!(matches!(error, ModelKeyError::Missing { .. }), "{name}");
    }
}

#[tokio::test]
async fn a_secret_that_makes_no_sense_says_how_to_write_it_and_not_what_it_is() {
    for (written, problem) in [
        (r#"{"key": "sk-1", "baseUrl": "api.openai.com"}"#, "its baseUrl is no http or https URL"),
        (r#"{"key": "sk-1", "baseUrl": "ftp://api.openai.com"}"#, "its baseUrl is no http or https URL"),
        (r#"{"key": "sk-1", "vendor": "opanai"}"#, "its vendor is not known"),
        (r#"{"key": "sk 1", "vendor": "openai"}"#, "visible ASCII characters"),
        (r#"{"key": "", "vendor": "openai"}"#, "visible ASCII characters"),
        (r#"{"apiKey": "sk-1", "vendor": "openai"}"#, "write it as"),
        (r#"{"key": "sk-1", "#, "write it as"),
        ("two words", "visible ASCII characters"),
    ] {
        let refused = access(&[("models/m", written)], "m", None).await.unwrap_err();
        assert!(refused.contains(problem) && !refused.contains("sk-1"), "{written}: {refused}");
    }
}

#[test]
fn every_vendors_address_is_https() {
    for (vendor, url) in VENDORS {
        assert_eq!(url.parse::<Url>().unwrap().scheme(), "https", "{vendor}");
    }
}
