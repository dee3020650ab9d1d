//! A function and its route: what wakes it, who may use it, and what its handler is given.

use domain::ids::Scope;
use domain::key::Permission;
use domain::provider::Provider;
use futures::future::BoxFuture;
use serde_json::Value;
use store::keys::Key;
use store::{Items, QueueName};

use crate::app::App;
use crate::auth::Caller;
use crate::dialects::Dialect;
use crate::error::{ApiError, Error};
use crate::http::{Request, Response};

/// A Lambda function.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Its name: the handler in the template, the sample event, the operation in the OpenAPI document.
    pub name: &'static str,
    /// What wakes it.
    pub trigger: Trigger,
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
    /// The largest body it takes.
    pub max_body_bytes: usize,
    /// Who may.
    pub access: Access,
}

impl Route {
    /// Whether a request makes something, so that the same request may be a replay: those routes judge what a key has left
    /// behind the replay, by [`Caller::must_have_left`].
    pub(crate) fn makes_something(&self) -> bool {
        self.method == "POST" && !self.path.contains('{')
    }

    /// What its requests are to do about an idempotency key.
    pub fn key_use(&self) -> KeyUse {
        let adds_to_something = ["/messages", "/test", "/rotate-secret"].iter().any(|end| self.path.ends_with(end));
        match self.access {
            Access::Key { .. } if self.path == "/v1/calls" && self.makes_something() => KeyUse::Required,
            Access::Key { .. } if self.makes_something() => KeyUse::Optional,
            Access::Key { .. } if self.method == "POST" && adds_to_something => KeyUse::Optional,
            Access::Key { .. } | Access::Public(_) | Access::CallToken { .. } | Access::Signed { .. } => {
                KeyUse::Unknown
            }
        }
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
        /// What the handler needs to see of the table.
        reads: fn(&Request, &Scope) -> Vec<Key>,
        /// What runs.
        handle: for<'a> fn(Authorized<'a>) -> BoxFuture<'a, Result<Response, ApiError>>,
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
        /// What the handler needs to see of the table, so that it is read together with the key.
        reads: fn(&Request, &Scope) -> Vec<Key>,
        /// What runs.
        handle: for<'a> fn(Authorized<'a>) -> BoxFuture<'a, Result<Response, ApiError>>,
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
