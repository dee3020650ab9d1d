//! `POST …/messages`: a customer's text. Set as the webhook of each number at Twilio.

use domain::organization::Organization;
use providers::twilio::{TextCallback, nothing};
use store::keys;

use crate::error::ApiError;
use crate::http::Response;
use crate::registry::Signed;
use crate::sms::inbound::{InboundText, take_in};

/// Takes it in, once, however often it comes. Twilio answers STOP and HELP itself, and nothing is answered here. A text to a
/// number that is not the organization's is nobody's.
pub(crate) async fn handle(signed: Signed<'_>) -> Result<Response, ApiError> {
    let Signed { app, scope, request } = signed;
    if let Some(TextCallback::Inbound { from, to, inbound }) = TextCallback::read_inbound(request.body()) {
        let owner_key = keys::organization(&scope.organization);
        let items = app.store.table.read([owner_key.clone()]).await?;
        let owner: Option<Organization> = items.read("organization", &owner_key)?;
        if owner.is_some_and(|owner| owner.numbers.contains(&to)) {
            take_in(app, &InboundText { scope, ours: to, customer: from, inbound }).await?;
        } else {
            tracing::warn!(organization = %scope.organization, "a text came in for a number that is not the organization's");
        }
    }
    Ok(Response::xml(nothing()))
}
