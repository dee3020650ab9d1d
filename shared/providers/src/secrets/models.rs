//! Keys for models, and the address that each may be sent to.
//!
//! An organization's own key is sent wherever its agent says, because both belong to the organization. The deployment's keys
//! are shared by all organizations. So no organization may choose where they are sent: the address is in the secret.

use domain::ids::OrganizationId;
use serde::Deserialize;
use url::Url;

use super::{REFRESH_AFTER, Secret, Secrets, SecretsError};

/// Vendors that a secret may name instead of an address, with the base URL of their chat completions.
const VENDORS: [(&str, &str); 8] = [
    ("openai", "https://api.openai.com/v1"),
    ("anthropic", "https://api.anthropic.com/v1"),
    ("google", "https://generativelanguage.googleapis.com/v1beta/openai"),
    ("mistral", "https://api.mistral.ai/v1"),
    ("groq", "https://api.groq.com/openai/v1"),
    ("deepseek", "https://api.deepseek.com/v1"),
    ("openrouter", "https://openrouter.ai/api/v1"),
    ("xai", "https://api.x.ai/v1"),
];

/// Key for a model, with the address that it is sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelAccess {
    /// Secret key.
    pub key: Secret,
    /// Base URL of the model's API.
    pub base_url: Url,
}

/// Reason why a model cannot be asked with a key. It shows neither key nor address.
#[derive(Debug, thiserror::Error)]
pub enum ModelKeyError {
    /// Secrets that could not be read. The key may exist.
    #[error("the model's key could not be read")]
    Unread(#[source] SecretsError),
    /// Key that does not exist.
    #[error(
        "there is no key named {name:?}, neither the organization's (organizations/<organization>/models/{name}) nor the \
         deployment's (models/{name})"
    )]
    Missing {
        /// Name in the agent's settings.
        name: String,
    },
    /// Secret that cannot be used. The text says how to write it.
    #[error("the secret {secret} cannot be used: {problem}")]
    Unusable {
        /// Name of the secret.
        secret: String,
        /// Problem of its value.
        problem: &'static str,
    },
    /// Address in the agent's settings on another host than the one that the secret is for.
    #[error(
        "the secret {secret} is for another host than the agent's baseUrl: leave baseUrl out, or name the same host"
    )]
    Elsewhere {
        /// Name of the secret.
        secret: String,
    },
    /// Missing address: neither the secret nor the agent names one.
    #[error("the secret {secret} does not say where the model is to be had, and neither does the agent's baseUrl")]
    Nowhere {
        /// Name of the secret.
        secret: String,
    },
}

/// Secret of a model, as its JSON object.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    key: String,
    #[serde(default)]
    base_url: Option<String>,
    #[serde(default)]
    vendor: Option<String>,
}

/// Secret of a model, after validation.
struct Understood {
    key: Secret,
    base_url: Option<Url>,
}

const NO_OBJECT: &str =
    "write it as {\"key\": \"…\", \"baseUrl\": \"https://…\"}, or as {\"key\": \"…\", \"vendor\": \"openai\"}";
const NO_KEY: &str = "its key has to be visible ASCII characters, without spaces";
const NO_ADDRESS: &str = "its baseUrl is no http or https URL";
const NO_VENDOR: &str = "its vendor is not known; known are openai, anthropic, google, mistral, groq, deepseek, openrouter and xai: write a baseUrl";
const BARE: &str = "all organizations share it, so that it has to say where it may be sent: write it as \
     {\"key\": \"…\", \"vendor\": \"openai\"}, or as {\"key\": \"…\", \"baseUrl\": \"https://…\"}";

impl Understood {
    /// Parses a secret: an object, or a bare key.
    fn of(secret: &Secret) -> Result<Self, &'static str> {
        let text = secret.reveal().trim();
        if !text.starts_with('{') {
            return Ok(Self { key: sound(text)?, base_url: None });
        }
        let written: Written = Secret::new(text).json().ok_or(NO_OBJECT)?;
        let base_url = match (written.base_url, written.vendor) {
            (Some(url), None) => Some(url),
            (None, Some(vendor)) => {
                let known = VENDORS.iter().find(|(name, _)| name.eq_ignore_ascii_case(vendor.trim()));
                Some(known.ok_or(NO_VENDOR)?.1.to_owned())
            }
            (None, None) => None,
            (Some(_), Some(_)) => return Err(NO_OBJECT),
        };
        let base_url = base_url.map(|url| url.parse::<Url>().map_err(|_| NO_ADDRESS)).transpose()?;
        if base_url.as_ref().is_some_and(|url| !matches!(url.scheme(), "http" | "https") || url.host().is_none()) {
            return Err(NO_ADDRESS);
        }
        Ok(Self { key: sound(written.key.trim())?, base_url })
    }
}

/// Checks that a key can stand in a header.
fn sound(key: &str) -> Result<Secret, &'static str> {
    let is_sound = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
    if is_sound { Ok(Secret::new(key)) } else { Err(NO_KEY) }
}

impl Secrets {
    /// Returns the key of this name and the address that it may be sent to. The organization's own key goes before the
    /// deployment's. `chosen` is the address that the organization's agent names, if it names one.
    ///
    /// # Errors
    /// [`ModelKeyError`] if there is no such key, or it may not be sent to the address that the agent names.
    pub async fn model(
        &self,
        organization: &OrganizationId,
        name: &str,
        chosen: Option<&Url>,
    ) -> Result<ModelAccess, ModelKeyError> {
        let missing = || ModelKeyError::Missing { name: name.to_owned() };
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if name.is_empty() || !name.bytes().all(is_plain) {
            return Err(missing());
        }
        let own = format!("organizations/{organization}/models/{name}");
        let shared = format!("models/{name}");
        let mut found = self.read(&[&own, &shared], REFRESH_AFTER).await.map_err(ModelKeyError::Unread)?;
        let (secret, written, is_own) = match (found.remove(&own), found.remove(&shared)) {
            (Some(written), _) => (own, written, true),
            (None, Some(written)) => (shared, written, false),
            (None, None) => return Err(missing()),
        };
        let understood = match Understood::of(&written) {
            Ok(understood) => understood,
            Err(problem) => return Err(ModelKeyError::Unusable { secret, problem }),
        };
        match (understood.base_url, chosen) {
            (Some(url), Some(chosen)) if url.origin() != chosen.origin() => Err(ModelKeyError::Elsewhere { secret }),
            (Some(base_url), _) => Ok(ModelAccess { key: understood.key, base_url }),
            (None, _) if !is_own => Err(ModelKeyError::Unusable { secret, problem: BARE }),
            (None, Some(chosen)) => Ok(ModelAccess { key: understood.key, base_url: chosen.clone() }),
            (None, None) => Err(ModelKeyError::Nowhere { secret }),
        }
    }
}

#[cfg(test)]
mod tests;
