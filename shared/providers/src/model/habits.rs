//! Request options that models need, as learned from their answers: the name of a parameter, an unsupported parameter, or room
//! to think. A process asks each model wrongly only once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use url::Url;

/// Maximum number of models whose options are remembered.
const MOST_MODELS: usize = 200;

/// Host of the API that wants `max_completion_tokens` from all its models.
const OPENAI: &str = "api.openai.com";

/// Field that limits the length of an answer. Ollama ignores the newer one, and Mistral refuses it. OpenAI's reasoning models
/// refuse the older one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum TokenLimit {
    /// Field `max_tokens`.
    #[default]
    MaxTokens,
    /// Field `max_completion_tokens`.
    MaxCompletionTokens,
}

impl TokenLimit {
    const fn field(self) -> &'static str {
        match self {
            Self::MaxTokens => "max_tokens",
            Self::MaxCompletionTokens => "max_completion_tokens",
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::MaxTokens => Self::MaxCompletionTokens,
            Self::MaxCompletionTokens => Self::MaxTokens,
        }
    }
}

/// Options of a request to a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Habit {
    /// Field for the length limit.
    pub(super) limit: TokenLimit,
    /// `true` if the model accepts a temperature.
    pub(super) takes_temperature: bool,
    /// `true` if the model thinks before it speaks. Thinking counts towards the length limit, and needs room in it.
    pub(super) thinks: bool,
}

impl Habit {
    /// Returns the default options for a model of which nothing was learned.
    fn of(base_url: &Url, model: &str) -> Self {
        let is_openai = base_url.host_str() == Some(OPENAI);
        let limit = if is_openai { TokenLimit::MaxCompletionTokens } else { TokenLimit::MaxTokens };
        Self { limit, takes_temperature: true, thinks: is_openai && is_known_to_think(model) }
    }

    /// Returns other options if the answer names a parameter that the model does not take.
    pub(super) fn corrected(self, status: u16, body: &str) -> Option<Self> {
        if !matches!(status, 400 | 422) {
            return None;
        }
        if self.takes_temperature && names(body, "temperature") {
            return Some(Self { takes_temperature: false, ..self });
        }
        names(body, self.limit.field()).then(|| Self { limit: self.limit.other(), ..self })
    }
}

/// Returns `true` for OpenAI's series that reason: o1, o3, o4-mini …, gpt-5 and later.
fn is_known_to_think(model: &str) -> bool {
    let digit = |rest: &str| rest.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
    let generation = model.strip_prefix("gpt-").and_then(|rest| rest.bytes().next());
    model.strip_prefix('o').is_some_and(digit) || generation.is_some_and(|byte| (b'5'..=b'9').contains(&byte))
}

/// Returns `true` if an error is about this parameter. The error names it in `param`, or else in its text.
fn names(body: &str, parameter: &str) -> bool {
    let named = serde_json::from_str::<Value>(body).ok();
    let named = named.as_ref().and_then(|body| body.get("error")?.get("param")?.as_str());
    named.map_or_else(|| body.contains(parameter), |named| named == parameter)
}

/// Options that were learned of models. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Habits(Arc<Mutex<BTreeMap<String, Habit>>>);

impl Habits {
    pub(super) fn of(&self, base_url: &Url, model: &str) -> Habit {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&name(base_url, model)).copied().unwrap_or_else(|| Habit::of(base_url, model))
    }

    pub(super) fn learn(&self, base_url: &Url, model: &str, habit: Habit) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = name(base_url, model);
        if known.len() >= MOST_MODELS && !known.contains_key(&name) {
            known.clear();
        }
        known.insert(name, habit);
    }
}

fn name(base_url: &Url, model: &str) -> String {
    format!("{base_url} {model}")
}

#[cfg(test)]
mod tests {
    use super::{Habit, Habits, MOST_MODELS, TokenLimit};
    use url::Url;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn the_parameter_follows_from_the_models_api() {
        let openai = url("https://api.openai.com/v1");
        for (model, thinks) in [
            ("gpt-5", true),
            ("gpt-5.1-mini", true),
            ("o3", true),
            ("o4-mini", true),
            ("gpt-4o", false),
            ("omni", false),
            ("ft:gpt-4o", false),
        ] {
            let habit = Habits::default().of(&openai, model);
            assert_eq!((habit.limit, habit.thinks), (TokenLimit::MaxCompletionTokens, thinks), "{model}");
        }
        let ollama = Habits::default().of(&url("http://127.0.0.1:11434/v1"), "gpt-5");
        assert_eq!((ollama.limit, ollama.thinks), (TokenLimit::MaxTokens, false));
    }

    #[test]
    fn an_error_that_names_a_parameter_says_how_to_ask_instead() {
        let plain = Habit { limit: TokenLimit::MaxTokens, takes_temperature: true, thinks: false };
        let openai = r#"{"error": {"message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", "type": "invalid_request_error", "param": "max_tokens", "code": "unsupported_parameter"}}"#;
        assert_eq!(plain.corrected(400, openai), Some(Habit { limit: TokenLimit::MaxCompletionTokens, ..plain }));
        let newer = Habit { limit: TokenLimit::MaxCompletionTokens, ..plain };
        let mistral = r#"{"detail": [{"type": "extra_forbidden", "loc": ["body", "max_completion_tokens"]}]}"#;
        assert_eq!(newer.corrected(422, mistral), Some(plain));
        let warm = r#"{"error": {"message": "Unsupported value: 'temperature' does not support 0.7 with this model.", "param": "temperature"}}"#;
        assert_eq!(plain.corrected(400, warm), Some(Habit { takes_temperature: false, ..plain }));
        let other = r#"{"error": {"message": "messages: max_tokens is fine", "param": "messages"}}"#;
        for (status, body) in [(400, other), (400, "no"), (401, openai), (500, openai), (200, openai)] {
            assert_eq!(plain.corrected(status, body), None, "{status} {body}");
        }
    }

    #[test]
    fn what_was_learned_is_kept_within_a_bound() {
        let (habits, url) = (Habits::default(), url("https://llm.example/v1"));
        let learned = Habit { limit: TokenLimit::MaxCompletionTokens, takes_temperature: false, thinks: true };
        for number in 0..=MOST_MODELS {
            habits.learn(&url, &format!("m{number}"), learned);
            assert_eq!(habits.of(&url, &format!("m{number}")), learned);
        }
        assert!(habits.0.lock().unwrap().len() <= MOST_MODELS);
    }
}
