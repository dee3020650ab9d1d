//! `GET /v1/sms-conversations/{id}/events`: a conversation's events, in order of `sequence`, each as its webhook's body.

use domain::key::Permission;
use futures::FutureExt;

use crate::api::events_page::events_page;
use crate::api::sms::{sms_with_content, sms_with_content_keys};
use crate::error::ApiError;
use crate::event_body::Origin;
use crate::http::Response;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "list-sms-events",
    trigger: Trigger::Http(Route::with_key(
        "GET",
        "/v1/sms-conversations/{id}/events",
        Permission::CanReadConversations,
        sms_with_content_keys,
        |authorized| handle(authorized).boxed(),
    )),
};

/// Answers with a page of events. A page may be short and still have more: the log holds notes too.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let (conversation, content) = sms_with_content(&authorized)?;
    events_page(&authorized, Origin::sms(&conversation, &content), None).await
}
