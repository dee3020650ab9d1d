//! What every handler is given.

use std::collections::BTreeMap;

use providers::Providers;
use providers::egress::Egress;
use providers::model::ApiKey;
use providers::simulator::Simulator;
use store::Store;

/// Everything a handler acts through.
#[derive(Clone, Debug)]
pub struct App {
    /// The table and the queues.
    pub store: Store,
    /// The telephony providers.
    pub providers: Providers,
    /// The way to clients' own addresses.
    pub egress: Egress,
    /// The keys of agents' models.
    pub model_keys: ModelKeys,
}

/// The keys of agents' models, by the names that agents' settings know them under.
#[derive(Clone, Debug, Default)]
pub struct ModelKeys(BTreeMap<String, ApiKey>);

impl ModelKeys {
    /// These keys.
    pub fn new(keys: BTreeMap<String, ApiKey>) -> Self {
        Self(keys)
    }

    /// The key of this name.
    pub fn get(&self, name: &str) -> Option<ApiKey> {
        self.0.get(name).cloned()
    }
}

impl App {
    /// Puts the parts together.
    pub fn new(store: Store, egress: Egress) -> Self {
        let providers = Providers { simulator: Simulator::new(store.clone()) };
        Self { store, providers, egress, model_keys: ModelKeys::default() }
    }
}
