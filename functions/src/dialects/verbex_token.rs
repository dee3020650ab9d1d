//! The token that `verbex` hands out with a call: for an hour it opens that call's recording and transcript, and nothing
//! else. Signed with the organization's own key; nothing of it is stored.

use domain::cursor;
use domain::ids::{ConversationId, Mode, ObjectId, OrganizationId, Scope};
use domain::organization::Organization;
use domain::time::{Span, Timestamp};
use store::{Items, keys};

use crate::auth::{Caller, bearer};
use crate::error::ApiError;
use crate::http::Request;

/// How long a token opens anything.
const LIFETIME: Span = Span::hours(1);

/// What every token begins with.
const PREFIX: &str = "rdcall";

/// A token as a request brings it. Nothing is proven yet.
#[derive(Debug)]
pub(crate) struct CallToken {
    scope: Scope,
    sealed: String,
}

impl CallToken {
    /// The token of a call, from now on.
    pub(crate) fn seal(organization: &Organization, scope: &Scope, call: ConversationId, now: Timestamp) -> String {
        let place = format!("{call}#{}", (now + LIFETIME).as_milliseconds());
        let sealed = cursor::seal(&organization.cursor_key, &list(scope), &place);
        format!("{PREFIX}_{}_{}_{sealed}", scope.mode.as_str(), scope.organization)
    }

    /// The token that a request brings: as `?access_token=`, or as a bearer token. `None` where it brings none.
    pub(crate) fn given(request: &Request) -> Option<Self> {
        let query = request.query().ok()?;
        let text = query.get("access_token").or_else(|| bearer(request))?;
        let [prefix, mode, organization, sealed] = text.splitn(4, '_').collect::<Vec<_>>().try_into().ok()?;
        let mode = [Mode::Live, Mode::Test].into_iter().find(|known| known.as_str() == mode)?;
        let scope = Scope { organization: OrganizationId::parse(organization)?, mode };
        (prefix == PREFIX).then(|| Self { scope, sealed: sealed.to_owned() })
    }

    /// The organization and mode that the token says it belongs to.
    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Judges the token by what was read.
    ///
    /// # Errors
    /// [`ApiError::Unauthorized`] where it does not open the call that the path names, now.
    pub(crate) fn authenticate(&self, request: &Request, items: &Items, now: Timestamp) -> Result<Caller, ApiError> {
        let organization: Option<Organization> =
            items.read("organization", &keys::organization(&self.scope.organization))?;
        let organization = organization.ok_or(ApiError::Unauthorized)?;
        let place = cursor::open(&organization.cursor_key, &list(&self.scope), &self.sealed);
        let place = place.ok_or(ApiError::Unauthorized)?;
        let (call, expiry) = place.split_once('#').ok_or(ApiError::Unauthorized)?;
        let expiry = expiry.parse().map(Timestamp::from_milliseconds).map_err(|_| ApiError::Unauthorized)?;
        let asked = ObjectId::parse(request.path("id")).map(|id| ConversationId::for_object(&self.scope, id));
        if now >= expiry || ConversationId::parse(call) != asked || asked.is_none() {
            return Err(ApiError::Unauthorized);
        }
        Ok(Caller { scope: self.scope.clone(), organization, key: None })
    }
}

fn list(scope: &Scope) -> String {
    format!("call-token#{scope}")
}
