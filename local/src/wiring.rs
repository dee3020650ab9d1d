//! Connection of the handlers to the stack, by the same registry that `main` of the deployment uses.

use std::sync::Arc;

use functions::{App, StandIn, find, invoke};
use futures::FutureExt;
use providers::egress::{Egress, EgressPolicy};
use providers::{Bases, Outside, Secrets};
use serde_json::Value;
use store::Store;
use store::clock::Clock;
use store::entropy::Entropy;
use store::watch::{Watcher, watched};

use crate::chat::Chat;
use crate::{Connect, Error, Invoke, Wiring, customer, opening_hours, phone, seed, steps};

/// Connects the functions of package `functions`. Only here, webhooks may go to loopback and over plain HTTP.
pub fn functions() -> Connect {
    functions_with(Bases::default())
}

/// Connects the functions for a chat, which may name the model that speaks behind test keys.
pub fn functions_for(chat: Option<&Chat>) -> Connect {
    connect(Bases::default(), chat.cloned())
}

/// Connects the functions with providers' APIs at these addresses, such as fakes in tests.
pub fn functions_with(bases: Bases) -> Connect {
    connect(bases, None)
}

fn connect(bases: Bases, chat: Option<Chat>) -> Connect {
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
            let stand_in = chat.and_then(stand_in).transpose()?;
            let app = App::with(store, Outside { egress, secrets, bases }).with_stand_in(stand_in);
            let steps = steps::printer(anstream::stderr(), Clock::system());
            Ok(Wiring { invoke: invoker(Arc::new(app), steps), local_routes })
        }
        .boxed()
    })
}

/// Returns the model that speaks behind test keys, if the chat names one.
fn stand_in(chat: Chat) -> Option<Result<StandIn, Error>> {
    let base_url = chat.model?;
    let Chat { model_name: model, key_name, .. } = chat;
    let parsed = base_url.parse().map_err(|error| Error::Chat(format!("--model is no URL: {error}")));
    Some(parsed.map(|base_url| StandIn { base_url, model, key_name }))
}

fn invoker(app: Arc<App>, steps: Watcher) -> Invoke {
    Arc::new(move |name: String, event: Value| {
        let (app, steps) = (Arc::clone(&app), Arc::clone(&steps));
        async move {
            let function = find(&name).ok_or_else(|| format!("the registry has no function {name}"))?;
            watched(steps, invoke(&app, function, event)).await.map_err(|error| error.to_string())
        }
        .boxed()
    })
}
