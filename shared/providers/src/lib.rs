//! The outside world: telephony providers behind one interface.
//!
//! A provider's words die here. What goes inside is an [`Outcome`](domain::call::Outcome) or a list of
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
pub mod simulator;
mod sms;
#[cfg(test)]
mod socket;
pub mod telnyx;
pub mod tools;
pub mod twilio;
pub mod vapi;
mod voice;

pub use account::is_signed;
pub use client::{KEEP_BYTES, NoReply, ProviderClient, Question, REQUEST_TIMEOUT, Reply, wire};
pub use outcome::{Wire, classify};
pub use part::Part;
pub use secrets::{ModelAccess, ModelKeyError, ParameterStore, SECRETS_TIMEOUT, Secret, Secrets, SecretsError};
pub use sms::{ReceivedText, SmsProvider, Texting};
pub use voice::{Alike, Found, ProviderError, Recording, Sought, VoiceProvider};

use domain::organization::Provider;
use egress::Egress;
use retell::Retell;
use simulator::Simulator;
use store::Store;
use telnyx::Telnyx;
use twilio::Twilio;
use url::Url;
use vapi::Vapi;

/// How the outside world is reached.
#[derive(Clone, Debug)]
pub struct Outside {
    /// The way to clients' own addresses, and to providers.
    pub egress: Egress,
    /// What the deployment is known by there.
    pub secrets: Secrets,
    /// Where providers' APIs are to be had instead of at their vendors: a fake, in tests.
    pub bases: Bases,
}

/// Where providers' APIs are to be had, where that is not at their vendors.
#[derive(Clone, Debug, Default)]
pub struct Bases {
    /// Twilio's.
    pub twilio: Option<Url>,
    /// Retell's.
    pub retell: Option<Url>,
    /// Telnyx's.
    pub telnyx: Option<Url>,
    /// Vapi's.
    pub vapi: Option<Url>,
}

/// Every provider there is.
#[derive(Clone, Debug)]
pub struct Providers {
    /// Behind every test key.
    pub simulator: Simulator,
    /// Twilio.
    pub twilio: Twilio,
    /// Retell AI.
    pub retell: Retell,
    /// Telnyx.
    pub telnyx: Telnyx,
    /// Vapi.
    pub vapi: Vapi,
}

impl Providers {
    /// Every provider, reached this way.
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

    /// The provider of this name, for SMS.
    pub fn sms(&self, provider: Provider) -> Texting<'_> {
        match provider {
            Provider::Simulator => Texting::Texts(&self.simulator),
            Provider::Twilio => Texting::Texts(&self.twilio),
            Provider::Telnyx => Texting::Texts(&self.telnyx),
            Provider::Retell => Texting::Chats(&self.retell),
            Provider::Vapi => Texting::NotOffered,
        }
    }

    /// The provider of this name, for voice.
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
