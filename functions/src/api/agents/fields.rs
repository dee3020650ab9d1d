//! The settings of an agent in a request. All wrong fields are reported together.

use domain::agent::{Agent, LARGEST_AGENT};
use domain::ids::{AgentId, Channel, Mode, OrganizationId};
use domain::limits::Limits;
use domain::organization::Organization;
use domain::phone::PhoneNumber;
use domain::provider::Provider;
use domain::retention::Retention;
use domain::sms::SmsSettings;
use domain::voice_settings::VoiceSettings;
use providers::egress::Egress;
use serde_json::Value;

#[cfg(feature = "openapi")]
use crate::api::agents::settings_view::{LimitsView, SmsView, VoiceView};
use crate::api::agents::{sms_settings as sms, voice_settings as voice};
use crate::fields::Fields;

/// Fields that a request may have.
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

/// Agent to create.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), serde(rename_all = "camelCase", deny_unknown_fields))]
pub(crate) struct CreateAgentRequest {
    /// Permanent name of the agent: lower-case letters, digits and hyphens. It neither begins nor ends with a hyphen.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, example = "front-desk"))]
    slug: String,
    /// Channel of the agent's conversations. It cannot be changed.
    channel: Channel,
    /// Display name of the agent.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100))]
    name: String,
    /// Provider of the agent's calls or SMS messages in live mode; by default the simulator.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Provider>))]
    provider: Provider,
    /// The agent's own phone number. For a live agent, it must be one of the organization's numbers.
    number: Option<PhoneNumber>,
    /// Names of the dynamic variables that each request must contain.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<String>>, max_items = 100))]
    required_variables: Vec<String>,
    /// Id of the agent in another system. Clients of the compatible APIs may name the agent by it.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255))]
    external_id: Option<String>,
    /// Instructions for an agent of the voice channel: a template with the request's dynamic variables.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 32000))]
    prompt: Option<String>,
    /// Time limits of a call. Only for agents of the voice channel.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<LimitsView>))]
    limits: Limits,
    /// Number of days for which conversation data is kept; without it, data is kept forever. SMS messages, events and transcripts are
    /// deleted
    /// this long after they were written, everything else this long after the conversation ended. A tombstone of the conversation
    /// remains for another 30 days.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u16>, minimum = 7, maximum = 3650))]
    retention_days: Option<Retention>,
    /// Voice settings. Only for agents that call through a live provider.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<VoiceView>))]
    voice: Option<VoiceSettings>,
    /// SMS settings. Required for agents of the SMS channel, and not allowed for others.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<SmsView>))]
    sms: Option<SmsSettings>,
}

const LIMITS: [&str; 2] = ["ringSeconds", "maxDurationSeconds"];

/// Longest slug and, below it, longest name, in characters.
const LONGEST_SLUG: usize = 64;
const LONGEST_NAME: usize = 100;

/// Largest number of variables in a request and, below it, longest name of a variable, in characters.
const MOST_VARIABLES: usize = 100;
const LONGEST_VARIABLE: usize = 255;

/// Bounds of the ring time, in seconds. A shorter time is too short to answer, and carriers do not ring longer than the maximum.
const RING_SECONDS: (u32, u32) = (5, 120);
/// Bounds of a call's duration, in seconds. The maximum is two hours, because no longer transcript is kept.
const DURATION_SECONDS: (u32, u32) = (30, 7_200);

/// Reads an agent of a mode. Returns `None` if a field is wrong; the errors are added to `fields`.
pub(crate) async fn agent(
    egress: &Egress,
    fields: &mut Fields<'_>,
    mode: Mode,
    organization: &Organization,
) -> Option<Agent> {
    let asked = CreateAgentRequest::read(egress, fields, mode, organization).await?;
    let agent = asked.into_agent(mode, &organization.id);
    if let Some(field) = agent.too_large() {
        let most = LARGEST_AGENT / 1_024;
        fields.refuse(field, format_args!("makes the agent larger than {most} KiB as JSON, all its settings together"));
        return None;
    }
    Some(agent)
}

impl CreateAgentRequest {
    async fn read(egress: &Egress, fields: &mut Fields<'_>, mode: Mode, organization: &Organization) -> Option<Self> {
        let slug = slug(fields);
        let channel = channel(fields);
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
        let retention_days = retention(fields);
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
        Some(Self {
            slug: slug?,
            channel: channel?,
            name: name?,
            provider: provider?,
            number,
            required_variables,
            external_id,
            prompt,
            limits,
            retention_days,
            voice,
            sms,
        })
    }

    fn into_agent(self, mode: Mode, organization: &OrganizationId) -> Agent {
        Agent {
            id: AgentId::for_slug(organization, &self.slug),
            mode: Some(mode),
            retired_at: None,
            slug: self.slug,
            name: self.name,
            channel: self.channel,
            provider: self.provider,
            version: 1,
            number: self.number,
            external_id: self.external_id,
            prompt: self.prompt,
            required_variables: self.required_variables,
            limits: self.limits,
            retention: self.retention_days,
            voice: self.voice,
            sms: self.sms,
        }
    }
}

/// Returns `true` if a required field is present. Otherwise adds an error to `fields`.
fn required(fields: &mut Fields<'_>, name: &str, what: &str) -> bool {
    if !fields.has(name) {
        fields.refuse(name, format_args!("is required: {what}"));
    }
    fields.has(name)
}

/// Reads the prompt of an agent of the voice channel. An agent of the SMS channel has its prompt in its `sms` settings.
fn prompt(fields: &mut Fields<'_>, channel: Option<Channel>) -> Option<String> {
    let prompt = fields.text_within("prompt", 1, sms::LONGEST_PROMPT).map(str::to_owned);
    sms::check_template(fields, "prompt", prompt.as_deref());
    if prompt.is_some() && channel == Some(Channel::Sms) {
        fields.refuse("prompt", "is for agents that call; set sms.prompt");
    }
    prompt
}

fn channel(fields: &mut Fields<'_>) -> Option<Channel> {
    required(fields, "channel", "voice or sms");
    fields.one_of("channel", &[(Channel::Voice.as_str(), Channel::Voice), (Channel::Sms.as_str(), Channel::Sms)])
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

/// Reads the number of days for which conversation data is kept.
fn retention(fields: &mut Fields<'_>) -> Option<Retention> {
    let bounds = (u32::from(Retention::SHORTEST_DAYS), u32::from(Retention::LONGEST_DAYS));
    let days = fields.number_within("retentionDays", bounds.0, bounds.1)?;
    u16::try_from(days).ok().and_then(Retention::of_days)
}

/// Refuses the change of a permanent setting.
pub(crate) fn must_stay(fields: &mut Fields<'_>, name: &str, sent: Option<&Value>, value: &str) {
    if sent.is_some_and(|sent| !sent.is_null() && sent.as_str() != Some(value)) {
        fields.refuse(name, "cannot be changed: make another agent");
    }
}
