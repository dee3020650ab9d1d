//! Functions and their routes: trigger, access rule, and arguments of the handler.

use domain::ids::Scope;
use domain::key::Permission;
use domain::provider::Provider;
use futures::future::BoxFuture;
use serde_json::Value;
use store::keys::Key;
use store::{Items, QueueName};

use crate::app::App;
use crate::auth::Caller;
use crate::dialect::Dialect;
use crate::error::{ApiError, Error};
use crate::http::{MAX_BODY_BYTES, Request, Response};

#[cfg(feature = "openapi")]
use crate::openapi::operation::Document;

/// Returns the keys of the items that a request needs, for its organization and mode.
pub type KeysToLoad = fn(&Request, &Scope) -> Vec<Key>;

/// Handler of an authorized request.
pub type Handle = for<'a> fn(Authorized<'a>) -> BoxFuture<'a, Result<Response, ApiError>>;

/// Lambda function of the artifact.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Name of the function: its handler in the template, its sample event, and its operation in the OpenAPI document.
    pub name: &'static str,
    /// Event source that invokes the function.
    pub trigger: Trigger,
    /// Describes the operation. `None` for a function without an HTTP route.
    #[cfg(feature = "openapi")]
    pub document: Option<fn() -> Document>,
}

/// Event source of a function.
#[derive(Clone, Copy, Debug)]
pub enum Trigger {
    /// Request over HTTP, on this route.
    Http(Route),
    /// Batch of messages from a queue.
    Queue {
        /// Queue that the function consumes.
        queue: QueueName,
        /// Handler of a batch of messages.
        handle: for<'a> fn(&'a App, Value) -> BoxFuture<'a, Result<Value, Error>>,
    },
    /// Schedule with one run a minute.
    Schedule {
        /// Handler of a run.
        handle: for<'a> fn(&'a App) -> BoxFuture<'a, Result<(), Error>>,
    },
}

/// Route of the HTTP API.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// HTTP method, in capitals.
    pub method: &'static str,
    /// Path, as in the template.
    pub path: &'static str,
    /// Format of its errors, whatever part of the service raises them.
    pub dialect: Dialect,
    /// Largest accepted body, in bytes.
    pub max_body_bytes: usize,
    /// Fields that a body of the native API may have. A body of another dialect may have any.
    pub body_fields: &'static [&'static str],
    /// Query parameters besides `limit` and `cursor`. One that ends with `[` stands for all that begin so and end with `]`.
    pub filters: &'static [&'static str],
    /// Rule for the idempotency key of a request.
    pub key_use: KeyUse,
    /// Returns `true` if the body of a request names the resource that it creates, so that it needs no idempotency key.
    pub names_its_resource: fn(&Request) -> bool,
    /// Access rule, with the handler.
    pub access: Access,
}

impl Route {
    const fn new(method: &'static str, path: &'static str, access: Access) -> Self {
        Self {
            method,
            path,
            dialect: Dialect::Native,
            max_body_bytes: MAX_BODY_BYTES,
            body_fields: &[],
            filters: &[],
            key_use: KeyUse::Unknown,
            names_its_resource: |_| false,
            access,
        }
    }

    /// Returns a route of the native API for callers with an API key. `keys_to_load` names the items that the handler needs, so
    /// that they are read together with the key.
    pub(crate) const fn with_key(
        method: &'static str,
        path: &'static str,
        permission: Permission,
        keys_to_load: KeysToLoad,
        handle: Handle,
    ) -> Self {
        Self::new(method, path, Access::Key { permission, keys_to_load, handle })
    }

    /// Returns a `GET` route for callers with the token of the call that the path names, or with an API key.
    pub(crate) const fn with_call_token(
        path: &'static str,
        permission: Permission,
        keys_to_load: KeysToLoad,
        handle: Handle,
    ) -> Self {
        Self::new("GET", path, Access::CallToken { permission, keys_to_load, handle })
    }

