//! Retell's SMS adapter: chats that Retell's own agents conduct. Ringdown begins a chat with its opening message, reads it, and
//! ends it. Sources: retell-python-sdk 6.2.13, `resources/chat.py`; docs.retellai.com/api-references/create-sms-chat.

use domain::ids::ProviderMessageId;
use domain::payload::Content;
use domain::provider::Provider;
use domain::sms::{Brief, ChatShown, DeliveryReport, DeliveryStatus, Outcome, SmsConversation};
use serde::Serialize;
use serde_json::{Map, Value, json};
use store::SendPermit;

use super::Retell;
use super::adapter::Account;
use super::chat_wire::{ChatsPage, RetellChat};
use super::request::{SEARCHED, marks, variables};
use crate::account::Unusable;
use crate::attempt::Attempt;
use crate::client::{Reply, wire};
use crate::json_api::{Request, is_over, shown, shown_if_there};
use crate::outcome::classify;
use crate::voice::{ProviderError, SearchResult};

/// Variable for the opening message. The begin message of Retell's agent has to be this name in braces.
const WELCOME_MESSAGE: &str = "welcome_message";

/// Body of `POST /create-sms-chat`.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct CreateSmsChat<'a> {
    from_number: &'a str,
    to_number: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    override_agent_id: Option<&'a str>,
    retell_llm_dynamic_variables: Map<String, Value>,
    metadata: Map<String, Value>,
}

impl<'a> CreateSmsChat<'a> {
    fn new(permit: &'a SendPermit, content: &'a Content, brief: &'a Brief) -> Self {
        let conversation = permit.conversation();
        let mut variables = variables(&content.dynamic_variables, Some(&brief.prompt));
        // The opening message replaces a client's variable of the same name: the customer has to read the opening first.
        variables.insert(WELCOME_MESSAGE.to_owned(), permit.stored().message.content.clone().into());
        Self {
            from_number: conversation.from.as_str(),
            to_number: conversation.to.as_str(),
            override_agent_id: brief.provider_agent_id.as_deref(),
            retell_llm_dynamic_variables: variables,
            metadata: marks(&Attempt::texted(permit), conversation.request_id.as_deref()),
        }
    }
}

/// Builds the body of `POST /v3/list-chats` that lists the latest chats between two numbers. Retell cannot filter chats by
/// metadata.
fn search(conversation: &SmsConversation) -> Value {
    let equal = |number: &str| json!({ "type": "string", "op": "eq", "value": number });
    json!({
        "filter_criteria": {
            "agent_number": equal(conversation.from.as_str()),
            "user_number": equal(conversation.to.as_str()),
        },
        "limit": SEARCHED,
        "sort_order": "descending",
    })
}

fn chat_id(reply: &Reply) -> Option<ProviderMessageId> {
    let chat: RetellChat = reply.json()?;
    (!chat.chat_id.is_empty()).then(|| ProviderMessageId::new(chat.chat_id))
}

/// Chats of Retell's agents.
impl Retell {
    /// Reads everything that a request needs into the cache, so that nothing is waited for between the claim and the request.
    pub async fn prepare_chat(&self, conversation: &SmsConversation) {
        self.api.accounts().prepare(&conversation.scope.organization, Provider::Retell).await;
    }

    /// Begins a chat with the conversation's opening message. The permit is consumed. The request is not retried, except once
    /// after Retell has refused a rotated key.
    pub async fn open_chat(&self, permit: SendPermit, content: &Content, brief: &Brief) -> Outcome {
        self.create_chat(&permit, content, brief).await.unwrap_or_else(Unusable::outcome)
    }

    async fn create_chat(&self, permit: &SendPermit, content: &Content, brief: &Brief) -> Result<Outcome, Unusable> {
        let account = self.account_of(permit.conversation()).await?;
        let body = CreateSmsChat::new(permit, content, brief);
        let request = Request::post(&["create-sms-chat"]).with_body(&body);
        let replied = self.api.ask_to_make(&permit.conversation().scope.organization, &account, request).await;
        Ok(classify(wire(replied, chat_id, |_| None)))
    }

    /// Searches for the chat of a conversation if the outcome of its opening is unknown.
    ///
    /// # Errors
    /// [`ProviderError`] if Retell did not answer. That is not the same as "not found".
    pub async fn search_chat(
        &self,
        conversation: &SmsConversation,
    ) -> Result<SearchResult<DeliveryReport>, ProviderError> {
        let account = self.account_of(conversation).await?;
        let request = Request::post(&["v3", "list-chats"]);
        let page: ChatsPage = shown(&self.api.ask(&account, request.with_body(&search(conversation))).await?)?;
        let is_ours = |chat: &RetellChat| chat.attempt().is_some_and(|attempt| attempt.conversation == conversation.id);
        let ours = page.items.into_iter().find(is_ours);
        Ok(SearchResult::from(ours.map(|chat| DeliveryReport {
            provider_message_id: ProviderMessageId::new(chat.chat_id),
            status: DeliveryStatus::Sent,
            error_code: None,
            opted_out: false,
        })))
    }

    /// Fetches the content of a chat. Returns `None` if Retell does not know the chat.
    ///
    /// # Errors
    /// [`ProviderError`] if Retell did not answer.
    pub async fn read_chat(
        &self,
        conversation: &SmsConversation,
        chat_id: &ProviderMessageId,
    ) -> Result<Option<ChatShown>, ProviderError> {
        let shown = self.get_chat(conversation, chat_id).await?;
        Ok(shown.map(|chat| chat.shown(self.api.client().clock().now())))
    }

    /// Ends a chat. Returns `true` if the chat is over.
    ///
    /// # Errors
    /// [`ProviderError`] if the state of the chat cannot be read.
    pub async fn end_chat(
        &self,
        conversation: &SmsConversation,
        chat_id: &ProviderMessageId,
    ) -> Result<bool, ProviderError> {
        let account = self.account_of(conversation).await?;
        let reply = self.api.ask(&account, Request::patch(&["end-chat", chat_id.as_str()])).await?;
        let over = async { Ok(self.get_chat(conversation, chat_id).await?.is_none_or(|chat| chat.is_over())) };
        is_over(&reply, over).await
    }

    async fn get_chat(
        &self,
        conversation: &SmsConversation,
        chat_id: &ProviderMessageId,
    ) -> Result<Option<RetellChat>, ProviderError> {
        let account = self.account_of(conversation).await?;
        shown_if_there(&self.api.ask(&account, Request::get(&["get-chat", chat_id.as_str()])).await?)
    }

    async fn account_of(&self, conversation: &SmsConversation) -> Result<Account, Unusable> {
        self.api.accounts().of(&conversation.scope.organization).await
    }
}
