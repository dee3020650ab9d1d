//! What every handler is given.

use providers::Providers;
use providers::egress::Egress;
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
}

impl App {
    /// Puts the parts together.
    pub fn new(store: Store, egress: Egress) -> Self {
        let providers = Providers { simulator: Simulator::new(store.clone()) };
        Self { store, providers, egress }
    }
}
