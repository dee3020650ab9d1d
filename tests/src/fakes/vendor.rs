//! What makes one fake another's: the vendor's wire protocol.

use domain::ids::ConversationId;
use domain::organization::{Provider, VoiceSettings};
use domain::time::Timestamp;
use providers::Bases;
use reqwest::Url;
use serde_json::Value;

use super::fake::Fake;
use super::script::{Script, Step};
use super::server::{Asked, Reaction};

/// What may be asked for that must not be made twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Call,
    Text,
}

/// A call or a text that was made.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    /// The vendor's id of it.
    pub(crate) id: String,
    /// What it was asked for with. A form is an object here; a name that comes more than once has a list.
    pub(crate) asked: Value,
    /// As the vendor shows it now.
    pub(crate) shown: Value,
    pub(crate) created_at: Timestamp,
    /// Whether anybody answered.
    pub(crate) answered: bool,
    /// When it was over, if it is.
    pub(crate) over_at: Option<Timestamp>,
    pub(crate) script: Script,
}

impl Made {
    /// A field of the request that is one text.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.asked[name].as_str()
    }

    /// The conversation and the attempt that an address of ours names.
    pub(crate) fn attempt_of(url: &str) -> Option<(ConversationId, u32)> {
        Self::named(url, "/calls/")
    }

    /// The conversation and the text's number that an address of ours names.
    pub(crate) fn text_of(url: &str) -> Option<(ConversationId, u32)> {
        Self::named(url, "/messages/")
    }

    fn named(url: &str, behind: &str) -> Option<(ConversationId, u32)> {
        let mut parts = url.split(behind).nth(1)?.split('/');
        let conversation = ConversationId::parse(parts.next()?)?;
        Some((conversation, parts.next()?.parse().ok()?))
    }
}

/// A callback as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) url: String,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
    /// Whether it says which call it is about.
    pub(crate) names_the_call: bool,
}

/// A vendor: what it puts on the wire, and what it takes.
pub(crate) trait Vendor: Sized + Send + Sync + 'static {
    const PROVIDER: Provider;
    /// The host of its API.
    const HOST: &'static str;
    /// How often a callback is sent again where it is not answered by a 2xx.
    const RETRIES: usize;
    /// Its word for the end of a call that the called party hung up.
    const HUNG_UP: &'static str;
    /// Its word for the end of a call that we had ended.
    const STOPPED: &'static str;
    const BUSY: &'static str;
    const NO_ANSWER: &'static str;

    /// The secret of the account that the fake knows us by.
    fn account() -> Value;

    /// The settings of an agent that calls through it.
    fn voice() -> VoiceSettings;

    /// Where its API is to be had instead.
    fn bases(url: Url) -> Bases;

    /// How a request is refused that is not ours.
    fn refusal(asked: &Asked) -> Option<Reaction>;

    /// What a request asks to be made, and with what.
    fn wish(asked: &Asked) -> Option<(Kind, Value)>;

    /// What comes of any other request.
    fn answer(fake: &Fake<Self>, asked: &Asked) -> Reaction;

    /// Holds a request for a call or a text against the vendor's published types; gives what is wrong, and the refusal.
    fn check(kind: Kind, body: &Value) -> Result<(), (String, Reaction)>;

    /// The number that is called or texted.
    fn to(body: &Value) -> &str;

    /// Where the vendor calls back about it.
    fn callback(body: &Value) -> &str;

    /// The conversation and the number of the text of ours that a text was made for.
    fn text_of(made: &Made) -> Option<(ConversationId, u32)> {
        Made::text_of(Self::callback(&made.asked))
    }

    /// Whether a request asks for what was made already, by what the vendor takes for the same.
    fn is_same(_made: &Made, _body: &Value) -> bool {
        false
    }

    /// The id of the so-manieth call or text.
    fn id(kind: Kind, number: usize) -> String;

    /// A call or a text as it is shown at first. `base` is where the API is to be had.
    fn shown(kind: Kind, id: &str, body: &Value, at: Timestamp, base: &str) -> Value;

    /// What a request that was carried out is answered.
    fn accepted(kind: Kind, made: &Made) -> Reaction;

    /// What a step changes of what is shown.
    fn change(made: &Made, step: Step, at: Timestamp) -> Value;

    /// What is told of a step.
    fn told(made: &Made, step: Step, at: Timestamp) -> Vec<Told>;

    /// The headers that a callback is signed with.
    fn signed(told: &Told, at: Timestamp) -> Vec<(&'static str, String)>;
}
