//! Selection of an agent's model: its own in live mode, the scripted one behind test keys.

use domain::ids::{Mode, Scope};
use domain::sms::{Brief, ModelSettings};
use providers::egress::{EgressError, UrlError};
use providers::model::{ApiKey, ChatCompletions, ChatSettings, Model, ModelError, Scripted};
use url::Url;

use crate::app::{App, StandIn};

/// Maximum number of output tokens if the agent's settings have none.
pub(super) const MAX_OUTPUT_TOKENS: u32 = 500;

/// Returns the model that speaks for this agent. An API key is sent only to the URL that it may be sent to. If that is not
/// possible, no request is made.
///
/// # Errors
/// [`ModelError`] if the agent's settings do not lead to a model that can be used.
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

/// Returns the settings of a stand-in for the scripted model. URL, key and, if given, name are the stand-in's. The rest is the
/// agent's own.
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

/// Returns the URL and the API key of a model.
async fn access(app: &App, scope: &Scope, settings: &ModelSettings) -> Result<(Url, Option<ApiKey>), ModelError> {
    let malformed = |error| EgressError::Refused(UrlError::Malformed(error));
    let chosen = settings.base_url.as_ref().map(|url| url.parse::<Url>().map_err(malformed)).transpose()?;
    let Some(name) = &settings.key_name else {
        return Ok((chosen.ok_or(ModelError::NotSetUp)?, None));
    };
    let found = app.secrets.model(&scope.organization, name, chosen.as_ref()).await.map_err(ModelError::NoKey)?;
    // `Secrets` returns only keys that parse. If one does not, no request is made.
    let key = ApiKey::parse(found.key.reveal()).map_err(|error| EgressError::Setup(error.into()))?;
    Ok((found.base_url, Some(key)))
}
