//! Retell's voice adapter.

use domain::call::{Call, Outcome, Report};
use domain::ids::ProviderCallId;
use domain::payload::Content;
use domain::provider::Provider;
use domain::time::Timestamp;
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Deserialize;
use store::{DialPermit, Pace};
use url::Url;

use super::reports::reports;
use super::request::{self, CreatePhoneCall, Wanted};
use super::wire::{CallsPage, RetellCall};
use super::{answer, signature};
use crate::account::{self, Unusable};
use crate::attempt::Attempt;
use crate::callback::{self, Callback};
use crate::client::{ProviderClient, wire};
use crate::json_api::{self, JsonApi, Keyed, Request, shown, shown_if_there};
use crate::outcome::classify;
use crate::part::Part;
use crate::secrets::Secrets;
use crate::voice::{Found, ProviderError, Recording, SearchResult, VoiceProvider};

const BASE: &str = "https://api.retellai.com";

/// Last path segment of the address for a call's webhooks.
pub const EVENTS: &str = "events";

/// Account at Retell, as stored in its secret.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Account {
    api_key: String,
    /// Key that signs webhooks, if it is not `api_key`.
    #[serde(default)]
    webhook_key: Option<String>,
    /// Number of calls that the account may place in a second.
    #[serde(default)]
    calls_per_second: Option<u32>,
}

impl account::Account for Account {
    const PROVIDER: Provider = Provider::Retell;

    fn credential(&self) -> String {
        self.api_key.clone()
    }

    fn is_sound(&self) -> bool {
        !self.api_key.is_empty()
    }

    fn name(&self) -> String {
        account::name_of(&self.api_key)
    }

    fn calls_per_second(&self) -> Option<u32> {
        self.calls_per_second
    }

    fn signed(&self, callback: Callback<'_>, now: Timestamp) -> bool {
        let Some(given) = (callback.header)(signature::SIGNATURE_HEADER) else { return false };
        let key = self.webhook_key.as_deref().unwrap_or(&self.api_key);
        signature::verify(key, given, callback.body, now).is_ok()
    }
}

impl Keyed for Account {
    fn api_key(&self) -> &str {
        &self.api_key
    }
}

/// Adapter for Retell AI. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Retell {
    pub(super) api: JsonApi,
}

impl Retell {
    /// Creates the adapter for Retell's API, or for its stand-in at `base`.
    pub fn new(client: ProviderClient, secrets: Secrets, base: Option<&Url>) -> Self {
        Self { api: JsonApi::new(client, secrets, BASE, base) }
    }

    async fn place(&self, permit: &DialPermit, content: &Content) -> Result<Outcome, Unusable> {
        let call = permit.call();
        let account: Account = self.api.account_for(call).await?;
        let public_url = self.api.accounts().public_url().await?;
        let webhook_url = callback::of_call(&public_url, call, permit.attempt(), EVENTS);
        let voice = content.voice.as_ref();
        let wanted = Wanted {
            from: call.from.as_str(),
            to: call.to.as_str(),
            agent: voice.and_then(|voice| voice.provider_agent_id.as_deref()),
            webhook_url: &webhook_url,
            limits: call.limits,
            variables: &content.dynamic_variables,
            prompt: content.prompt.as_deref(),
            request_id: call.request_id.as_deref(),
        };
        let attempt = Attempt::permitted(permit);
        let body = CreatePhoneCall::new(wanted, &attempt);
        let request = Request::post(&["v2", "create-phone-call"]).with_body(&body);
        let replied = self.api.ask_to_make(&call.scope.organization, &account, request).await;
        Ok(classify(wire(replied, answer::call_id, |_| None)))
    }

    async fn find(&self, call: &Call) -> Result<SearchResult<Found>, ProviderError> {
        let attempt = Attempt::of(call);
        let asked = request::search(&attempt, call.to.as_str());
        let account: Account = self.api.account_for(call).await?;
        let reply =
            self.api.ask(&account, Request::post(&["v3", "list-calls"]).of_long_calls().with_body(&asked)).await?;
        let page: CallsPage = shown(&reply)?;
        // Retell filters by the attempt. The attempt is checked here once more.
        let ours = page.items.into_iter().find(|found| found.attempt().as_ref() == Some(&attempt));
        Ok(SearchResult::from(ours.map(|found| (ProviderCallId::new(found.call_id.clone()), self.reports(&found)))))
    }

    async fn get(&self, call: &Call, call_id: &str) -> Result<Option<RetellCall>, ProviderError> {
        let account: Account = self.api.account_for(call).await?;
        shown_if_there(&self.api.ask(&account, Request::get(&["v2", "get-call", call_id])).await?)
    }

    async fn stop(&self, call: &Call, call_id: &str) -> Result<bool, ProviderError> {
        let account: Account = self.api.account_for(call).await?;
        let reply = self.api.ask(&account, Request::post(&["v2", "stop-call", call_id])).await?;
        let over = async { Ok(self.get(call, call_id).await?.is_none_or(|shown| shown.is_over())) };
        json_api::is_over(&reply, over).await
    }

    fn reports(&self, shown: &RetellCall) -> Vec<Report> {
        reports(shown, false, self.api.client().clock().now())
    }
}

impl VoiceProvider for Retell {
    fn pace<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Option<Pace>> {
        self.api.accounts().pace::<Account>(&call.scope.organization).boxed()
    }

    fn create<'a>(&'a self, permit: DialPermit, content: &'a Content) -> BoxFuture<'a, Outcome> {
        async move { self.place(&permit, content).await.unwrap_or_else(Unusable::outcome) }.boxed()
    }

    fn search<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<SearchResult<Found>, ProviderError>> {
        self.find(call).boxed()
    }

    fn poll<'a>(
        &'a self,
        call: &'a Call,
        call_id: &'a ProviderCallId,
    ) -> BoxFuture<'a, Result<Option<Vec<Report>>, ProviderError>> {
        async move { Ok(self.get(call, call_id.as_str()).await?.map(|shown| self.reports(&shown))) }.boxed()
    }

    fn hang_up<'a>(
        &'a self,
        call: &'a Call,
        call_id: &'a ProviderCallId,
    ) -> BoxFuture<'a, Result<bool, ProviderError>> {
        self.stop(call, call_id.as_str()).boxed()
    }

    /// Fetches the call's recording URL each time, because a URL may be signed for a day only.
    fn recording<'a>(
        &'a self,
        call: &'a Call,
        reference: &'a str,
        _part: Option<Part>,
    ) -> BoxFuture<'a, Result<Option<Recording>, ProviderError>> {
        async move {
            let shown = self.get(call, reference).await?;
            let url = shown.and_then(|shown| shown.recording_url).filter(|url| url.starts_with("https://"));
            Ok(url.map(Recording::Redirect))
        }
        .boxed()
    }
}
