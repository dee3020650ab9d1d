//! Which model speaks for an agent: its own in live mode, the scripted one behind every test key.

use domain::ids::{Mode, Scope};
use domain::sms::{Brief, ModelSettings};
use providers::egress::{EgressError, UrlError};
use providers::model::{ApiKey, ChatCompletions, ChatSettings, Model, ModelError, Scripted};
use url::Url;

use crate::app::{App, StandIn};

/// How much a model may say where its agent's settings do not say.
pub(super) const MAX_OUTPUT_TOKENS: u32 = 500;

/// The model that speaks for this agent. With a key it is asked where the key may be sent, and with that key, or not at all.
///
/// # Errors
/// [`ModelError`] where the agent's settings name none that can be asked.
pub(crate) async fn model_of(app: &App, scope: &Scope, brief: &Brief) -> Result<Box<dyn Model>, ModelError> {
    let settings = match (scope.mode, &app.stand_in, &brief.model) {
        (Mode::Test, None, _) => return Ok(Box::new(Scripted)),
        (Mode::Test, Some(stand_in), own) => &settings_of(stand_in, own.as_ref()),
        (Mode::Live, _, None) => return Err(ModelError::NotSetUp),
        (Mode::Live, _, Some(settings)) => settings,
    };
    let (base_url, key) = access(app, scope, settings).await?;
    let chat = ChatSettings {
        base_url,
        model: settings.model.clone(),
        key,
        temperature: settings.temperature_hundredths.map(|hundredths| f64::from(hundredths) / 100.0),
    };
    Ok(Box::new(ChatCompletions::new(app.egress.clone(), app.habits.clone(), chat)))
}

/// The settings of a model that stands in for the scripted one: the agent's own, but for what names it.
fn settings_of(stand_in: &StandIn, own: Option<&ModelSettings>) -> ModelSettings {
    let StandIn { base_url, model, key_name } = stand_in;
    let model = model.clone().or_else(|| own.map(|own| own.model.clone()));
    ModelSettings {
        base_url: Some(base_url.to_string()),
        model: model.unwrap_or_else(|| "default".to_owned()),
        key_name: key_name.clone(),
        temperature_hundredths: own.and_then(|own| own.temperature_hundredths),
        max_output_tokens: own.map_or(MAX_OUTPUT_TOKENS, |own| own.max_output_tokens),
    }
}

/// Where the model is, and what it is asked with.
async fn access(app: &App, scope: &Scope, settings: &ModelSettings) -> Result<(Url, Option<ApiKey>), ModelError> {
    let malformed = |error| EgressError::Refused(UrlError::Malformed(error));
    let chosen = settings.base_url.as_ref().map(|url| url.parse::<Url>().map_err(malformed)).transpose()?;
    let Some(name) = &settings.key_name else {
        return Ok((chosen.ok_or(ModelError::NotSetUp)?, None));
    };
    let found = app.secrets.model(&scope.organization, name, chosen.as_ref()).await.map_err(ModelError::NoKey)?;
    // The secrets let no other key pass. Without one, nothing is asked.
    let key = ApiKey::parse(found.key.reveal()).map_err(|error| EgressError::Setup(error.into()))?;
    Ok((found.base_url, Some(key)))
}
