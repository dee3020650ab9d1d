//! Telnyx's voice adapter.

use domain::call::{Call, Outcome, Report};
use domain::ids::ProviderCallId;
use domain::payload::Content;
use domain::provider::Provider;
use domain::time::Timestamp;
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::json;
use store::{DialPermit, Pace};
use url::Url;

use super::request::{Dial, Wanted};
use super::wire::{Page, TelnyxCall, TelnyxRecording, Wrapped};
use super::{answer, reports, signature};
use crate::account::{self, Unusable};
use crate::attempt::Attempt;
use crate::callback::{self, Callback};
use crate::client::{ProviderClient, wire};
use crate::json_api::{self, JsonApi, Keyed, Request, shown, shown_if_there};
use crate::outcome::classify;
use crate::part::Part;
use crate::secrets::Secrets;
use crate::voice::{Found, ProviderError, Recording, SearchResult, VoiceProvider};

const BASE: &str = "https://api.telnyx.com/v2";

/// Last path segment of the address for a call's events.
pub const EVENTS: &str = "events";

/// Number of calls in a page of the list of live calls.
const PAGE: &str = "250";

/// Maximum number of pages that a search reads, within the time it has.
const MOST_PAGES: u64 = 4;

/// Default number of calls that an account may place in a second: "every account is limited to 30 dials per second", over five
/// seconds (developers.telnyx.com/docs/voice/programmable-voice/dials-per-second-limit).
const CALLS_PER_SECOND: u32 = 30;

/// Account at Telnyx, as stored in its secret.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Account {
    api_key: String,
    /// Public key of the account, in Base64.
    public_key: String,
    /// Id of the Call Control application that places the calls.
    #[serde(default)]
    connection_id: String,
    /// Number of calls that the account may place in a second.
    #[serde(default)]
    calls_per_second: Option<u32>,
}

impl account::Account for Account {
    const PROVIDER: Provider = Provider::Telnyx;

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
        self.calls_per_second.or(Some(CALLS_PER_SECOND))
    }

    fn signed(&self, callback: Callback<'_>, now: Timestamp) -> bool {
        let header = callback.header;
        let (Some(timestamp), Some(given)) = (header(signature::TIMESTAMP_HEADER), header(signature::SIGNATURE_HEADER))
        else {
            return false;
        };
        signature::verify(&self.public_key, timestamp, given, callback.body, now).is_ok()
    }
}

impl Keyed for Account {
    fn api_key(&self) -> &str {
        &self.api_key
    }
}

/// Adapter for Telnyx. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Telnyx {
    pub(super) api: JsonApi,
}

impl Telnyx {
    /// Creates the adapter for Telnyx's API, or for its stand-in at `base`.
    pub fn new(client: ProviderClient, secrets: Secrets, base: Option<&Url>) -> Self {
        Self { api: JsonApi::new(client, secrets, BASE, base) }
    }

    async fn place(&self, permit: &DialPermit, content: &Content) -> Result<Outcome, Unusable> {
        let call = permit.call();
        let account: Account = self.api.account_for(call).await?;
        let public_url = self.api.accounts().public_url().await?;
        let attempt = Attempt::permitted(permit);
        let webhook_url = callback::of_call(&public_url, call, attempt.number, EVENTS);
        let voice = content.voice.clone().unwrap_or_default();
        let wanted = Wanted {
            connection_id: &account.connection_id,
            from: call.from.as_str(),
            to: call.to.as_str(),
            webhook_url: &webhook_url,
            limits: call.limits,
            voice: &voice,
            variables: &content.dynamic_variables,
            prompt: content.prompt.as_deref(),
        };
        let Some(body) = Dial::new(wanted, &attempt) else {
            return Err(Unusable::not_set_up("the agent names neither a relay nor an assistant"));
        };
        let request = Request::post(&["calls"]).with_body(&body);
        let replied = self.api.ask_to_make(&call.scope.organization, &account, request).await;
        Ok(classify(wire(replied, answer::call_id, answer::meaning_of_call)))
    }

    /// Searches the list of calls, which has only live ones. A call that is over was reported by its events, or is not found.
    async fn find(&self, call: &Call) -> Result<SearchResult<Found>, ProviderError> {
        let attempt = Attempt::of(call);
        let account: Account = self.api.account_for(call).await?;
        let path = ["connections", account.connection_id.as_str(), "active_calls"];
        for number in 1..=MOST_PAGES {
            let page = number.to_string();
            let query = [("page[size]", PAGE), ("page[number]", page.as_str())];
            let page: Page<TelnyxCall> = shown(&self.api.ask(&account, Request::get(&path).with_query(&query)).await?)?;
            if let Some(found) = page.data.into_iter().find(|found| found.attempt().as_ref() == Some(&attempt)) {
                let id = ProviderCallId::new(found.call_control_id.clone());
                return Ok(SearchResult::Match((id, reports::shown(call, &found))));
            }
            if page.meta.and_then(|meta| meta.total_pages).unwrap_or(1) <= number {
                break;
            }
        }
        Ok(SearchResult::NotFound)
    }

    async fn get(&self, call: &Call, call_id: &str) -> Result<Option<TelnyxCall>, ProviderError> {
        let account: Account = self.api.account_for(call).await?;
        let reply = self.api.ask(&account, Request::get(&["calls", call_id])).await?;
        Ok(shown_if_there::<Wrapped<TelnyxCall>>(&reply)?.map(|shown| shown.data))
    }

    async fn stop(&self, call: &Call, call_id: &str) -> Result<bool, ProviderError> {
        let account: Account = self.api.account_for(call).await?;
        // The request has no `command_id`: Telnyx must not ignore a second request because the first one had no effect.
        let path = ["calls", call_id, "actions", "hangup"];
        let request = Request::post(&path).with_body(&json!({}));
        let reply = self.api.ask(&account, request).await?;
        let over = async { Ok(self.get(call, call_id).await?.is_none_or(|shown| shown.is_over())) };
        json_api::is_over(&reply, over).await
    }

    async fn recorded(&self, call: &Call, session: &str) -> Result<Option<Recording>, ProviderError> {
        let account: Account = self.api.account_for(call).await?;
        let query = [("filter[call_session_id]", session), ("page[size]", "1")];
        let page: Page<TelnyxRecording> =
            shown(&self.api.ask(&account, Request::get(&["recordings"]).with_query(&query)).await?)?;
        let urls = page.data.into_iter().next().and_then(|recording| recording.download_urls);
        let url = urls.and_then(|urls| urls.mp3.or(urls.wav)).filter(|url| url.starts_with("https://"));
        Ok(url.map(Recording::Redirect))
    }
}

impl VoiceProvider for Telnyx {
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
        async move { Ok(self.get(call, call_id.as_str()).await?.map(|shown| reports::shown(call, &shown))) }.boxed()
    }

    fn hang_up<'a>(
        &'a self,
        call: &'a Call,
        call_id: &'a ProviderCallId,
    ) -> BoxFuture<'a, Result<bool, ProviderError>> {
        self.stop(call, call_id.as_str()).boxed()
    }

    fn recording<'a>(
        &'a self,
        call: &'a Call,
        reference: &'a str,
        _part: Option<Part>,
    ) -> BoxFuture<'a, Result<Option<Recording>, ProviderError>> {
        self.recorded(call, reference).boxed()
    }
}
