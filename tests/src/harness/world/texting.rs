//! SMS in the world: the agent, the requests of clients, and the messages of customers.

use domain::agent::Agent;
use domain::ids::{AgentId, Channel, ConversationId, Mode, OrganizationId};
use domain::limits::Limits;
use domain::provider::Provider;
use domain::sms::{Kind, SmsConversation, SmsSettings, Terms};
use domain::tool::Tool;
use providers::simulator::{ReplyJob, SimulatorJob};
use serde_json::{Value, json};
use store::{MESSAGE_VERSION, QueueName};

use super::client::Ask;
use super::{PATIENCE, World, number};
use crate::harness::aws::queue::NewMessage;

/// Slug of the agent for all SMS conversations of the world.
pub(crate) const TEXTER: &str = "texter";
/// Number that the agent texts from, in E.164.
const OURS: &str = "+15555550199";
/// Host of the agent's tool.
pub(super) const TOOL_HOST: &str = "tools.example.com";
/// Highest number of answers that the agent gives in a conversation.
const MAX_TURNS: u32 = 4;
/// Inactivity after which a conversation ends.
const INACTIVITY_SECONDS: u32 = 900;

/// Expected outcome of an SMS conversation.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) id: ConversationId,
    /// Allowed end reasons. The conversation ends with the first of them. After a crash, any of them is allowed.
    pub(crate) reasons: Vec<&'static str>,
}

/// Returns the settings of an agent that answers nothing by itself.
pub(crate) fn silent_texts() -> SmsSettings {
    SmsSettings {
        kind: Kind::Managed,
        prompt: "Be brief.".to_owned(),
        opening: None,
        model: None,
        tools: Vec::new(),
        tool_secret: None,
        max_tool_calls: 0,
        provider_agent_id: None,
        terms: Terms { answers: false, help_text: Some("Ours.".to_owned()), ..Terms::default() },
    }
}

/// Returns the SMS agent, as an operator would create it.
pub(super) fn agent(organization: &OrganizationId) -> Agent {
    let tool = Tool {
        name: "opening_hours".to_owned(),
        description: "Tells when we are open.".to_owned(),
        parameters: json!({"type": "object", "properties": {}}),
        url: format!("https://{TOOL_HOST}/opening-hours"),
    };
    let terms = Terms {
        inactivity_seconds: INACTIVITY_SECONDS,
        max_turns: MAX_TURNS,
        help_text: Some("Write STOP to hear no more.".to_owned()),
        opt_out_text: Some("You will hear no more of us.".to_owned()),
        fallback_text: Some("Somebody will call you.".to_owned()),
        ..Terms::default()
    };
    Agent {
        id: AgentId::for_slug(organization, TEXTER),
        mode: Some(Mode::Test),
        retired_at: None,
        slug: TEXTER.to_owned(),
        name: "Texter".to_owned(),
        channel: Channel::Sms,
        provider: Provider::Simulator,
        version: 1,
        number: Some(number(OURS)),
        external_id: None,
        prompt: None,
        required_variables: Vec::new(),
        limits: Limits::default(),
        retention: None,
        voice: None,
        sms: Some(SmsSettings {
            kind: Kind::Managed,
            prompt: "You answer for a dealership.".to_owned(),
            opening: None,
            model: None,
            tools: vec![tool],
            tool_secret: Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()),
            max_tool_calls: 3,
            provider_agent_id: None,
            terms,
        }),
    }
}

impl Ask {
    /// Builds a request for an SMS conversation.
    pub(crate) fn texts(to: &str, key: &str) -> Self {
        let body = json!({"agentSlug": TEXTER, "toNumber": to, "welcomeMessage": "Hello, it is about your recall."});
        let path = "/v1/sms-conversations".to_owned();
        let (function, method, query) = ("create-sms-conversation", "POST", String::new());
        Self { function, method, path, query, body: Some(body), key: Some(key.to_owned()) }
    }

    fn about_texts(function: &'static str, id: ConversationId, what: &str, body: Value) -> Self {
        let path = format!("/v1/sms-conversations/{id}/{what}");
        Self { function, method: "POST", path, query: String::new(), body: Some(body), key: None }
    }
}

