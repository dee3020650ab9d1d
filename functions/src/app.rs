//! What every handler is given.

use providers::egress::Egress;
use providers::{Bases, Outside, Providers, Secrets};
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
    /// What the deployment is known by at providers and models.
    pub secrets: Secrets,
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
        Self { store, providers, egress: outside.egress, secrets: outside.secrets }
    }
}
