//! SMS settings of an agent in a request.

use domain::ids::Mode;
use domain::provider::Provider;
use domain::sms::{Kind, LONGEST_TEXT, ModelSettings, Opening, SmsSettings, Terms};
use domain::template::Template;
use domain::tool::Tool;
use providers::egress::Egress;
use serde_json::{Map, Value};

use crate::fields::Fields;

const FIELDS: [&str; 15] = [
    "kind",
    "prompt",
    "opening",
    "model",
    "tools",
    "maxToolCalls",
    "providerAgentId",
    "answers",
    "gatheringMs",
    "inactivitySeconds",
    "maxTurns",
    "maxMessagesPerHour",
    "helpText",
    "optOutText",
    "fallbackText",
];
const OPENING: [&str; 2] = ["by", "text"];
const MODEL: [&str; 5] = ["baseUrl", "model", "keyName", "temperature", "maxOutputTokens"];
const TOOL: [&str; 4] = ["name", "description", "parameters", "url"];

/// Longest prompt, in characters. Every turn sends it to the model.
pub(crate) const LONGEST_PROMPT: usize = 32_000;
/// Longest name of a model, name of an API key, or id of a provider's own agent, in characters.
const LONGEST_NAME: usize = 200;
/// Largest number of tools. More tools confuse a model and fill its prompt.
const MOST_TOOLS: usize = 16;
/// Maximum number of tool calls in one turn: the largest allowed value and, below it, the default.
const MOST_TOOL_CALLS: u32 = 20;
const USUAL_TOOL_CALLS: u32 = 5;
/// Length of one answer of a model, in tokens: the largest allowed value and, below it, the default.
const MOST_TOKENS: u32 = 4_096;
const USUAL_TOKENS: u32 = 500;
/// Longest time for which messages are gathered, in milliseconds. No customer waits longer.
const LONGEST_GATHERING_MS: u32 = 30_000;
/// Largest allowed number of answers in one conversation and, below it, of messages in an hour. A conversation with more is one between
/// machines.
const MOST_TURNS: u32 = 1_000;
const MOST_MESSAGES_PER_HOUR: u32 = 600;
/// Bounds of the inactivity time, in seconds: one minute to 30 days.
const INACTIVITY_SECONDS: (u32, u32) = (60, 30 * 24 * 3_600);

/// Reads the SMS settings. The errors are added to `fields`.
pub(crate) async fn settings(
    egress: &Egress,
    fields: &mut Fields<'_>,
    mode: Mode,
    provider: Option<Provider>,
) -> Option<SmsSettings> {
    if !fields.has("sms") {
        fields.refuse("sms", "is required for an agent that holds SMS conversations");
    }
    let mut own = Fields::within(fields.object("sms")?, &FIELDS);
    let kind = own.one_of("kind", &[("managed", Kind::Managed), ("custom", Kind::Custom)]).unwrap_or_default();
    if !own.has("prompt") {
        own.refuse("prompt", "is required: what the agent's model is told about its task");
    }
    let prompt = own.text_within("prompt", 1, LONGEST_PROMPT).map(str::to_owned);
    check_template(&mut own, "prompt", prompt.as_deref());
    let opening = opening(&mut own, kind);
    let model = model(egress, &mut own).await;
    let tools = tools(egress, &mut own).await;
    let max_tool_calls = own.number_within("maxToolCalls", 0, MOST_TOOL_CALLS).unwrap_or(USUAL_TOOL_CALLS);
    let provider_agent_id = own.text_within("providerAgentId", 1, LONGEST_NAME).map(str::to_owned);
    let terms = terms(&mut own, provider);
    let is_sound = !own.is_refused();
    fields.absorb("sms", own);
    let settings = SmsSettings {
        kind,
        prompt: prompt?,
        opening,
        model,
        tools,
        tool_secret: None,
        max_tool_calls,
        provider_agent_id,
        terms,
    };
    let problem = provider.and_then(|provider| settings.problem(provider));
    if let Some(problem) = problem.filter(|_| is_sound) {
        fields.refuse("sms", problem);
    }
    if provider.is_some_and(|provider| settings.lacks_model(mode, provider)) {
        let message = "is required for a live agent that answers, or opens by its model: or set sms.answers to false";
        fields.refuse("sms.model", message);
    }
    Some(settings)
}

pub(crate) fn check_template(fields: &mut Fields<'_>, name: &str, text: Option<&str>) {
    if let Some(Err(error)) = text.map(Template::parse) {
        fields.refuse(name, format_args!("is no template: {error}"));
    }
}

fn opening(fields: &mut Fields<'_>, kind: Kind) -> Option<Opening> {
    let object = fields.object("opening")?;
    if kind == Kind::Managed {
        fields.refuse("opening", "is for custom agents only: a managed one opens by each request's welcomeMessage");
    }
    let mut own = Fields::within(object, &OPENING);
    if !own.has("by") {
        own.refuse("by", "is required: template or model");
    }
    let is_template = own.one_of("by", &[("template", true), ("model", false)]);
    let text = own.text_within("text", 1, LONGEST_TEXT).map(str::to_owned);
    check_template(&mut own, "text", text.as_deref());
    match is_template {
        Some(true) if !own.has("text") => own.refuse("text", "is required for an opening by template"),
        Some(false) if own.has("text") => own.refuse("text", "is for an opening by template only"),
        Some(_) | None => {}
    }
    fields.absorb("opening", own);
    if is_template? { text.map(|text| Opening::Template { text }) } else { Some(Opening::Model) }
}

