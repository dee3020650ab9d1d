//! What every handler is given.

use providers::egress::Egress;
use providers::model::Habits;
use providers::{Bases, Outside, Providers, Secrets};
use store::Store;
use url::Url;

/// Everything a handler acts through.
#[derive(Clone, Debug)]
pub struct App {
    /// The table and the queues.
    pub store: Store,
    /// The telephony providers.
    pub providers: Providers,
    /// The way to clients' own addresses.
    pub egress: Egress,
    /// What the deployment is known by at providers and models.
    pub secrets: Secrets,
    /// How models want to be asked, as far as it was learned.
    pub habits: Habits,
    /// The model that speaks behind test keys instead of the scripted one: on one's own machine only.
    pub stand_in: Option<StandIn>,
}

/// A model that speaks behind test keys.
#[derive(Clone, Debug)]
pub struct StandIn {
    /// Where it is to be had.
    pub base_url: Url,
    /// Its name there; the agent's own setting where there is none.
    pub model: Option<String>,
    /// The name of its key among the secrets.
    pub key_name: Option<String>,
}

impl App {
    /// Puts the parts together, with no secrets: for tests, and where only the simulator is used.
    pub fn new(store: Store, egress: Egress) -> Self {
        let secrets = Secrets::none(store.table.clock().clone());
        Self::with(store, Outside { egress, secrets, bases: Bases::default() })
    }

    /// Puts the parts together.
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

    /// The same, with another model behind test keys.
    #[must_use]
    pub fn with_stand_in(self, stand_in: Option<StandIn>) -> Self {
        Self { stand_in, ..self }
    }
}
