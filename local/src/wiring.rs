//! The handlers, connected to the stack: the same registry that `main` of the deployment uses.

use std::sync::Arc;

use functions::{App, find, invoke};
use futures::FutureExt;
use providers::egress::{Egress, EgressPolicy};
use providers::{Bases, Outside, Secrets};
use serde_json::Value;
use store::Store;
use store::clock::Clock;
use store::entropy::Entropy;

use crate::{Connect, Error, Invoke, Wiring, customer, opening_hours, phone, seed};

/// Connects the functions of package `functions`. Webhooks may go to loopback and by plain http here, and only here.
pub fn functions() -> Connect {
    functions_with(Bases::default())
}

/// The same, with providers' APIs at these addresses: fakes, in tests.
pub fn functions_with(bases: Bases) -> Connect {
    Box::new(|backend| {
        async move {
            let table = backend.table(&Clock::system(), Entropy::system())?;
            let store = Store { table: table.clone(), queues: backend.queues()? };
            let egress = Egress::new(EgressPolicy { allow_insecure: true });
            let egress = egress.map_err(|error| Error::Wiring(error.to_string()))?;
            let texts = customer::route(store.clone(), seed::scope()?);
            let local_routes = vec![phone::route(table), texts, opening_hours::route()];
            let secrets = Secrets::of_file(backend.secrets.clone(), Clock::system());
            let secrets = secrets.reached_at(&backend.public_url);
            let app = App::with(store, Outside { egress, secrets, bases });
            Ok(Wiring { invoke: invoker(Arc::new(app)), local_routes })
        }
        .boxed()
    })
}

fn invoker(app: Arc<App>) -> Invoke {
    Arc::new(move |name: String, event: Value| {
        let app = Arc::clone(&app);
        async move {
            let function = find(&name).ok_or_else(|| format!("the registry has no function {name}"))?;
            invoke(&app, function, event).await.map_err(|error| error.to_string())
        }
        .boxed()
    })
}
