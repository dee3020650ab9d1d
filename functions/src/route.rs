//! A function and its route: the trigger, who may call it, and the arguments of its handler.

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

/// The handler of an authorized request.
pub type Handle = for<'a> fn(Authorized<'a>) -> BoxFuture<'a, Result<Response, ApiError>>;

/// A Lambda function.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Its name: the handler in the template, the sample event, the operation in the OpenAPI document.
    pub name: &'static str,
    /// What wakes it.
    pub trigger: Trigger,
    /// Describes its operation; `None` for a function that no request wakes.
    #[cfg(feature = "openapi")]
    pub document: Option<fn() -> Document>,
}

/// What wakes a function.
#[derive(Clone, Copy, Debug)]
pub enum Trigger {
    /// A request over HTTP.
    Http(Route),
    /// Messages on a queue.
    Queue {
        /// The queue.
        queue: QueueName,
        /// What runs, on a batch.
        handle: for<'a> fn(&'a App, Value) -> BoxFuture<'a, Result<Value, Error>>,
    },
    /// The clock, every minute.
    Schedule {
        /// What runs.
        handle: for<'a> fn(&'a App) -> BoxFuture<'a, Result<(), Error>>,
    },
}

/// A route of the API.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path, as in the template.
    pub path: &'static str,
    /// The shape of its errors, whoever raises them.
    pub dialect: Dialect,
    /// The largest body it takes, in bytes.
    pub max_body_bytes: usize,
    /// The use that it makes of an idempotency key.
    pub key_use: KeyUse,
    /// Returns `true` if the body of a request names the resource that it creates, so that it needs no idempotency key.
    pub names_its_resource: fn(&Request) -> bool,
    /// Who may.
    pub access: Access,
}

impl Route {
    const fn new(method: &'static str, path: &'static str, access: Access) -> Self {
        let (dialect, max_body_bytes, key_use) = (Dialect::Native, MAX_BODY_BYTES, KeyUse::Unknown);
        Self { method, path, dialect, max_body_bytes, key_use, names_its_resource: |_| false, access }
    }

    /// A route of the native API for callers with an API key. `keys_to_load` names the items that the handler needs, so that
    /// they are read together with the key.
    pub(crate) const fn with_key(
        method: &'static str,
        path: &'static str,
        permission: Permission,
        keys_to_load: KeysToLoad,
        handle: Handle,
    ) -> Self {
        Self::new(method, path, Access::Key { permission, keys_to_load, handle })
    }

    /// A `GET` route for callers with the token of the call that the path names, or with an API key.
    pub(crate) const fn with_call_token(
        path: &'static str,
        permission: Permission,
        keys_to_load: KeysToLoad,
        handle: Handle,
    ) -> Self {
        Self::new("GET", path, Access::CallToken { permission, keys_to_load, handle })
    }

    /// A `POST` route for a provider's signed callbacks.
    pub(crate) const fn signed(
        path: &'static str,
        provider: Provider,
        handle: for<'a> fn(Signed<'a>) -> BoxFuture<'a, Result<Response, ApiError>>,
    ) -> Self {
        Self::new("POST", path, Access::Signed { provider, handle })
    }

    /// A `GET` route for everybody.
    pub(crate) const fn public(path: &'static str, handle: fn(&Request) -> Result<Response, ApiError>) -> Self {
        Self::new("GET", path, Access::Public(handle))
    }

    /// The same route, with the errors of this dialect.
    pub(crate) const fn in_dialect(self, dialect: Dialect) -> Self {
        Self { dialect, ..self }
    }

    /// The same route, with bodies of up to `max_body_bytes`.
    pub(crate) const fn with_bodies_of(self, max_body_bytes: usize) -> Self {
        Self { max_body_bytes, ..self }
    }

    /// The same route, for requests with an idempotency key.
    pub(crate) const fn with_idempotency_key(self, key_use: KeyUse) -> Self {
        Self { key_use, ..self }
    }

    /// The same route, for requests whose body may name the resource that they create.
    pub(crate) const fn with_resource_named_by(self, names_its_resource: fn(&Request) -> bool) -> Self {
        Self { names_its_resource, ..self }
    }

    /// Returns `true` if a request creates a resource, so that the same request may be a replay. Handlers of such routes answer a
    /// replay first and check the key's limits after that, by [`Caller::must_have_left`].
    pub(crate) fn makes_something(&self) -> bool {
        self.method == "POST" && !self.path.contains('{')
    }
}

/// What a route's requests are to do about an idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUse {
    /// Bring one.
    Required,
    /// Bring one, or be given one.
    Optional,
    /// Nothing: the route makes nothing.
    Unknown,
}

/// Who may use a route, and what runs.
#[derive(Clone, Copy, Debug)]
pub enum Access {
    /// Anybody.
    Public(fn(&Request) -> Result<Response, ApiError>),
    /// Whoever has the token of the call that the path names, or a key with this permission.
    CallToken {
        /// The permission.
        permission: Permission,
        /// Keys of the items that the handler needs.
        keys_to_load: KeysToLoad,
        /// The handler.
        handle: Handle,
    },
    /// A provider, by its signature over what it sends. The signature is looked at before anything else.
    Signed {
        /// Whose signature.
        provider: Provider,
        /// What runs.
        handle: for<'a> fn(Signed<'a>) -> BoxFuture<'a, Result<Response, ApiError>>,
    },
    /// Whoever has a key with this permission.
    Key {
        /// The permission.
        permission: Permission,
        /// Keys of the items that the handler needs. They are read together with the API key.
        keys_to_load: KeysToLoad,
        /// The handler.
        handle: Handle,
    },
}

/// A request by somebody who may make it, with everything that was read for it.
#[derive(Debug)]
pub struct Authorized<'a> {
    /// What to act through.
    pub app: &'a App,
    /// Who is asking.
    pub caller: Caller,
    /// The request.
    pub request: &'a Request,
    /// What was read.
    pub items: Items,
}

/// A provider's callback, with a signature that is right: only [`invoke`](crate::invoke()) makes one.
#[derive(Debug)]
pub struct Signed<'a> {
    /// What to act through.
    pub app: &'a App,
    /// The organization that its address names, and whose account signed it.
    pub scope: Scope,
    /// The callback.
    pub request: &'a Request,
}
