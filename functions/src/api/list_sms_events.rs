//! `GET /v1/sms-conversations/{id}/events`: a conversation's events, in order of `sequence`, each as its webhook's body.

pub(crate) use super::sms_with_content_reads as reads;
use super::{events_page, sms_with_content};
use crate::error::ApiError;
use crate::event_body::Origin;
use crate::http::Response;
use crate::registry::Authorized;

/// Answers with a page of events. A page may be short and still have more: the log holds notes too.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let (conversation, content) = sms_with_content(&authorized)?;
    events_page(&authorized, Origin::sms(&conversation, &content), None).await
}
