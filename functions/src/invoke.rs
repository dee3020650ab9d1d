//! Running a function: what AWS sends goes in, what AWS takes comes out. The one place where a request is let in.

use domain::key::Permission;
use futures::future::join;
use providers::callback;
use serde_json::{Map, Value};
use store::keys;
use store::measures::{Measures, measured};
use store::unreadable::gathering;

use crate::answer::into_response;
use crate::app::App;
use crate::dialects::verbex_token::CallToken;
use crate::error::{ApiError, Error};
use crate::http::{Request, Response};
use crate::log_lines::MEASURED;
use crate::route::{Access, Authorized, Function, Handle, KeysToLoad, Route, Signed, Trigger};
use crate::{auth, idempotency, inbound, key_use};

/// Runs a function on an event, exactly as AWS sends it, and gives the answer exactly as AWS takes it.
///
/// # Errors
/// [`Error`] where the event is of another kind, or the work could not be finished. A request over HTTP is always
/// answered.
pub async fn invoke(app: &App, function: &Function, event: Value) -> Result<Value, Error> {
    match function.trigger {
        Trigger::Http(route) => {
            let request = Request::from_event(event).map_err(Error::Event)?.taking(route.max_body_bytes);
            let request =
                idempotency::under_a_key(request, &route, app.store.table.entropy()).map_err(Error::Entropy)?;
            // What a handler needs on its way is large; on the heap it is moved about by its address.
            let (answered, measures) = measured(gathering(Box::pin(answer(app, &route, &request)))).await;
            let response = answered.unwrap_or_else(|error| into_response(&error, &request, route.dialect));
            let response = idempotency::tell_generated(response, &request);
            let about = request_followed(&route, &request, &response);
            log_answer(function, &request, about.as_deref(), &response, &measures);
            response.into_event().map_err(Error::Answer)
        }
        Trigger::Queue { handle, .. } => {
            let (answered, measures) = measured(handle(app, event)).await;
            log_measures(function, &measures);
            answered
        }
        Trigger::Schedule { handle } => {
            let (done, measures) = measured(handle(app)).await;
            log_measures(function, &measures);
            done.map(|()| Value::Object(Map::new()))
        }
    }
}

/// The request that a provider's callback follows from, as its address says. Of what was let in only: anybody could have the
/// log say anything else.
fn request_followed(route: &Route, request: &Request, response: &Response) -> Option<String> {
    let is_let_in = matches!(route.access, Access::Signed { .. }) && response.status.is_success();
    let query = request.query().ok().filter(|_| is_let_in)?;
    query.get(callback::REQUEST).filter(|id| callback::is_request_id(id)).map(str::to_owned)
}

/// What a function's process does before its first event: it opens the connection to the table. Here the CPU of a cold start is
/// not yet the function's share. A route for anybody reads nothing, and its role may not.
pub async fn begin(app: &App, function: &Function) {
    if !matches!(function.trigger, Trigger::Http(Route { access: Access::Public(_), .. })) {
        app.store.table.warm_up().await;
    }
}

/// The one line of a request, with what was measured in it, and the request that it follows from, where it is another.
fn log_answer(function: &Function, request: &Request, about: Option<&str>, response: &Response, measures: &Measures) {
    let (function, request_id, status) = (function.name, request.request_id.as_str(), response.status.as_u16());
    match measures.to_json() {
        Some(measures) => tracing::info!(target: MEASURED, function, request_id, about, status, measures, "answered"),
        None => tracing::info!(function, request_id, about, status, "answered"),
    }
}

fn log_measures(function: &Function, measures: &Measures) {
    if let Some(measures) = measures.to_json() {
        tracing::info!(target: MEASURED, function = function.name, measures, "measured");
    }
}

/// The one place where a request is let in: its key, its permission, then its handler.
async fn answer(app: &App, route: &Route, request: &Request) -> Result<Response, ApiError> {
    match route.access {
        Access::Public(handle) => handle(request),
        Access::Signed { provider, handle } => {
            let scope = inbound::verified(app, route, provider, request).await?;
            handle(Signed { app, scope, request }).await
        }
        Access::CallToken { permission, keys_to_load, handle } => match CallToken::given(request) {
            Some(token) => {
                let mut wanted = keys_to_load(request, token.scope());
                wanted.push(keys::organization(&token.scope().organization));
                let now = app.store.table.now();
                let items = app.store.table.read(wanted).await?;
                let caller = token.authenticate(request, &items, now)?;
                request.query().map_err(|error| ApiError::field("query", error))?;
                handle(Authorized { app, caller, request, items }).await
            }
            None => let_in(app, route, request, permission, keys_to_load, handle).await,
        },
        Access::Key { permission, keys_to_load, handle } => {
            let_in(app, route, request, permission, keys_to_load, handle).await
        }
    }
}

/// Lets a request in by its key.
async fn let_in<'a>(
    app: &'a App,
    route: &Route,
    request: &'a Request,
    permission: Permission,
    keys_to_load: KeysToLoad,
    handle: Handle,
) -> Result<Response, ApiError> {
    let raw = auth::raw_key(request, route.dialect)?;
    let mut wanted = keys_to_load(request, raw.scope());
    wanted.extend(auth::reads(&raw));
    let now = app.store.table.now();
    let mut items = app.store.table.read(wanted).await?;
    let caller = auth::authenticate(&raw, &items, permission, now)?;
    let caller = auth::with_accounts_above(&app.store.table, caller, &mut items).await?;
    let Some(key) = caller.key.clone() else { return Err(ApiError::Unauthorized) };
    let noted = key_use::note(app, &key, items.last_used_at(&raw), now);
    let handled = async {
        request.query().map_err(|error| ApiError::field("query", error))?;
        // What makes something may be asked for again: its handler answers that first.
        if !route.makes_something() {
            caller.must_have_left(0, now)?;
        }
        handle(Authorized { app, caller, request, items }).await
    };
    let (answered, ()) = join(handled, noted).await;
    let response = answered.unwrap_or_else(|error| into_response(&error, request, route.dialect));
    Ok(key_use::with_limits(response, &key, now))
}
