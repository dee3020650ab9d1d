//! Voice settings of an agent in a request.

use domain::ids::Channel;
use domain::provider::Provider;
use domain::voice_settings::{LONGEST_OPENING, VoiceSettings};
use url::Url;

use crate::api::agents::sms_settings::check_template;
use crate::fields::Fields;

const FIELDS: [&str; 6] = ["opening", "relayUrl", "language", "record", "detectMachines", "providerAgentId"];

/// Longest id of a provider's own agent, in characters.
const LONGEST_NAME: usize = 200;
/// Longest URL, in characters.
const LONGEST_URL: usize = 2_048;

/// Reads the voice settings. The errors are added to `fields`.
pub(crate) fn settings(
    fields: &mut Fields<'_>,
    channel: Option<Channel>,
    provider: Option<Provider>,
) -> Option<VoiceSettings> {
    if channel == Some(Channel::Sms) {
        if fields.has("voice") {
            fields.refuse("voice", "is for agents that call only");
        }
        return None;
    }
    let calling = provider.filter(|_| channel == Some(Channel::Voice));
    let problem = |settings: &VoiceSettings| calling.and_then(|provider| settings.problem(provider));
    if !fields.has("voice") {
        if let Some(problem) = problem(&VoiceSettings::default()) {
            fields.refuse("voice", format_args!("is required for this provider: it {problem}"));
        }
        return None;
    }
    let mut own = Fields::within(fields.object("voice")?, &FIELDS);
    let opening = own.text_within("opening", 1, LONGEST_OPENING).map(str::to_owned);
    check_template(&mut own, "opening", opening.as_deref());
    let settings = VoiceSettings {
        opening,
        relay_url: relay_url(&mut own),
        language: language(&mut own),
        record: own.boolean("record").unwrap_or_default(),
        detect_machines: own.boolean("detectMachines").unwrap_or_default(),
        provider_agent_id: own.text_within("providerAgentId", 1, LONGEST_NAME).map(str::to_owned),
    };
    let is_sound = !own.is_refused();
    fields.absorb("voice", own);
    if let Some(problem) = problem(&settings).filter(|_| is_sound) {
        fields.refuse("voice", problem);
    }
    Some(settings)
}

/// Reads the URL of the WebSocket. The provider connects to it, not this service. So only its form is checked: a WebSocket over TLS
/// without credentials.
fn relay_url(fields: &mut Fields<'_>) -> Option<String> {
    let text = fields.text_within("relayUrl", 1, LONGEST_URL)?;
    let no_credentials = |url: &Url| url.username().is_empty() && url.password().is_none();
    let sound = |url: &Url| url.scheme() == "wss" && url.host().is_some() && no_credentials(url);
    if Url::parse(text).as_ref().is_ok_and(sound) {
        return Some(text.to_owned());
    }
    fields.refuse("relayUrl", "must be a WebSocket over TLS without user or password, such as wss://example.com/relay");
    None
}

fn language(fields: &mut Fields<'_>) -> Option<String> {
    let text = fields.text_within("language", 2, 35)?;
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Some(text.to_owned());
    }
    fields.refuse("language", "must be a language tag such as en-US");
    None
}
