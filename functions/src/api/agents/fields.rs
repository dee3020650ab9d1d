//! The settings of an agent, as its owner sends them. Every wrong field is told at once.

use domain::agent::{Agent, LARGEST_AGENT};
use domain::ids::{AgentId, Channel, Mode};
use domain::limits::Limits;
use domain::organization::Organization;
use domain::provider::Provider;
use domain::retention::Retention;
use providers::egress::Egress;
use serde_json::Value;

use crate::api::agents::{sms_settings as sms, voice_settings as voice};
use crate::fields::Fields;

/// What a request may say.
pub(crate) const FIELDS: [&str; 12] = [
    "slug",
    "channel",
    "name",
    "provider",
    "number",
    "externalId",
    "prompt",
    "requiredVariables",
    "limits",
    "retentionDays",
    "voice",
    "sms",
];

const LIMITS: [&str; 2] = ["ringSeconds", "maxDurationSeconds"];

/// The longest slug, and the longest name, in characters.
const LONGEST_SLUG: usize = 64;
const LONGEST_NAME: usize = 100;

/// As many as a request may bring.
const MOST_VARIABLES: usize = 100;
const LONGEST_VARIABLE: usize = 255;

/// Shorter is no time to answer, longer than carriers ring.
const RING_SECONDS: (u32, u32) = (5, 120);
/// Two hours: as much transcript as is kept.
const DURATION_SECONDS: (u32, u32) = (30, 7_200);

/// Reads an agent of a mode. `None` where something is wrong, which `fields` knows.
pub(crate) async fn agent(
    egress: &Egress,
    fields: &mut Fields<'_>,
    mode: Mode,
    organization: &Organization,
) -> Option<Agent> {
    let slug = slug(fields);
    let channel = required(fields, "channel", "voice or sms").then(|| {
        fields.one_of("channel", &[(Channel::Voice.as_str(), Channel::Voice), (Channel::Sms.as_str(), Channel::Sms)])
    });
    let channel = channel.flatten();
    required(fields, "name", "what people call it");
    let name = fields.text_within("name", 1, LONGEST_NAME).map(str::to_owned);
    let provider = provider(fields, channel);
    let number = fields.phone_number("number");
    if number.as_ref().is_some_and(|number| !organization.owns(mode, number)) {
        fields.refuse("number", "is not one of the organization's numbers");
    }
    let external_id = fields.text_within("externalId", 1, LONGEST_VARIABLE).map(str::to_owned);
    let prompt = prompt(fields, channel);
    let required_variables = variables(fields);
    let limits = limits(fields, channel);
    let retention = retention(fields);
    let voice = voice::settings(fields, channel, provider);
    let sms = match channel {
        Some(Channel::Sms) => sms::settings(egress, fields, mode, provider).await,
        Some(Channel::Voice) if fields.has("sms") => {
            fields.refuse("sms", "is for agents that hold SMS conversations only");
            None
        }
        Some(Channel::Voice) | None => None,
    };
    if fields.is_refused() {
        return None;
    }
    let (slug, channel) = (slug?, channel?);
    let agent = Agent {
        id: AgentId::for_slug(&organization.id, &slug),
        mode: Some(mode),
        retired_at: None,
        slug,
        name: name?,
        channel,
        provider: provider?,
        version: 1,
        number,
        external_id,
        prompt,
        required_variables,
        limits,
        retention,
        voice,
        sms,
    };
    if let Some(field) = agent.too_large() {
        let most = LARGEST_AGENT / 1_024;
        fields.refuse(field, format_args!("makes the agent larger than {most} KiB as JSON, all its settings together"));
        return None;
    }
    Some(agent)
}

/// Whether a field that must be there is.
fn required(fields: &mut Fields<'_>, name: &str, what: &str) -> bool {
    if !fields.has(name) {
        fields.refuse(name, format_args!("is required: {what}"));
    }
    fields.has(name)
}

