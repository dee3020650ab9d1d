//! Vendor's part of a fake: the wire protocol.

use domain::ids::ConversationId;
use domain::provider::Provider;
use domain::time::Timestamp;
use domain::voice_settings::VoiceSettings;
use providers::Bases;
use reqwest::Url;
use serde_json::Value;

use super::fake::Fake;
use super::script::{Script, Step};
use super::server::{Asked, Reaction};

/// Kind of a request that must not be carried out twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Call,
    Text,
}

/// Call or SMS message that was made.
#[derive(Clone, Debug)]
pub(crate) struct CreateOutcome {
    /// Vendor's id of the call or message.
    pub(crate) id: String,
    /// Body of the request. A form is an object here, and a repeated name has an array.
    pub(crate) asked: Value,
    /// Current representation at the vendor.
    pub(crate) shown: Value,
    pub(crate) created_at: Timestamp,
    /// `true` if the call was answered.
    pub(crate) answered: bool,
    /// Time at which the call ended.
    pub(crate) over_at: Option<Timestamp>,
    pub(crate) script: Script,
}

impl CreateOutcome {
    /// Returns a field of the request if it is a string.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.asked[name].as_str()
    }

    /// Returns the conversation and the attempt that an address of ours names.
    pub(crate) fn attempt_of(url: &str) -> Option<(ConversationId, u32)> {
        Self::named(url, "/calls/")
    }

    /// Returns the conversation and the message number that an address of ours names.
    pub(crate) fn text_of(url: &str) -> Option<(ConversationId, u32)> {
        Self::named(url, "/messages/")
    }

    fn named(url: &str, behind: &str) -> Option<(ConversationId, u32)> {
        let mut parts = url.split(behind).nth(1)?.split('/');
        let conversation = ConversationId::parse(parts.next()?)?;
        Some((conversation, parts.next()?.parse().ok()?))
    }
}

/// Callback to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) url: String,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
    /// `true` if the callback says which call it is about.
    pub(crate) names_the_call: bool,
}

/// Wire protocol of a vendor.
pub(crate) trait Vendor: Sized + Send + Sync + 'static {
    const PROVIDER: Provider;
    /// Host of the vendor's API.
    const HOST: &'static str;
    /// Number of times that a callback is sent again if it is not answered with 2xx.
    const RETRIES: usize;
    /// Vendor's word for the end of a call that the called party hung up.
    const HUNG_UP: &'static str;
    /// Vendor's word for the end of a call that was ended at our request.
    const STOPPED: &'static str;
    const BUSY: &'static str;
    const NO_ANSWER: &'static str;

    /// Returns the secret of the account by which the fake authenticates us.
    fn account() -> Value;

    /// Returns the settings of an agent that calls through the vendor.
    fn voice() -> VoiceSettings;

    /// Returns base URLs with the vendor's API at another address.
    fn bases(url: Url) -> Bases;

    /// Returns the refusal of a request that is not ours. Returns `None` if the request is ours.
    fn refusal(asked: &Asked) -> Option<Reaction>;

    /// Returns the kind and the body of a request that asks for a call or a message.
    fn wish(asked: &Asked) -> Option<(Kind, Value)>;

    /// Answers any other request.
    fn answer(fake: &Fake<Self>, asked: &Asked) -> Reaction;

    /// Checks a request for a call or a message against the vendor's published types. Returns the violation and the
    /// refusal.
    fn check(kind: Kind, body: &Value) -> Result<(), (String, Reaction)>;

    /// Returns the number to be called or texted.
    fn to(body: &Value) -> &str;

    /// Returns the address for the vendor's callbacks.
    fn callback(body: &Value) -> &str;

    /// Returns the conversation and the number of our message that this message was made for.
    fn text_of(made: &CreateOutcome) -> Option<(ConversationId, u32)> {
        CreateOutcome::text_of(Self::callback(&made.asked))
    }

    /// Returns `true` if the vendor takes a request for a repeat of what was made already.
    fn is_same(_made: &CreateOutcome, _body: &Value) -> bool {
        false
    }

    /// Returns the vendor's id of the call or message with this running number.
    fn id(kind: Kind, number: usize) -> String;

    /// Returns the first representation of a call or a message. `base` is the URL of the API.
    fn shown(kind: Kind, id: &str, body: &Value, at: Timestamp, base: &str) -> Value;

    /// Answers a request that was carried out.
    fn accepted(kind: Kind, made: &CreateOutcome) -> Reaction;

    /// Returns the fields of the representation that a step changes.
    fn change(made: &CreateOutcome, step: Step, at: Timestamp) -> Value;

    /// Returns the callbacks about a step.
    fn told(made: &CreateOutcome, step: Step, at: Timestamp) -> Vec<Told>;

    /// Returns the headers that sign a callback.
    fn signed(told: &Told, at: Timestamp) -> Vec<(&'static str, String)>;
}