impl World {
    /// Asks for an SMS conversation until it is accepted or definitely refused. Returns `None` if the client gave up or
    /// no conversation was made.
    pub(crate) async fn opens_sms(&self, to: &str, key: &str) -> Option<ConversationId> {
        let reply = self.insists_on_opening(&Ask::texts(to, key)).await?;
        let id = reply["data"]["conversationId"].as_str().or(reply["error"]["conversationId"].as_str());
        let Some(id) = id.and_then(ConversationId::parse) else {
            self.finds(format!("create-sms-conversation under {key} was answered {reply}"));
            return None;
        };
        let mut clients = self.clients.borrow_mut();
        let (known, _) = clients.texted.entry(key.to_owned()).or_insert_with(|| (id, to.to_owned()));
        if *known != id {
            let text = format!("the key {key} was answered with two conversations, {known} and {id}");
            clients.findings.push(text);
        }
        Some(id)
    }

    /// Sends a request until it gets an answer that is not to be retried. A 502 that names a conversation is such an
    /// answer.
    async fn insists_on_opening(&self, ask: &Ask) -> Option<Value> {
        let mut wait = std::time::Duration::from_secs(1);
        for _ in 0..12 {
            match self.asks(ask).await {
                Some(reply) if reply.status == 502 && reply.body["error"]["conversationId"].is_string() => {
                    return Some(reply.body);
                }
                Some(reply) if !matches!(reply.status, 409 | 429 | 500..) => return Some(reply.body),
                Some(_) | None => tokio::time::sleep(wait).await,
            }
            wait = (wait * 2).min(std::time::Duration::from_secs(30));
        }
        None
    }

    /// Declares the expected outcome of an SMS conversation.
    pub(crate) fn expects_texts(&self, id: ConversationId, reasons: &[&'static str]) {
        self.clients.borrow_mut().texted_outcomes.push(Outcome { id, reasons: reasons.to_vec() });
    }

    /// Closes an SMS conversation.
    pub(crate) async fn closes_sms(&self, id: ConversationId, reason: &str) {
        let ask = Ask::about_texts("close-sms-conversation", id, "close", json!({"reason": reason}));
        let Some(reply) = self.insists(&ask).await else { return };
        if reply.status != 200 || reply.body["data"]["status"] != "ended" {
            self.finds(format!("close-sms-conversation was answered {}: {}", reply.status, reply.body));
        }
    }

    /// Sends an SMS message that a person wrote, under this idempotency key.
    pub(crate) async fn writes(&self, id: ConversationId, content: &str, key: &str) {
        let mut ask = Ask::about_texts("send-sms-message", id, "messages", json!({"content": content}));
        ask.key = Some(key.to_owned());
        let Some(reply) = self.insists(&ask).await else { return };
        if !matches!(reply.status, 201 | 202) {
            self.finds(format!("send-sms-message was answered {}: {}", reply.status, reply.body));
        }
    }

    /// Hands the conversation back from the person to the agent.
    pub(crate) async fn hands_back(&self, id: ConversationId) {
        let ask = Ask::about_texts("handback-sms-conversation", id, "handback", json!({}));
        let Some(reply) = self.insists(&ask).await else { return };
        if reply.status != 200 {
            self.finds(format!("handback-sms-conversation was answered {}: {}", reply.status, reply.body));
        }
    }

    /// Sends an SMS message from a customer to our number. The carrier guarantees that it arrives: it bypasses the
    /// gate.
    pub(crate) async fn customer_texts(&self, from: &str, content: &str) {
        let mut clients = self.clients.borrow_mut();
        clients.written += 1;
        let message_id = format!("customer_{}", clients.written);
        drop(clients);
        let job = SimulatorJob::Reply(ReplyJob {
            v: MESSAGE_VERSION,
            scope: self.scope.clone(),
            from: number(from),
            to: number(OURS),
            message_id,
            content: content.to_owned(),
        });
        let body = serde_json::to_string(&job).unwrap();
        let message = NewMessage { body, ..NewMessage::default() };
        self.aws.queues.send(QueueName::Simulator.as_str(), message);
    }

    /// Waits until the stored SMS conversation satisfies a condition. Records a finding if that takes longer than the
    /// longest wait.
    pub(crate) async fn sees_texts(&self, id: ConversationId, what: impl Fn(&SmsConversation) -> bool) {
        let seen = async {
            while !self.history.sms(id).is_some_and(|conversation| what(&conversation)) {
                self.history.changes().await;
            }
        };
        if tokio::time::timeout(PATIENCE, seen).await.is_err() {
            self.finds(format!("{id} has not become what was waited for: {:?}", self.history.sms(id)));
        }
    }
}
