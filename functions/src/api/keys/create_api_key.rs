//! `POST /v1/api-keys`: creates an API key and returns it once.

use domain::audit::Action;
use domain::ids::{Operation, Scope};
use domain::key::{ApiKey, KeyId, MOST_COUNTED_WITH, Permission, RawKey, TooManyToCountWith};
use domain::quota::Limits;
use domain::time::Timestamp;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use store::keys::Key;
use store::{CreateOutcome, IdempotencyEntry, StoredKey};

use crate::api::keys::view::ApiKeyView;
use crate::auth::{Caller, UsedKey};
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Request, Response};
use crate::idempotency;
use crate::route::{Authorized, Function, KeyUse, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "create-api-key",
    trigger: Trigger::Http(
        Route::with_key("POST", "/v1/api-keys", Permission::CanManageKeys, keys_to_load, |authorized| {
            handle(authorized).boxed()
        })
        .with_body(&FIELDS)
        .with_idempotency_key(KeyUse::Optional),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Fields that a request may have.
const FIELDS: [&str; 6] = ["name", "permissions", "expiresAt", "expires_at", "requestsPerMinute", "callsPerDay"];

/// API key to create.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), serde(rename_all = "camelCase", deny_unknown_fields))]
pub(crate) struct CreateApiKeyRequest {
    /// Name that describes the purpose of the key.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100))]
    name: String,
    /// Permissions of the key, all of which the key of this request must have. By default it gets all permissions of that key.
    #[cfg_attr(feature = "openapi", schema(min_items = 1))]
    permissions: Option<Vec<Permission>>,
    /// Maximum number of requests in a minute, at most that of the key of this request. The default is that key's limit.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1_000_000))]
    requests_per_minute: Option<u32>,
    /// Maximum number of calls in a day by UTC, at most that of the key of this request. The default is that key's limit.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 10_000_000))]
    calls_per_day: Option<u32>,
    /// Time from which the key is invalid. It must be in the future and no later than the expiry of the key of this request. By
    /// default the new key expires with that key, or never.
    expires_at: Option<Timestamp>,
    /// Alias of `expiresAt`, which takes precedence if both are sent.
    #[cfg_attr(feature = "openapi", serde(rename = "expires_at"))]
    expires_at_for_pam: Option<Timestamp>,
}

/// Longest name, in characters.
const LONGEST_NAME: usize = 100;

/// Largest request limit. A key without a limit is created by leaving the field out.
const MOST_REQUESTS_PER_MINUTE: u32 = 1_000_000;

/// Largest call limit. A key without a limit is created by leaving the field out.
const MOST_CALLS_PER_DAY: u32 = 10_000_000;

/// Returns the keys of the idempotency record.
fn keys_to_load(request: &Request, scope: &Scope) -> Vec<Key> {
    idempotency::reads(request, scope, Operation::CreateApiKey)
}

/// Creates a key in the mode of the caller's key, with permissions that the caller's key has itself.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, items } = &authorized;
    let table = &app.store.table;
    let now = table.now();
    if let Some(id) = idempotency::made_before(request, &caller.scope, Operation::CreateApiKey, items)? {
        return replay(&authorized, &id).await;
    }
    caller.check_rate_limit(0, now)?;
    let asked = CreateApiKeyRequest::parse(request, caller, now)?;
    caller.must_not_be_suspended()?;
    let raw = RawKey::new(caller.scope.clone(), table.entropy().bytes()?);
    let Some(own) = &caller.key else { return Err(ApiError::Unauthorized) };
    let (made_with, counted_with) = (Some(own.id.clone()), counted_with(own)?);
    let key = ApiKey {
        limits: own.stored.limits.or_less(asked.limits()),
        expires_at: asked.expires_at.or(asked.expires_at_for_pam).or(own.stored.expires_at),
        name: asked.name,
        permissions: asked.permissions.unwrap_or_else(|| caller.permissions().to_vec()),
        created_at: now,
        revoked_at: None,
        made_with,
        counted_with,
    };
    let id = raw.id();
    let remembered = idempotency::remember(request, &caller.scope, Operation::CreateApiKey, id.to_string());
    let audit = caller.did(Action::ApiKeyCreated, &id, Vec::new(), now);
    // The transaction fails if the caller's key was revoked in the meantime. So revoking a key with its descendants misses none.
    let with = own.accounts.first().map(|account| (&account.place, items));
    match table.create_api_key(&raw, &key, remembered.as_ref(), with, &audit).await? {
        CreateOutcome::Created => {
            let view = ApiKeyView::new(StoredKey { id, key, last_used_at: None }, caller.scope.mode, now);
            Ok(Response::data(StatusCode::CREATED, request, view.with_raw_key(raw.reveal()))?)
        }
        CreateOutcome::Replayed(IdempotencyEntry { fingerprint, target }) => {
            idempotency::same_request(request, &fingerprint)?;
            replay(&authorized, &target).await
        }
        CreateOutcome::NameTaken => Err(store::StoreError::Conflict.into()),
    }
}

/// Returns the key that an earlier request created, without the raw key.
async fn replay(authorized: &Authorized<'_>, id: &str) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let id = KeyId::parse(id).ok_or(ApiError::NotFound("API key"))?;
    let known = app.store.table.api_key(&caller.scope, &id).await?;
    let known = known.ok_or_else(|| idempotency::gone("API key", id))?;
    let view = ApiKeyView::new(known, caller.scope.mode, app.now());
    Ok(Response::data(StatusCode::CREATED, request, view)?.replayed())
}

impl CreateApiKeyRequest {
    fn parse(request: &Request, caller: &Caller, now: Timestamp) -> Result<Self, ApiError> {
        let mut fields = Fields::open(request, &FIELDS)?;
        if !fields.has("name") {
            fields.refuse("name", "is required: what the key is for");
        }
        let name = fields.text_within("name", 1, LONGEST_NAME).map(str::to_owned);
        let permissions = permissions(&mut fields, caller);
        let expires_at = expiry(&mut fields, "expiresAt", caller, now);
        let in_snake_case = if fields.has("expiresAt") { None } else { expiry(&mut fields, "expires_at", caller, now) };
        let asked = Self {
            name: name.unwrap_or_default(),
            permissions,
            requests_per_minute: fields.number_within("requestsPerMinute", 1, MOST_REQUESTS_PER_MINUTE),
            calls_per_day: fields.number_within("callsPerDay", 1, MOST_CALLS_PER_DAY),
            expires_at,
            expires_at_for_pam: in_snake_case,
        };
        asked.must_not_exceed(caller, &mut fields);
        idempotency::check(request, &mut fields);
        fields.finish()?;
        Ok(asked)
    }

    fn limits(&self) -> Limits {
        Limits { requests_per_minute: self.requests_per_minute, calls_per_day: self.calls_per_day }
    }

    /// Refuses limits above those of the caller's own key.
    fn must_not_exceed(&self, caller: &Caller, fields: &mut Fields<'_>) {
        let (asked, own) = (self.limits(), caller.key.as_ref().map(|key| key.stored.limits).unwrap_or_default());
        let allowed = own.or_less(asked);
        for (name, asked, allowed) in [
            ("requestsPerMinute", asked.requests_per_minute, allowed.requests_per_minute),
            ("callsPerDay", asked.calls_per_day, allowed.calls_per_day),
        ] {
            if let (Some(_), Some(most)) = (asked.filter(|_| asked != allowed), allowed) {
                fields.refuse(name, format_args!("must be at most {most}, as your own key's"));
            }
        }
    }
}

/// Reads the requested permissions. Refuses those that the caller's key does not have.
fn permissions(fields: &mut Fields<'_>, caller: &Caller) -> Option<Vec<Permission>> {
    let value = fields.value("permissions")?;
    let Some(names) = value.as_array().filter(|names| !names.is_empty()) else {
        fields.refuse("permissions", "must be a list of at least one permission; left out, the key may what yours may");
        return None;
    };
    let mut found = Vec::new();
    for (index, name) in names.iter().enumerate() {
        match name.as_str().and_then(Permission::parse) {
            Some(permission) if !caller.permissions().contains(&permission) => {
                fields.refuse(format!("permissions[{index}]"), "is not one that your own key has");
            }
            Some(permission) if !found.contains(&permission) => found.push(permission),
            Some(_) => {}
            None => {
                let known: Vec<&str> = Permission::ALL.iter().map(|permission| permission.as_str()).collect();
                fields.refuse(format!("permissions[{index}]"), format_args!("must be one of {}", known.join(", ")));
            }
        }
    }
    Some(found)
}

/// Reads the requested expiry. It must be in the future and no later than the expiry of the caller's own key.
fn expiry(fields: &mut Fields<'_>, name: &str, caller: &Caller, now: Timestamp) -> Option<Timestamp> {
    let own = caller.key.as_ref().and_then(|key| key.stored.expires_at);
    let expiry = fields.timestamp(name)?;
    if expiry <= now {
        fields.refuse(name, "must be in the future");
    }
    if let Some(latest) = own.filter(|latest| expiry > *latest) {
        fields.refuse(name, format_args!("must be {latest} at the latest, when your own key expires"));
    }
    Some(expiry)
}

/// Returns the digests of the keys against which the use of the new key is also counted.
fn counted_with(own: &UsedKey) -> Result<Vec<String>, ApiError> {
    let above = own.accounts.get(1).map(|account| &account.limits);
    own.stored.counted_with_its_children(own.digest.clone(), above).map_err(|TooManyToCountWith| {
        ApiError::PermissionDenied(format!(
            "your key is the last of {} that were made one with the other, each with smaller limits: make the new key with one of \
             those before it",
            MOST_COUNTED_WITH + 1
        ))
    })
}

#[cfg(feature = "openapi")]
mod document {
    use serde_json::{Value, json};
    use utoipa::openapi::Required;

    use super::CreateApiKeyRequest;
    use crate::api::keys::view::ApiKeyView;
    use crate::error::ApiError;
    use crate::openapi::operation::{Document, body, conflict, invalid, operation, suspended, with_body};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let schema = schema::envelope(schema::of::<ApiKeyView>());
        let made = answers::replayable(Some(answer()), "`key` is the raw key, shown here only.", schema);
        let own = vec![
            invalid(&[("permissions[1]", "is not one that your own key has"), ("expiresAt", "must be in the future")]),
            suspended(),
            conflict(),
            ApiError::KeyReused,
        ];
        operation("administration", "Make an API key", CREATE_KEY)
            .parameter(parameters::idempotency_key(Required::False))
            .request_body(body(request(), schema::of::<CreateApiKeyRequest>(), Required::True))
            .response("201", made)
            .schema::<CreateApiKeyRequest>(schema::as_it_is)
            .schema::<ApiKeyView>(|object| schema::all_but(object, "key"))
            .refused(with_body(own))
    }

    const CREATE_KEY: &str = "A key of the mode of the request's own key, bounded by that one: it has no permission that that one \
    has not, expires no later, and has no larger limits; and whatever it is used for counts against that one's limits too, as long \
    as it lives. Only a digest of the raw key is stored: a replay shows the key without it.";

    fn answer() -> Value {
        let mut made = examples::administration::key();
        made["key"] = json!("rd_test_acme_EXAMPLE.NOT.A.REAL.SECRET.0000");
        examples::one(made)
    }

    fn request() -> Value {
        json!({"name": "backend", "permissions": ["can_initiate_calls"]})
    }
}
