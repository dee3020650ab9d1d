//! Opening message of a conversation: the request's own, or a custom agent's template, or written by its model.

use std::time::Duration;

use domain::blank::is_blank;
use domain::ids::Scope;
use domain::sms::{Brief, Kind, Opening, SmsSettings, TextLimit, split};
use domain::template::{RenderError, Template};
use providers::model::{ModelError, Prompt, Reply};
use serde_json::{Map, Value};

use super::model::{MAX_OUTPUT_TOKENS, model_of};
use super::turn::shortened;
use crate::app::App;
use crate::error::{ApiError, FieldError};

/// Longest duration of a model's work on an opening message. It is shorter than for an answer, because a client waits for it,
/// and then for the provider.
const MODEL_TIMEOUT: Duration = Duration::from_secs(10);

/// Source of the opening message.
pub(crate) enum Chosen {
    /// Text that is known already.
    Text(String),
    /// Text that the agent's model has to write.
    Model,
}

/// Chooses the source of the opening message. Errors of the request are added to `wrong`.
pub(crate) fn chosen(
    welcome_message: Option<&str>,
    settings: &SmsSettings,
    variables: &Map<String, Value>,
    limit: TextLimit,
    wrong: &mut Vec<FieldError>,
) -> Option<Chosen> {
    let own = settings.opening.as_ref().filter(|_| settings.kind == Kind::Custom);
    match (welcome_message, own) {
        // The client's text is used unchanged, because it is not a template.
        (Some(text), _) => match limit.problem(text) {
            None => Some(Chosen::Text(text.to_owned())),
            Some(problem) => {
                wrong.push(FieldError::new("welcomeMessage", problem));
                None
            }
        },
        (None, Some(Opening::Model)) => Some(Chosen::Model),
        (None, Some(Opening::Template { text })) => {
            let text = render(text, variables, wrong)?;
            let problem = if is_blank(&text) { Some("is blank".to_owned()) } else { limit.problem(&text) };
            let Some(problem) = problem else { return Some(Chosen::Text(text)) };
            let message = format!("do not fit into the agent's opening text: with them, it {problem}");
            wrong.push(FieldError::new("dynamicVariables", message));
            None
        }
        (None, None) => {
            let message = "is required: the agent does not open conversations by itself";
            wrong.push(FieldError::new("welcomeMessage", message));
            None
        }
    }
}

/// Renders one of the agent's templates with the variables of the request. A missing variable is an error of the request,
/// because it would leave a gap in the text.
pub(crate) fn render(template: &str, variables: &Map<String, Value>, wrong: &mut Vec<FieldError>) -> Option<String> {
    let rendered = match Template::parse(template) {
        Ok(template) => template.render(variables),
        Err(error) => {
            wrong.push(FieldError::new("agentId", format_args!("names an agent whose template is broken: {error}")));
            return None;
        }
    };
    match rendered {
        Ok(text) => Some(text),
        Err(RenderError::Unusable(unusable)) => {
            for variable in unusable {
                let field = format!("dynamicVariables.{}", variable.path);
                // Missing required variables were reported before.
                if wrong.iter().all(|known| known.field != field) {
                    wrong.push(FieldError::new(field, variable.problem));
                }
            }
            None
        }
        Err(error) => {
            wrong.push(FieldError::new("dynamicVariables", error));
            None
        }
    }
}

/// Returns the text of the opening message.
///
/// # Errors
/// [`ApiError::Provider`] if the agent's model does not write one.
pub(crate) async fn text(
    app: &App,
    scope: &Scope,
    brief: &Brief,
    chosen: Chosen,
    limit: TextLimit,
) -> Result<String, ApiError> {
    if let Chosen::Text(text) = chosen {
        return Ok(text);
    }
    let failed = |why: String| ApiError::Provider(format!("the agent's model gave no opening text: {why}"));
    let model = model_of(app, scope, brief).await.map_err(|error| failed(error.told()))?;
    let prompt = Prompt {
        system: brief.prompt.clone(),
        turns: Vec::new(),
        tools: Vec::new(),
        max_output_tokens: brief.model.as_ref().map_or(MAX_OUTPUT_TOKENS, |model| model.max_output_tokens),
    };
    let asked = async {
        match model.complete(&prompt).await? {
            Reply::Text(text) => {
                Ok::<_, ModelError>(Reply::Text(shortened(model.as_ref(), &prompt, text, limit).await))
            }
            tools @ Reply::Tools(_) => Ok(tools),
        }
    };
    match tokio::time::timeout(MODEL_TIMEOUT, asked).await {
        // One message opens a conversation. Of a longer text, the first message is used. It ends with a sentence, if the text
        // has one that fits.
        Ok(Ok(Reply::Text(text))) => Ok(split(&text, limit).into_iter().next().unwrap_or_default()),
        Ok(Ok(Reply::Tools(_))) => Err(failed("it called a tool".to_owned())),
        Ok(Err(error)) => Err(failed(error.told())),
        Err(_) => Err(failed("it took too long".to_owned())),
    }
}
