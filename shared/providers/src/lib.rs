//! Adapters for telephony providers and models, the guarded HTTP client below them, and the deployment's secrets.
//!
//! A provider's answer to a request becomes an [`Outcome`](domain::call::Outcome). Its news of a call becomes a list of
//! [`Report`](domain::call::Report)s.

mod account;
pub mod attempt;
pub mod callback;
mod client;
pub mod egress;
mod json_api;
pub mod model;
mod outcome;
mod part;
mod reading;
pub mod retell;
mod secrets;
mod signed;
pub mod simulator;
mod sms;
#[cfg(test)]
mod socket;
pub mod telnyx;
pub mod tools;
pub mod twilio;
pub mod vapi;
mod voice;

pub use client::{KEEP_BYTES, NoReply, ProviderClient, Question, REQUEST_TIMEOUT, Reply, wire};
pub use outcome::{Wire, classify};
pub use part::Part;
pub use secrets::{ModelAccess, ModelKeyError, ParameterStore, SECRETS_TIMEOUT, Secret, Secrets, SecretsError};
pub use signed::is_signed;
pub use sms::{ReceivedText, SmsProvider, Texting};
pub use voice::{Candidate, Found, ProviderError, Recording, SearchResult, VoiceProvider};

use domain::provider::Provider;
use egress::Egress;
use retell::Retell;
use simulator::Simulator;
use store::Store;
use telnyx::Telnyx;
use twilio::Twilio;
use url::Url;
use vapi::Vapi;

/// Dependencies of the adapters on the outside world.
#[derive(Clone, Debug)]
pub struct Outside {
    /// HTTP client for providers and for addresses that clients chose.
    pub egress: Egress,
    /// Secrets of the deployment, among them its accounts at providers.
    pub secrets: Secrets,
    /// Addresses of the providers' APIs if they are not the vendors': those of a fake, in tests.
    pub bases: Bases,
}

/// Addresses of the providers' APIs. `None` means the vendor's own address.
#[derive(Clone, Debug, Default)]
pub struct Bases {
    /// Base URL of Twilio's API.
    pub twilio: Option<Url>,
    /// Base URL of Retell's API.
    pub retell: Option<Url>,
    /// Base URL of Telnyx's API.
    pub telnyx: Option<Url>,
    /// Base URL of Vapi's API.
    pub vapi: Option<Url>,
}

/// Adapters for all providers.
#[derive(Clone, Debug)]
pub struct Providers {
    /// Simulator: the provider of every test key.
    pub simulator: Simulator,
    /// Adapter for Twilio.
    pub twilio: Twilio,
    /// Adapter for Retell AI.
    pub retell: Retell,
    /// Adapter for Telnyx.
    pub telnyx: Telnyx,
    /// Adapter for Vapi.
    pub vapi: Vapi,
}

impl Providers {
    /// Creates the adapters over one shared HTTP client.
    pub fn new(store: &Store, outside: &Outside) -> Self {
        let client = ProviderClient::new(outside.egress.clone(), store.table.clock().clone());
        let secrets = &outside.secrets;
        Self {
            simulator: Simulator::new(store.clone()),
            twilio: Twilio::new(client.clone(), secrets.clone(), outside.bases.twilio.as_ref()),
            retell: Retell::new(client.clone(), secrets.clone(), outside.bases.retell.as_ref()),
            telnyx: Telnyx::new(client.clone(), secrets.clone(), outside.bases.telnyx.as_ref()),
            vapi: Vapi::new(client, secrets.clone(), outside.bases.vapi.as_ref()),
        }
    }

    /// Returns the SMS capability of a provider.
    pub fn sms(&self, provider: Provider) -> Texting<'_> {
        match provider {
            Provider::Simulator => Texting::Texts(&self.simulator),
            Provider::Twilio => Texting::Texts(&self.twilio),
            Provider::Telnyx => Texting::Texts(&self.telnyx),
            Provider::Retell => Texting::Chats(&self.retell),
            Provider::Vapi => Texting::NotOffered,
        }
    }

    /// Returns the voice adapter of a provider.
    pub fn voice(&self, provider: Provider) -> &dyn VoiceProvider {
        match provider {
            Provider::Simulator => &self.simulator,
            Provider::Twilio => &self.twilio,
            Provider::Retell => &self.retell,
            Provider::Telnyx => &self.telnyx,
            Provider::Vapi => &self.vapi,
        }
    }
}