    /// Returns a `POST` route for a provider's signed callbacks.
    pub(crate) const fn signed(
        path: &'static str,
        provider: Provider,
        handle: for<'a> fn(Signed<'a>) -> BoxFuture<'a, Result<Response, ApiError>>,
    ) -> Self {
        Self::new("POST", path, Access::Signed { provider, handle })
    }

    /// Returns a `GET` route that needs no authentication.
    pub(crate) const fn public(path: &'static str, handle: fn(&Request) -> Result<Response, ApiError>) -> Self {
        Self::new("GET", path, Access::Public(handle))
    }

    /// Returns the same route with the errors of this dialect.
    pub(crate) const fn in_dialect(self, dialect: Dialect) -> Self {
        Self { dialect, ..self }
    }

    /// Returns the same route with bodies of up to `max_body_bytes`.
    pub(crate) const fn with_bodies_of(self, max_body_bytes: usize) -> Self {
        Self { max_body_bytes, ..self }
    }

    /// Returns the same route for bodies with these fields.
    pub(crate) const fn with_body(self, body_fields: &'static [&'static str]) -> Self {
        Self { body_fields, ..self }
    }

    /// Returns the same route with these query parameters besides `limit` and `cursor`.
    pub(crate) const fn with_filters(self, filters: &'static [&'static str]) -> Self {
        Self { filters, ..self }
    }

    /// Returns the same route with this rule for the idempotency key.
    pub(crate) const fn with_idempotency_key(self, key_use: KeyUse) -> Self {
        Self { key_use, ..self }
    }

    /// Returns the same route for requests whose body may name the resource that they create.
    pub(crate) const fn with_resource_named_by(self, names_its_resource: fn(&Request) -> bool) -> Self {
        Self { names_its_resource, ..self }
    }

    /// Returns `true` if a request creates a resource, so that the same request may be a replay. Handlers of such routes answer a
    /// replay first and check the key's limits after that, by [`Caller::check_rate_limit`].
    pub(crate) fn makes_something(&self) -> bool {
        self.method == "POST" && !self.path.contains('{')
    }
}

/// Rule for the idempotency key of a route's requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUse {
    /// Clients must send a key.
    Required,
    /// Clients may send a key. The service generates one for a request without it.
    Optional,
    /// The route uses no key, because it creates nothing.
    Unknown,
}

/// Access rule of a route, with its handler.
#[derive(Clone, Copy, Debug)]
pub enum Access {
    /// Access without authentication, for everyone.
    Public(fn(&Request) -> Result<Response, ApiError>),
    /// Access with the token of the call that the path names, or with an API key that has this permission.
    CallToken {
        /// Permission that the API key needs.
        permission: Permission,
        /// Keys of the items that the handler needs.
        keys_to_load: KeysToLoad,
        /// Handler of an authorized request.
        handle: Handle,
    },
    /// Access for a provider, by its signature over the request. The signature is verified before the handler runs.
    Signed {
        /// Provider that has to sign.
        provider: Provider,
        /// Handler of a signed callback.
        handle: for<'a> fn(Signed<'a>) -> BoxFuture<'a, Result<Response, ApiError>>,
    },
    /// Access with an API key that has this permission.
    Key {
        /// Permission that the API key needs.
        permission: Permission,
        /// Keys of the items that the handler needs. They are read together with the API key.
        keys_to_load: KeysToLoad,
        /// Handler of an authorized request.
        handle: Handle,
    },
}

/// Request of a caller who may make it, with the items that were read for it.
#[derive(Debug)]
pub struct Authorized<'a> {
    /// Dependencies of the handler.
    pub app: &'a App,
    /// Authenticated caller, with organization and mode.
    pub caller: Caller,
    /// Request, as it was received.
    pub request: &'a Request,
    /// Items that were read together with the caller's key.
    pub items: Items,
}

/// Provider's callback with a valid signature. Only [`invoke`](crate::invoke()) creates one.
#[derive(Debug)]
pub struct Signed<'a> {
    /// Dependencies of the handler.
    pub app: &'a App,
    /// Organization that the callback's address names. The callback is signed by the account of this organization, in live
    /// mode.
    pub scope: Scope,
    /// Request, as it was received.
    pub request: &'a Request,
}