async fn model(egress: &Egress, fields: &mut Fields<'_>) -> Option<ModelSettings> {
    let mut own = Fields::within(fields.object("model")?, &MODEL);
    if !own.has("model") {
        own.refuse("model", "is required: the model's name");
    }
    if !own.has("baseUrl") && !own.has("keyName") {
        own.refuse(
            "baseUrl",
            "is required: where the model is to be had; or name a key whose secret says so, as keyName",
        );
    }
    let base_url = url(egress, &mut own, "baseUrl").await;
    let model = own.text_within("model", 1, LONGEST_NAME).map(str::to_owned);
    let key_name = own.text_within("keyName", 1, LONGEST_NAME).map(str::to_owned);
    let temperature_hundredths = temperature(&mut own);
    let max_output_tokens = own.number_within("maxOutputTokens", 1, MOST_TOKENS).unwrap_or(USUAL_TOKENS);
    fields.absorb("model", own);
    Some(ModelSettings { base_url, model: model?, key_name, temperature_hundredths, max_output_tokens })
}

fn temperature(fields: &mut Fields<'_>) -> Option<u16> {
    let value = fields.value("temperature")?;
    let hundredths = value.as_f64().map(|degrees| (degrees * 100.0).round()).filter(|all| (0.0..=200.0).contains(all));
    let Some(hundredths) = hundredths else {
        fields.refuse("temperature", "must be a number from 0 to 2");
        return None;
    };
    // The value is a whole number from 0 to 200, so the conversion is exact.
    Some((0..=200_u16).find(|whole| f64::from(*whole) >= hundredths).unwrap_or(200))
}

async fn tools(egress: &Egress, fields: &mut Fields<'_>) -> Vec<Tool> {
    let Some(value) = fields.value("tools") else { return Vec::new() };
    let Some(list) = value.as_array().filter(|tools| tools.len() <= MOST_TOOLS) else {
        fields.refuse("tools", format_args!("must be a list of at most {MOST_TOOLS} tools"));
        return Vec::new();
    };
    let mut tools: Vec<Tool> = Vec::new();
    for (index, tool) in list.iter().enumerate() {
        let name = format!("tools[{index}]");
        let Some(object) = tool.as_object() else {
            fields.refuse(name, "must be a JSON object");
            continue;
        };
        let mut own = Fields::within(object, &TOOL);
        let found = read_tool(egress, &mut own, object).await;
        fields.absorb(&name, own);
        let Some(found) = found else { continue };
        if tools.iter().any(|other| other.name == found.name) {
            fields.refuse(format!("{name}.name"), "is the name of another tool too");
        }
        tools.push(found);
    }
    tools
}

async fn read_tool(egress: &Egress, fields: &mut Fields<'_>, object: &Map<String, Value>) -> Option<Tool> {
    let text = |fields: &mut Fields<'_>, name: &str, what: &str| {
        if !fields.has(name) {
            fields.refuse(name, format_args!("is required: {what}"));
        }
        fields.text_within(name, 1, usize::MAX).map(str::to_owned)
    };
    let name = text(fields, "name", "what the model calls it by");
    let description = text(fields, "description", "what it does and when to call it");
    if !fields.has("url") {
        fields.refuse("url", "is required: where its calls are sent");
    }
    let url = url(egress, fields, "url").await;
    let nothing = || serde_json::json!({"type": "object", "properties": {}});
    let parameters = object.get("parameters").filter(|given| !given.is_null()).cloned().unwrap_or_else(nothing);
    let tool = Tool { name: name?, description: description?, parameters, url: url? };
    if let Err(problem) = tool.check() {
        let (field, message) = problem.split_once([' ', ':']).unwrap_or(("name", &problem));
        fields.refuse(field, message.trim_start());
    }
    Some(tool)
}

async fn url(egress: &Egress, fields: &mut Fields<'_>, name: &str) -> Option<String> {
    let url = fields.text(name)?;
    egress.check_url(url).await.map_err(|error| fields.refuse(name, error)).ok().map(Into::into)
}

fn terms(fields: &mut Fields<'_>, provider: Option<Provider>) -> Terms {
    let usual = Terms::default();
    let mut text = |name: &str| {
        let text = fields.text_within(name, 1, LONGEST_TEXT).map(str::to_owned);
        let problem = text.as_ref().and_then(|text| provider?.text_limit().problem(text));
        if let Some(problem) = problem {
            fields.refuse(name, problem);
        }
        text
    };
    let (help_text, opt_out_text, fallback_text) = (text("helpText"), text("optOutText"), text("fallbackText"));
    let inactivity = fields.number_within("inactivitySeconds", INACTIVITY_SECONDS.0, INACTIVITY_SECONDS.1);
    let turns = fields.number_within("maxTurns", 1, MOST_TURNS);
    let per_hour = fields.number_within("maxMessagesPerHour", 1, MOST_MESSAGES_PER_HOUR);
    Terms {
        answers: fields.boolean("answers").unwrap_or(usual.answers),
        gathering_ms: fields.number_within("gatheringMs", 0, LONGEST_GATHERING_MS).unwrap_or(usual.gathering_ms),
        inactivity_seconds: inactivity.unwrap_or(usual.inactivity_seconds),
        max_turns: turns.unwrap_or(usual.max_turns),
        max_messages_per_hour: per_hour.unwrap_or(usual.max_messages_per_hour),
        help_text,
        opt_out_text,
        fallback_text,
    }
}
