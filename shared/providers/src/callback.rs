//! Addresses of provider callbacks, and the callback as it arrives.
//!
//! The address carries the conversation and the attempt. So a callback can be matched whatever else it says, even before the
//! answer to the request that placed the call. The query names the client request that started the conversation. It is there
//! for readers of the provider's log of callbacks, or of ours. Nothing depends on it.

use std::fmt;

use domain::call::{Call, Report};
use domain::ids::{OrganizationId, ProviderCallId};
use domain::provider::Provider;
use domain::sms::{ChatShown, SmsConversation};

use crate::attempt::Attempt;

/// Query parameter of a callback address that names the request that created the conversation.
pub const REQUEST: &str = "request_id";

/// Maximum length of a request id that is accepted, in characters. API Gateway's ids have 20, with their prefix.
const LONGEST_REQUEST_ID: usize = 64;

/// Callback as it arrived, with everything that a signature may cover.
#[derive(Clone, Copy)]
pub struct Callback<'a> {
    /// Address that the callback was sent to: the deployment's public URL, with path and query. The host is never taken from
    /// the request.
    pub url: &'a str,
    /// Lookup of a header by its lower-case name.
    pub header: &'a (dyn Fn(&str) -> Option<&'a str> + Sync),
    /// Body of the callback.
    pub body: &'a [u8],
}

/// Omits the headers and the body.
impl fmt::Debug for Callback<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Callback about a call, in our own words. Callbacks come in any order, and perhaps more than once: statuses only move forwards,
/// and facts are filled in once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallCallback {
    /// Attempt that the callback is about.
    pub about: About,
    /// Id of the call at the provider. `None` if the callback does not tell it: then the attempt's known call is meant.
    pub call_id: Option<ProviderCallId>,
    /// Reports in the callback.
    pub reports: Vec<Report>,
}

/// Part of a callback that names its attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// Address of the callback. The provider's signature covers it.
    Address,
    /// Call in the callback, with the attempt that it bears. `None` if it bears none of ours. The signature covers the body alone,
    /// so a copy of a genuine callback may be sent to another address: only the attempt in the call counts.
    Call(Option<Attempt>),
}

/// Callback about a chat that a provider's own agent holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatCallback {
    /// Attempt that the chat was begun for, as the chat bears it.
    pub attempt: Attempt,
    /// Chat in its current state.
    pub shown: ChatShown,
}

/// Returns the address of a provider's callbacks about one attempt to place a call.
pub fn of_call(public_url: &str, call: &Call, attempt: u32, kind: &str) -> String {
    let base = base(public_url, call.provider, &call.scope.organization);
    format!("{base}/calls/{}/{attempt}/{kind}{}", call.id, query(call.request_id.as_deref()))
}

/// Returns the address of a provider's callbacks about one SMS message.
pub fn of_text(public_url: &str, conversation: &SmsConversation, number: u32) -> String {
    let base = base(public_url, conversation.provider, &conversation.scope.organization);
    format!("{base}/messages/{}/{number}/status{}", conversation.id, query(conversation.request_id.as_deref()))
}

/// Returns `true` if the text is a request id that can stand unescaped in an address, a header and a log line.
pub fn is_request_id(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=LONGEST_REQUEST_ID).contains(&text.len()) && text.bytes().all(is_plain)
}

/// Returns the query of a callback address. A signature may cover the address, so the query has only characters that can be
/// written in one way.
fn query(request_id: Option<&str>) -> String {
    request_id.filter(|id| is_request_id(id)).map(|id| format!("?{REQUEST}={id}")).unwrap_or_default()
}

/// Returns the address below which a provider calls back for an organization. It names no mode: only live mode reaches phones.
fn base(public_url: &str, provider: Provider, organization: &OrganizationId) -> String {
    format!("{}/inbound/{}/{organization}", public_url.trim_end_matches('/'), provider.as_str())
}