/// What an agent that calls is told about its task. One that texts has its prompt among its `sms` settings.
fn prompt(fields: &mut Fields<'_>, channel: Option<Channel>) -> Option<String> {
    let prompt = fields.text_within("prompt", 1, sms::LONGEST_PROMPT).map(str::to_owned);
    sms::check_template(fields, "prompt", prompt.as_deref());
    if prompt.is_some() && channel == Some(Channel::Sms) {
        fields.refuse("prompt", "is for agents that call; set sms.prompt");
    }
    prompt
}

fn slug(fields: &mut Fields<'_>) -> Option<String> {
    required(fields, "slug", "its name for life, such as front-desk");
    let slug = fields.text("slug")?;
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let edges = !slug.starts_with('-') && !slug.ends_with('-');
    if (1..=LONGEST_SLUG).contains(&slug.len()) && edges && slug.bytes().all(is_plain) {
        return Some(slug.to_owned());
    }
    let message = "must be 1 to 64 lower-case letters, digits and hyphens, with no hyphen at its ends";
    fields.refuse("slug", message);
    None
}

fn provider(fields: &mut Fields<'_>, channel: Option<Channel>) -> Option<Provider> {
    if !fields.has("provider") {
        return Some(Provider::Simulator);
    }
    let provider = fields.one_of("provider", &Provider::ALL.map(|provider| (provider.as_str(), provider)))?;
    if let Some(channel) = channel.filter(|channel| !provider.carries(*channel)) {
        let (provider, channel) = (provider.as_str(), channel.as_str());
        fields.refuse("provider", format_args!("{provider} does not carry the channel {channel} here"));
        return None;
    }
    Some(provider)
}

fn variables(fields: &mut Fields<'_>) -> Vec<String> {
    let Some(value) = fields.value("requiredVariables") else { return Vec::new() };
    let Some(names) = value.as_array().filter(|names| names.len() <= MOST_VARIABLES) else {
        fields.refuse("requiredVariables", format_args!("must be a list of at most {MOST_VARIABLES} names"));
        return Vec::new();
    };
    let mut found: Vec<String> = Vec::new();
    for (index, name) in names.iter().enumerate() {
        match name.as_str().filter(|name| (1..=LONGEST_VARIABLE).contains(&name.chars().count())) {
            Some(name) if found.iter().any(|known| known == name) => {}
            Some(name) => found.push(name.to_owned()),
            None => {
                let message = format!("must be a name of 1 to {LONGEST_VARIABLE} characters");
                fields.refuse(format!("requiredVariables[{index}]"), message);
            }
        }
    }
    found
}

fn limits(fields: &mut Fields<'_>, channel: Option<Channel>) -> Limits {
    let usual = Limits::default();
    if channel == Some(Channel::Sms) && fields.has("limits") {
        fields.refuse("limits", "is for agents that call only");
        return usual;
    }
    let Some(object) = fields.object("limits") else { return usual };
    let mut own = Fields::within(object, &LIMITS);
    let ring = own.number_within("ringSeconds", RING_SECONDS.0, RING_SECONDS.1);
    let duration = own.number_within("maxDurationSeconds", DURATION_SECONDS.0, DURATION_SECONDS.1);
    fields.absorb("limits", own);
    Limits {
        ring_seconds: ring.unwrap_or(usual.ring_seconds),
        max_duration_seconds: duration.unwrap_or(usual.max_duration_seconds),
    }
}

/// For how long what the agent's conversations bring is kept.
fn retention(fields: &mut Fields<'_>) -> Option<Retention> {
    let bounds = (u32::from(Retention::SHORTEST_DAYS), u32::from(Retention::LONGEST_DAYS));
    let days = fields.number_within("retentionDays", bounds.0, bounds.1)?;
    u16::try_from(days).ok().and_then(Retention::of_days)
}

/// Refuses a change of what an agent keeps for life.
pub(crate) fn stays(fields: &mut Fields<'_>, name: &str, value: &str) {
    if fields.value(name).is_some_and(|sent| *sent != Value::String(value.to_owned())) {
        fields.refuse(name, "cannot be changed: make another agent");
    }
}
