//! Where providers call back, and what a callback is. Its address carries whose conversation it is about, and which
//! attempt: so that it can be told to whom it belongs whatever else it says, even before the answer to the request that
//! asked for the call. Its query names the request that all of it follows from, for whoever reads a provider's own log of
//! callbacks, or ours: nothing hangs on it.

use std::fmt;

use domain::call::Call;
use domain::ids::OrganizationId;
use domain::organization::Provider;
use domain::sms::SmsConversation;

/// The parameter of an address that names the request which made the conversation.
pub const REQUEST: &str = "request_id";

/// The longest id of a request that is taken over, in characters. Those of API Gateway have 20 with their prefix.
const LONGEST_REQUEST_ID: usize = 64;

/// A callback as it arrived, as far as a signature may cover it.
#[derive(Clone, Copy)]
pub struct Callback<'a> {
    /// Where it was sent: the deployment's public URL, with path and query. Never what the request says of itself.
    pub url: &'a str,
    /// Its headers, by their lower-case names.
    pub header: &'a (dyn Fn(&str) -> Option<&'a str> + Sync),
    /// Its body.
    pub body: &'a [u8],
}

/// Without header and body.
impl fmt::Debug for Callback<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").field("url", &self.url).finish_non_exhaustive()
    }
}

/// The address, below the public URL, of a provider's callbacks about one attempt to place a call.
pub fn of_call(public_url: &str, call: &Call, attempt: u32, kind: &str) -> String {
    let base = base(public_url, call.provider, &call.scope.organization);
    format!("{base}/calls/{}/{attempt}/{kind}{}", call.id, query(call.request_id.as_deref()))
}

/// The address of a provider's callbacks about one text.
pub fn of_text(public_url: &str, conversation: &SmsConversation, number: u32) -> String {
    let base = base(public_url, conversation.provider, &conversation.scope.organization);
    format!("{base}/messages/{}/{number}/status{}", conversation.id, query(conversation.request_id.as_deref()))
}

/// Whether a text is the id of a request: what can stand in an address, a header and a log line as it is.
pub fn is_request_id(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=LONGEST_REQUEST_ID).contains(&text.len()) && text.bytes().all(is_plain)
}

/// The query of an address. A signature may be over the address: nothing stands in it that anybody could write in another
/// way.
fn query(request_id: Option<&str>) -> String {
    request_id.filter(|id| is_request_id(id)).map(|id| format!("?{REQUEST}={id}")).unwrap_or_default()
}

/// A provider reaches phones in live mode only, so that the mode need not be said.
fn base(public_url: &str, provider: Provider, organization: &OrganizationId) -> String {
    format!("{}/inbound/{}/{organization}", public_url.trim_end_matches('/'), provider.as_str())
}
