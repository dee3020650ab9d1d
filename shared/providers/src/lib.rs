//! The outside world: telephony providers behind one interface.
//!
//! A provider's words die here. What goes inside is an [`Outcome`](domain::call::Outcome) or a list of
//! [`Report`](domain::call::Report)s.

pub mod egress;
pub mod model;
mod outcome;
pub mod simulator;
mod sms;
#[cfg(test)]
mod socket;
pub mod tools;
mod voice;

pub use outcome::{Wire, classify};
pub use sms::SmsProvider;
pub use voice::{Found, ProviderError, Recording, VoiceProvider};

use domain::organization::Provider;
use simulator::Simulator;

/// Every provider there is.
#[derive(Clone, Debug)]
pub struct Providers {
    /// Behind every test key.
    pub simulator: Simulator,
}

impl Providers {
    /// The provider of this name, for SMS.
    pub fn sms(&self, provider: Provider) -> &dyn SmsProvider {
        match provider {
            Provider::Simulator => &self.simulator,
        }
    }

    /// The provider of this name, for voice.
    pub fn voice(&self, provider: Provider) -> &dyn VoiceProvider {
        match provider {
            Provider::Simulator => &self.simulator,
        }
    }
}
