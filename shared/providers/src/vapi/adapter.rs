//! Vapi's voice adapter.

use std::collections::BTreeMap;

use domain::call::{Call, Outcome, Report};
use domain::ids::ProviderCallId;
use domain::payload::Content;
use domain::provider::Provider;
use domain::time::{Span, Timestamp};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::json;
use store::{DialPermit, Pace};
use url::Url;

use super::answer;
use super::reports::{recording, reports};
use super::request::{CreateCall, Wanted};
use super::signature::HmacPlan;
use super::wire::VapiCall;
use crate::account::{self, Unusable};
use crate::attempt::{Attempt, begun_at};
use crate::callback::{self, Callback};
use crate::client::{ProviderClient, wire};
use crate::json_api::{JsonApi, Keyed, Request, shown, shown_if_there, unexpected};
use crate::outcome::classify;
use crate::part::Part;
use crate::secrets::Secrets;
use crate::voice::{Found, ProviderError, Recording, SearchResult, VoiceProvider};

const BASE: &str = "https://api.vapi.ai";

/// Domain of the hosts at which live calls are controlled.
const DOMAIN: &str = "vapi.ai";

/// Last path segment of the address for a call's messages.
pub const EVENTS: &str = "events";

/// Number of calls in a page of a search. Vapi may show each with its whole transcript.
const PAGE: usize = 25;

/// Maximum number of pages that a search reads, within the time it has.
const MOST_PAGES: usize = 8;

/// Time within which Vapi creates a requested call.
const CREATED_WITHIN: Span = Span::minutes(1);

/// Maximum difference between Vapi's clock and ours.
const CLOCK_SKEW: Span = Span::minutes(2);

/// Account at Vapi, as stored in its secret.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Account {
    api_key: String,
    /// Ids of our numbers at Vapi, by number.
    #[serde(default)]
    phone_numbers: BTreeMap<String, String>,
    /// Signature settings of Vapi's messages.
    hmac: HmacPlan,
    /// Id at Vapi of the credential with these settings. It is needed if the account's own server settings lack the credential.
    #[serde(default)]
    credential_id: Option<String>,
    /// Number of calls that the account may place in a second.
    #[serde(default)]
    calls_per_second: Option<u32>,
}

impl account::Account for Account {
    const PROVIDER: Provider = Provider::Vapi;

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
        self.hmac.verify(callback, now).is_ok()
    }
}

impl Keyed for Account {
    fn api_key(&self) -> &str {
        &self.api_key
    }
}

/// Adapter for Vapi. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Vapi {
    api: JsonApi,
}

impl Vapi {
    /// Creates the adapter for Vapi's API, or for its stand-in at `base`.
    pub fn new(client: ProviderClient, secrets: Secrets, base: Option<&Url>) -> Self {
        Self { api: JsonApi::new(client, secrets, BASE, base) }
    }

    async fn place(&self, permit: &DialPermit, content: &Content) -> Result<Outcome, Unusable> {
        let call = permit.call();
        let account: Account = self.api.account_for(call).await?;
        let public_url = self.api.accounts().public_url().await?;
        let Some(phone_number_id) = account.phone_numbers.get(call.from.as_str()) else {
            return Err(Unusable::not_set_up("the account at Vapi does not name the calling number"));
        };
        let agent = content.voice.as_ref().and_then(|voice| voice.provider_agent_id.as_deref());
        let Some(assistant_id) = agent else {
            return Err(Unusable::not_set_up("the agent names no assistant at Vapi"));
        };
        let server_url = callback::of_call(&public_url, call, permit.attempt(), EVENTS);
        let wanted = Wanted {
            phone_number_id,
            assistant_id,
            to: call.to.as_str(),
            server_url: &server_url,
            credential_id: account.credential_id.as_deref(),
            limits: call.limits,
            variables: &content.dynamic_variables,
            prompt: content.prompt.as_deref(),
            request_id: call.request_id.as_deref(),
        };
        let attempt = Attempt::permitted(permit);
        let body = CreateCall::new(wanted, &attempt);
        let request = Request::post(&["call"]).with_body(&body);
        let replied = self.api.ask_to_make(&call.scope.organization, &account, request).await;
        Ok(classify(wire(replied, answer::call_id, |_| None)))
    }

