//! Access token of a `verbex` call. It gives access to the call's recording and transcript for one hour, and to nothing else. It is signed
//! with the organization's own key and not stored.

use domain::cursor;
use domain::ids::{ConversationId, Mode, ObjectId, OrganizationId, Scope};
use domain::organization::Organization;
use domain::time::{Span, Timestamp};
use store::{Items, keys};

use crate::auth::{Caller, bearer};
use crate::error::ApiError;
use crate::http::Request;

/// Validity of a token.
const LIFETIME: Span = Span::hours(1);

/// Prefix of all tokens.
const PREFIX: &str = "rdcall";

/// Token of a request, not verified yet.
#[derive(Debug)]
pub(crate) struct CallToken {
    scope: Scope,
    sealed: String,
}

impl CallToken {
    /// Creates a token for a call, valid from `now`.
    pub(crate) fn seal(organization: &Organization, scope: &Scope, call: ConversationId, now: Timestamp) -> String {
        let place = format!("{call}#{}", (now + LIFETIME).as_milliseconds());
        let sealed = cursor::seal(&organization.cursor_key, &list(scope), &place);
        format!("{PREFIX}_{}_{}_{sealed}", scope.mode.as_str(), scope.organization)
    }

    /// Returns the token of a request, from `?access_token=` or as a bearer token. Returns `None` if there is none in the right form.
    pub(crate) fn given(request: &Request) -> Option<Self> {
        let query = request.query().ok()?;
        let text = query.get("access_token").or_else(|| bearer(request))?;
        let [prefix, mode, organization, sealed] = text.splitn(4, '_').collect::<Vec<_>>().try_into().ok()?;
        let mode = [Mode::Live, Mode::Test].into_iter().find(|known| known.as_str() == mode)?;
        let scope = Scope { organization: OrganizationId::parse(organization)?, mode };
        (prefix == PREFIX).then(|| Self { scope, sealed: sealed.to_owned() })
    }

    /// Returns the organization and mode that the token claims to belong to.
    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Verifies the token with the items that were read for the request.
    ///
    /// # Errors
    /// [`ApiError::Unauthorized`] if the token is expired, forged, or not for the call that the path names.
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
