//! Tests of agents with a model of their own: the key and the host of each request, and the use of the answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use domain::agent::Agent;
use domain::log::Event;
use domain::sms::{LONGEST_TEXT, ModelSettings, SmsSettings, TextLimit};
use functions::App;
use futures::FutureExt;
use providers::Outside;
use providers::egress::{Answer, Egress, EgressPolicy, OutboundRequest};
use serde_json::{Value, json};

use super::sms_tests::id;
use super::{CUSTOMER, LiveWorld, ORGANIZATION, PUBLIC_URL, roles};
use crate::harness::fakes::telnyx::Telnyx;
use crate::harness::fakes::texting::Texting;
use crate::harness::fakes::vendor::Vendor;
use crate::harness::world::{parameters, simulate};

/// Request to a model: its host, and the key that it carried.
type Asked = (String, Option<String>);

/// World whose agents may ask any model. It records their requests.
struct Models {
    live: LiveWorld<Telnyx>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

fn says(content: &str) -> Value {
    let message = json!({"role": "assistant", "content": content});
    json!({"choices": [{"index": 0, "finish_reason": "stop", "message": message}]})
}

impl Models {
    /// Creates a world with these secrets in addition to the provider's account. `answers` returns the model's answer
    /// to the n-th request.
    async fn new(
        seed: u64,
        secrets: &[(&str, &str)],
        answers: impl Fn(usize) -> (u16, Value) + Send + Sync + 'static,
    ) -> Self {
        let mut live = LiveWorld::<Telnyx>::virtually(seed).await;
        let (egress, bases) = live.outside.clone();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let noted = Arc::clone(&asked);
        let exchange = move |request: OutboundRequest| {
            if !request.url.path().ends_with("/chat/completions") {
                let egress = egress.clone();
                return async move { egress.send(request).await }.boxed();
            }
            let host = request.url.host_str().unwrap_or_default().to_owned();
            let key = request.headers.get("authorization").map(|key| key.to_str().unwrap().to_owned());
            let mut noted = noted.lock().unwrap();
            noted.push((host, key));
            let (status, body) = answers(noted.len());
            let answer = Answer { status, retry_after: None, body: body.to_string(), cut: false };
            std::future::ready(Ok(answer)).boxed()
        };
        let egress = Egress::through(EgressPolicy::default(), Arc::new(exchange));
        let own = format!("organizations/{ORGANIZATION}/providers/{}", Telnyx::PROVIDER.as_str());
        let mut held: BTreeMap<String, String> =
            secrets.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        held.insert(own, live.account.to_string());
        held.insert("public-url".to_owned(), PUBLIC_URL.to_owned());
        let secrets = parameters::secrets(&Arc::new(Mutex::new(held)), live.world.app.store.table.clock().clone());
        live.world.app = App::with(live.world.app.store.clone(), Outside { egress, secrets, bases });
        Self { live, asked }
    }

