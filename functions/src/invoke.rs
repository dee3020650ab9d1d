//! Invocation of a function with an event of AWS. Every HTTP request is authorized here, before its handler runs.

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

/// Runs a function with an event in the format of AWS, and returns the result in the format that AWS expects.
///
/// # Errors
/// [`Error`] if the event is of another kind, or if the work could not be finished. A failure in the handler of an HTTP request
/// is not an error here: it becomes a response.
pub async fn invoke(app: &App, function: &Function, event: Value) -> Result<Value, Error> {
    match function.trigger {
        Trigger::Http(route) => {
            let request = Request::from_event(event).map_err(Error::Event)?.taking(route.max_body_bytes);
            let request = idempotency::under_a_key(request, &route, app.entropy()).map_err(Error::Entropy)?;
            // The handlers' futures are large. Boxed, they are moved by their address.
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

/// Returns the id of the request that a provider's callback follows from, as the query of its address names it. Only accepted
/// signed callbacks are read, because any other client could write an arbitrary id into the log.
fn request_followed(route: &Route, request: &Request, response: &Response) -> Option<String> {
    let is_let_in = matches!(route.access, Access::Signed { .. }) && response.status.is_success();
    let query = request.query().ok().filter(|_| is_let_in)?;
    query.get(callback::REQUEST).filter(|id| callback::is_request_id(id)).map(str::to_owned)
}

/// Prepares the process before its first event: opens the connection to the table. At this moment of a cold start, the CPU is
/// not yet limited to the function's share. A public route needs no connection: it reads nothing, and its role does not allow
/// reads.
pub async fn begin(app: &App, function: &Function) {
    if !matches!(function.trigger, Trigger::Http(Route { access: Access::Public(_), .. })) {
        app.store.table.warm_up().await;
    }
}

/// Logs one line for a request, with its metrics. If the request follows from an earlier one, `about` is the id of that one.
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

/// Authorizes a request by the access rule of its route, then runs the handler.
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
                let now = app.now();
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

/// Authorizes a request by its API key, runs the handler, and counts the use of the key.
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
    let now = app.now();
    let mut items = app.store.table.read(wanted).await?;
    let caller = auth::authenticate(&raw, &items, permission, now)?;
    let caller = auth::with_accounts_above(&app.store.table, caller, &mut items).await?;
    let Some(key) = caller.key.clone() else { return Err(ApiError::Unauthorized) };
    let noted = key_use::note(app, &key, items.last_used_at(&raw), now);
    let handled = async {
        request.query().map_err(|error| ApiError::field("query", error))?;
        // A request that creates a resource may be a replay. Its handler answers replays first, and checks the limits after
        // that.
        if !route.makes_something() {
            caller.check_rate_limit(0, now)?;
        }
        handle(Authorized { app, caller, request, items }).await
    };
    let (answered, ()) = join(handled, noted).await;
    let response = answered.unwrap_or_else(|error| into_response(&error, request, route.dialect));
    Ok(key_use::with_limits(response, &key, now))
}
