//! Dependencies of the handlers.

use domain::time::Timestamp;
use providers::egress::Egress;
use providers::model::Habits;
use providers::{Bases, Outside, Providers, Secrets};
use store::Store;
use store::entropy::Entropy;
use url::Url;

/// Dependencies that every handler gets.
#[derive(Clone, Debug)]
pub struct App {
    /// Access to the table and the queues.
    pub store: Store,
    /// Adapters of the telephony providers.
    pub providers: Providers,
    /// HTTP client for URLs that clients set.
    pub egress: Egress,
    /// Secrets of the deployment: its public URL, and its credentials at providers and models.
    pub secrets: Secrets,
    /// Request parameters that each model accepts, as learned from the models' answers.
    pub habits: Habits,
    /// Model that answers for test keys instead of the scripted one. For local development only.
    pub stand_in: Option<StandIn>,
}

/// Model that answers for test keys.
#[derive(Clone, Debug)]
pub struct StandIn {
    /// Base URL of the model's API.
    pub base_url: Url,
    /// Name of the model at that API. `None` uses the name in the agent's own settings.
    pub model: Option<String>,
    /// Name of the API key among the secrets. `None` sends no key.
    pub key_name: Option<String>,
}

impl App {
    /// Builds the dependencies without secrets, for tests and for setups that use only the simulator.
    pub fn new(store: Store, egress: Egress) -> Self {
        let secrets = Secrets::none(store.table.clock().clone());
        Self::with(store, Outside { egress, secrets, bases: Bases::default() })
    }

    /// Builds the dependencies with these external services.
    pub fn with(store: Store, outside: Outside) -> Self {
        let providers = Providers::new(&store, &outside);
        Self {
            store,
            providers,
            egress: outside.egress,
            secrets: outside.secrets,
            habits: Habits::default(),
            stand_in: None,
        }
    }

    /// Returns the current time.
    pub(crate) fn now(&self) -> Timestamp {
        self.store.table.now()
    }

    /// Returns the source of randomness.
    pub(crate) fn entropy(&self) -> &Entropy {
        self.store.table.entropy()
    }

    /// Returns the same dependencies with this model behind test keys.
    #[must_use]
    pub fn with_stand_in(self, stand_in: Option<StandIn>) -> Self {
        Self { stand_in, ..self }
    }
}