    /// Opens a conversation with an agent that uses this model, and sends a customer's message. Returns the reason of a
    /// failed turn, if it failed.
    async fn converses(&self, base_url: Option<&str>, key_name: Option<&str>) -> Option<String> {
        let model = ModelSettings {
            base_url: base_url.map(str::to_owned),
            model: "small".to_owned(),
            key_name: key_name.map(str::to_owned),
            temperature_hundredths: None,
            max_output_tokens: 100,
        };
        let agent = roles::talker(&self.live);
        let sms = agent.sms.clone().map(|sms| SmsSettings { model: Some(model), ..sms });
        let agent = Agent { sms, ..agent };
        self.live.world.operator.put_agent(&self.live.scope.organization, &agent).await.unwrap();
        let body = json!({"agentSlug": "talker", "toNumber": CUSTOMER, "welcomeMessage": "Hello! The car is here."});
        let path = "/v1/sms-conversations";
        let (status, answer) = self.live.requests("create-sms-conversation", path, None, "one", &body).await;
        assert_eq!(status, 201, "{answer}");
        assert_eq!(self.live.customer_writes("91", "Tell me more", None).await, 200);
        self.live.runs(self.live.world.after_seconds(60)).await;
        let log = self.live.world.operator.last_log(id(&answer), 100).await.unwrap();
        log.iter().find_map(|entry| match entry.entry.event() {
            Some(Event::SmsTurnFailed(failed)) => Some(failed.reason.clone()),
            _ => None,
        })
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// Secrets, the agent's base URL, the expected requests, and the reason of the failure, if one is expected.
type Row = (&'static [(&'static str, &'static str)], Option<&'static str>, Vec<Asked>, Option<&'static str>);

const SHARED: (&str, &str) = ("models/openai", r#"{"key": "sk-shared", "vendor": "openai"}"#);
const OWN: (&str, &str) = ("organizations/acme/models/openai", "sk-own");

#[test]
fn a_key_is_sent_to_the_host_that_it_is_for_and_without_it_nothing_is_sent() {
    let evil = Some("https://evil.example/v1");
    let shared = |host: &str| vec![(host.to_owned(), Some("Bearer sk-shared".to_owned()))];
    let rows: Vec<Row> = vec![
        (&[SHARED], None, shared("api.openai.com"), None),
        (&[SHARED], Some("https://api.openai.com/v1"), shared("api.openai.com"), None),
        (&[SHARED], evil, Vec::new(), Some("another host than the agent's baseUrl")),
        (&[("models/openai", "sk-shared")], evil, Vec::new(), Some("write it as")),
        (&[("models/openai", "sk-shared")], None, Vec::new(), Some("write it as")),
        (&[], evil, Vec::new(), Some("there is no key named \"openai\"")),
        (&[SHARED, OWN], evil, vec![("evil.example".to_owned(), Some("Bearer sk-own".to_owned()))], None),
        (&[("models/openai", "two words")], evil, Vec::new(), Some("without spaces")),
    ];
    for (secrets, base_url, expected, why) in rows {
        simulate(async {
            let models = Models::new(31, secrets, |_| (200, says("We have one."))).await;
            let failed = models.converses(base_url, Some("openai")).await;
            assert_eq!(models.asked(), expected, "{secrets:?} {base_url:?}");
            match why {
                None => assert_eq!(failed, None, "{secrets:?} {base_url:?}"),
                Some(why) => {
                    let failed = failed.expect("the turn fails");
                    assert!(failed.contains(why) && !failed.contains("sk-"), "{failed}");
                }
            }
        });
    }
}

#[test]
fn a_model_without_a_key_is_asked_without_one() {
    simulate(async {
        let models = Models::new(32, &[SHARED], |_| (200, says("We have one."))).await;
        assert_eq!(models.converses(Some("https://llm.example/v1"), None).await, None);
        assert_eq!(models.asked(), [("llm.example".to_owned(), None)]);
    });
}

#[test]
fn what_the_vendor_says_when_it_refuses_stands_in_the_event_without_the_key() {
    simulate(async {
        let refusal =
            json!({"error": {"message": "Incorrect API key provided: sk-shared.", "code": "invalid_api_key"}});
        let models = Models::new(33, &[SHARED], move |_| (401, refusal.clone())).await;
        let failed = models.converses(None, Some("openai")).await;
        let expected = "the model answered 401 (invalid_api_key): Incorrect API key provided: ….";
        assert_eq!(failed.as_deref(), Some(expected));
    });
}

#[test]
fn an_answer_that_the_carrier_would_refuse_is_asked_for_again_and_else_leaves_in_several_texts() {
    let sentence = format!("{}. ", "Жди нас ".repeat(25).trim());
    let long = sentence.repeat(5);
    assert!(!TextLimit::Segments(10).takes(&long) && long.encode_utf16().count() < LONGEST_TEXT);
    let contents = |models: &Models| -> Vec<String> {
        models.live.fake.texts().iter().skip(1).map(|text| Telnyx::content(text).to_owned()).collect()
    };
    simulate(async {
        let long = long.clone();
        let models =
            Models::new(34, &[SHARED], move |time| (200, says(if time == 1 { &long } else { "Briefly: yes." }))).await;
        assert_eq!(models.converses(None, Some("openai")).await, None);
        let sent = contents(&models);
        assert_eq!((sent, models.asked().len()), (vec!["Briefly: yes.".to_owned()], 2));
    });
    simulate(async {
        let said = long.clone();
        let models = Models::new(35, &[SHARED], move |_| (200, says(&said))).await;
        assert_eq!(models.converses(None, Some("openai")).await, None);
        let sent = contents(&models);
        assert!(sent.len() > 1 && sent.iter().all(|text| TextLimit::Segments(10).takes(text) && text.ends_with('.')));
        assert_eq!(sent.join(" "), long.trim());
    });
}

#[test]
fn strangers_who_name_organizations_that_do_not_exist_have_no_secret_looked_up() {
    simulate(async {
        let live = LiveWorld::<Telnyx>::virtually(36).await;
        live.texts("one").await;
        let told = Telnyx::inbound(&super::sms_tests::inbound_address::<Telnyx>(), "91", "STOP", None);
        let genuine = live.fake.letter(&told);
        for number in 0..50 {
            let url = genuine.url.replace(&format!("/{ORGANIZATION}/"), &format!("/stranger-{number}/"));
            let letter = crate::harness::fakes::fake::Letter { url, ..genuine.clone() };
            assert_eq!(live.tries_to_deliver(letter).await.unwrap().status, 403);
            let stranger = domain::ids::OrganizationId::parse(&format!("stranger-{number}")).unwrap();
            assert!(!live.world.app.secrets.knows_provider(&stranger, Telnyx::PROVIDER), "{number}");
        }
        assert_eq!(live.tries_to_deliver(genuine).await.unwrap().status, 200);
        assert!(live.world.app.secrets.knows_provider(&live.scope.organization, Telnyx::PROVIDER));
    });
}
