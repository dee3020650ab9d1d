//! Which model speaks for an agent: its own in live mode, the scripted one behind every test key.

use domain::ids::Mode;
use domain::sms::Brief;
use providers::egress::{EgressError, UrlError};
use providers::model::{ApiKey, ChatCompletions, ChatSettings, Model, ModelError, Scripted, TokenLimit};

use crate::app::App;

/// The model that speaks for this agent.
///
/// # Errors
/// [`ModelError`] where the agent's settings name none that can be asked.
pub(crate) async fn model_of(app: &App, mode: Mode, brief: &Brief) -> Result<Box<dyn Model>, ModelError> {
    let settings = match (mode, &brief.model) {
        (Mode::Test, _) => return Ok(Box::new(Scripted)),
        (Mode::Live, None) => return Err(ModelError::Empty),
        (Mode::Live, Some(settings)) => settings,
    };
    let base_url = settings.base_url.parse().map_err(|error| EgressError::Refused(UrlError::Malformed(error)))?;
    let key = match &settings.key_name {
        Some(name) => app.secrets.model_key(name).await.map_err(ModelError::NoKey)?,
        None => None,
    };
    let chat = ChatSettings {
        base_url,
        model: settings.model.clone(),
        key: key.and_then(|key| ApiKey::parse(key.reveal()).ok()),
        temperature: settings.temperature_hundredths.map(|hundredths| f64::from(hundredths) / 100.0),
        token_limit: TokenLimit::default(),
    };
    Ok(Box::new(ChatCompletions::new(app.egress.clone(), chat)))
}