    async fn find(&self, call: &Call) -> Result<SearchResult<Found>, ProviderError> {
        let attempt = Attempt::of(call);
        let account: Account = self.api.account_for(call).await?;
        let begun = begun_at(call);
        let since = (begun - CLOCK_SKEW).to_string();
        // Vapi lists the newest calls first. So the next page ends at the creation time of the oldest call in this one.
        let mut until = (begun + CREATED_WITHIN + CLOCK_SKEW).to_string();
        let number = account.phone_numbers.get(call.from.as_str());
        for _ in 0..MOST_PAGES {
            let page = PAGE.to_string();
            let mut query =
                vec![("limit", page.as_str()), ("createdAtGe", since.as_str()), ("createdAtLe", until.as_str())];
            query.extend(number.map(|number| ("phoneNumberId", number.as_str())));
            let reply = self.api.ask(&account, Request::get(&["call"]).with_query(&query)).await?;
            let listed: Vec<serde_json::Value> = shown(&reply)?;
            let is_last = listed.len() < PAGE;
            let oldest = listed.last().and_then(|oldest| oldest["createdAt"].as_str()).map(str::to_owned);
            let mut shown = listed.into_iter().filter_map(|one| serde_json::from_value::<VapiCall>(one).ok());
            if let Some(found) = shown.find(|found| found.attempt().as_ref() == Some(&attempt)) {
                return Ok(SearchResult::Match((ProviderCallId::new(found.id.clone()), self.reports(found))));
            }
            match oldest.filter(|oldest| !is_last && *oldest != until) {
                Some(oldest) => until = oldest,
                None => break,
            }
        }
        Ok(SearchResult::NotFound)
    }

    async fn get(&self, call: &Call, call_id: &str) -> Result<Option<VapiCall>, ProviderError> {
        let account: Account = self.api.account_for(call).await?;
        shown_if_there(&self.api.ask(&account, Request::get(&["call", call_id])).await?)
    }

    /// Ends a live call over its own control URL, which Vapi shows with the call.
    async fn stop(&self, call: &Call, call_id: &str) -> Result<bool, ProviderError> {
        let Some(shown) = self.get(call, call_id).await? else { return Ok(true) };
        if shown.is_over() {
            return Ok(true);
        }
        let url = shown.monitor.and_then(|monitor| monitor.control_url).and_then(|url| Url::parse(&url).ok());
        let url = url.filter(|url| self.api.is_at_home(url, DOMAIN));
        let url = url.ok_or_else(|| ProviderError::new("the call has no control URL yet"))?;
        let reply = self.api.post_to(url, &json!({ "type": "end-call" })).await?;
        if reply.is_success() { Ok(true) } else { Err(unexpected(&reply)) }
    }

    fn reports(&self, shown: VapiCall) -> Vec<Report> {
        reports(&shown, self.api.client().clock().now())
    }
}

impl VoiceProvider for Vapi {
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
        async move { Ok(self.get(call, call_id.as_str()).await?.map(|shown| self.reports(shown))) }.boxed()
    }

    fn hang_up<'a>(
        &'a self,
        call: &'a Call,
        call_id: &'a ProviderCallId,
    ) -> BoxFuture<'a, Result<bool, ProviderError>> {
        self.stop(call, call_id.as_str()).boxed()
    }

    /// Fetches the call's recording URL each time, because a URL may be signed for a while only.
    fn recording<'a>(
        &'a self,
        call: &'a Call,
        reference: &'a str,
        _part: Option<Part>,
    ) -> BoxFuture<'a, Result<Option<Recording>, ProviderError>> {
        async move {
            let artifact = self.get(call, reference).await?.and_then(|shown| shown.news.artifact);
            let url = artifact.as_ref().and_then(recording).map(str::to_owned);
            Ok(url.map(Recording::Redirect))
        }
        .boxed()
    }
}
