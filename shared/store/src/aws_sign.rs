//! Signer for requests to DynamoDB and SQS, by AWS Signature Version 4.
//!
//! All our requests are alike: a POST to `/` with a body in memory, a few headers and no query. The SDK's signer
//! handles any request and derives the day's key anew for each. That made signing a third of the cost of accepting a
//! call.
//!
//! The SDK's signer still signs these requests:
//!
//! - any request of another kind;
//! - every attempt after the first;
//! - all requests once the SDK has found our clock to be wrong. Only the SDK knows the difference.
//!
//! The tests compare the two signers byte for byte.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4Signer};
use aws_runtime::auth::{PayloadSigningOverride, SigV4OperationSigningConfig, SigningOptions};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::{AuthScheme, AuthSchemeEndpointConfig, AuthSchemeId, Sign};
use aws_smithy_runtime_api::client::identity::{Identity, SharedIdentityResolver};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::runtime_components::{GetIdentityResolver, RuntimeComponents};
use aws_smithy_types::config_bag::ConfigBag;
use domain::digest::hex;
use domain::time::Timestamp;
use http::HeaderValue;
use ring::digest::{SHA256, digest};
use ring::hmac;

/// Name of the signature algorithm.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Headers that are left out of the signature, because proxies change them or because signing adds them. The SDK leaves
/// out the same.
const NOT_SIGNED: [&str; 4] = ["authorization", "user-agent", "x-amzn-trace-id", "transfer-encoding"];

const DATE: &str = "x-amz-date";
const HOST: &str = "host";
const TOKEN: &str = "x-amz-security-token";

/// Authentication scheme of both services. It replaces the SDK's scheme of the same name.
#[derive(Debug)]
pub(crate) struct SigV4(Signer);

impl SigV4 {
    /// Creates the scheme for a service in a region.
    pub(crate) fn new(region: &str, service: &'static str) -> Self {
        let (key, any, is_clock_wrong) = (Mutex::new(None), SigV4Signer::new(), AtomicBool::new(false));
        Self(Signer { region: region.to_owned(), service, key, any, is_clock_wrong })
    }
}

impl AuthScheme for SigV4 {
    fn scheme_id(&self) -> AuthSchemeId {
        SCHEME_ID
    }

    fn identity_resolver(&self, resolvers: &dyn GetIdentityResolver) -> Option<SharedIdentityResolver> {
        resolvers.identity_resolver(SCHEME_ID)
    }

    fn signer(&self) -> &dyn Sign {
        &self.0
    }
}

#[derive(Debug)]
struct Signer {
    region: String,
    service: &'static str,
    key: Mutex<Option<DayKey>>,
    /// SDK signer, for requests of any other kind.
    any: SigV4Signer,
    is_clock_wrong: AtomicBool,
}

/// Signing key of one day, derived from the secret by four hashes. Of their inputs, only the day changes.
struct DayKey {
    access_key: String,
    day: String,
    key: hmac::Key,
}

impl fmt::Debug for DayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DayKey").field("day", &self.day).finish_non_exhaustive()
    }
}

/// Headers that signing adds to a request.
struct Signed {
    date: String,
    authorization: String,
}

impl Sign for Signer {
    fn sign_http_request(
        &self,
        request: &mut HttpRequest,
        identity: &Identity,
        endpoint: AuthSchemeEndpointConfig<'_>,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        let credentials = identity.data::<Credentials>().filter(|_| self.is_usual(&endpoint, config));
        let now = components.time_source().map(|source| source.now());
        let signed = credentials.zip(now).and_then(|(credentials, now)| {
            let signed = self.signed(request, credentials, now)?;
            Some((signed, credentials.session_token()))
        });
        let Some((signed, token)) = signed else {
            self.any.sign_http_request(request, identity, endpoint, components, config)?;
            if request.headers().get(DATE).zip(now).is_some_and(|(date, now)| !is_about(date, now)) {
                self.is_clock_wrong.store(true, Ordering::Relaxed);
            }
            return Ok(());
        };
        let headers = request.headers_mut();
        headers.try_insert(DATE, signed.date)?;
        headers.try_insert("authorization", signed.authorization)?;
        if let Some(token) = token {
            let mut token = HeaderValue::try_from(token)?;
            token.set_sensitive(true);
            headers.try_insert(TOKEN, token)?;
        }
        Ok(())
    }
}

impl Signer {
    /// Returns `true` for a first attempt with our region, our service and default signing options.
    fn is_usual(&self, endpoint: &AuthSchemeEndpointConfig<'_>, config: &ConfigBag) -> bool {
        let is_ours = |name, ours: &str| endpoint.get(name).is_none_or(|said| said.as_string() == Some(ours));
        let options = config.load::<SigV4OperationSigningConfig>().map(|config| &config.signing_options);
        !self.is_clock_wrong.load(Ordering::Relaxed)
            && config.load::<RequestAttempts>().is_none_or(|made| made.attempts() <= 1)
            && is_ours("signingRegion", &self.region)
            && is_ours("signingName", self.service)
            && options.is_none_or(|options| *options == SigningOptions::default())
            && config.load::<PayloadSigningOverride>().is_none()
    }

    /// Signs a request. Returns `None` if the request is not of the usual kind.
    fn signed(&self, request: &HttpRequest, credentials: &Credentials, now: SystemTime) -> Option<Signed> {
        let (host, body) = (host(request.uri())?, request.body().bytes()?);
        let date = basic_date(now)?;
        let mut headers: Vec<(&str, &str)> =
            request.headers().iter().filter(|(name, _)| !NOT_SIGNED.contains(name)).collect();
        headers.extend([(HOST, host), (DATE, date.as_str())]);
        headers.extend(credentials.session_token().map(|token| (TOKEN, token)));
        headers.sort_unstable();
        let is_clear = headers.windows(2).all(|pair| matches!(pair, [(one, _), (next, _)] if one != next));
        if !is_clear || !headers.iter().all(|(_, value)| is_canonical(value)) {
            return None;
        }
        let mut names = String::with_capacity(192);
        let mut canonical = String::with_capacity(1_024);
        for part in [request.method(), "\n/\n\n"] {
            canonical.push_str(part);
        }
        for (name, value) in headers {
            if !names.is_empty() {
                names.push(';');
            }
            names.push_str(name);
            for part in [name, ":", value, "\n"] {
                canonical.push_str(part);
            }
        }
        for part in ["\n", &names, "\n", &hashed(body)] {
            canonical.push_str(part);
        }
        let day = date.get(..8)?;
        let scope = [day, "/", &self.region, "/", self.service, "/aws4_request"].concat();
        let to_sign = [ALGORITHM, "\n", &date, "\n", &scope, "\n", &hashed(canonical.as_bytes())].concat();
        let signature = hex(hmac::sign(&self.key(credentials, day), to_sign.as_bytes()).as_ref());
        let access_key = credentials.access_key_id();
        let authorization = [
            ALGORITHM,
            " Credential=",
            access_key,
            "/",
            &scope,
            ", SignedHeaders=",
            &names,
            ", Signature=",
            &signature,
        ]
        .concat();
        Some(Signed { date, authorization })
    }

    /// Returns the day's key from the cache, or derives it. The access key suffices for the lookup because it has one
    /// secret.
    fn key(&self, credentials: &Credentials, day: &str) -> hmac::Key {
        let mut held = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        match held.as_ref().filter(|held| held.day == day && held.access_key == credentials.access_key_id()) {
            Some(held) => held.key.clone(),
            None => {
                let secret = ["AWS4", credentials.secret_access_key()].concat();
                let parts = [day, &self.region, self.service, "aws4_request"];
                let key = parts.into_iter().fold(hmac_key(secret.as_bytes()), |key, part| {
                    hmac_key(hmac::sign(&key, part.as_bytes()).as_ref())
                });
                let (access_key, day) = (credentials.access_key_id().to_owned(), day.to_owned());
                *held = Some(DayKey { access_key, day, key: key.clone() });
                key
            }
        }
    }
}

fn hmac_key(bytes: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, bytes)
}

fn hashed(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

/// Returns the host as it is sent. Returns `None` if the address has a path, a query or user information.
fn host(uri: &str) -> Option<&str> {
    let (host, usual_port) = match uri.strip_prefix("https://") {
        Some(rest) => (rest, ":443"),
        None => (uri.strip_prefix("http://")?, ":80"),
    };
    let host = host.strip_suffix('/').unwrap_or(host);
    let is_bare = !host.is_empty() && !host.contains(['/', '?', '#', '@']);
    is_bare.then(|| host.strip_suffix(usual_port).unwrap_or(host))
}

/// Returns `true` if the signature needs the value unchanged: printable ASCII without spaces that canonicalization
/// would remove.
fn is_canonical(value: &str) -> bool {
    value.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        && !value.starts_with(' ')
        && !value.ends_with(' ')
        && !value.contains("  ")
}

/// Returns `true` if a moment in this format is within about a minute of now. A clock that is off by a minute does no
/// harm. The time that the SDK computes from an answer's date is always off by up to a second.
fn is_about(date: &str, now: SystemTime) -> bool {
    const MINUTE: Duration = Duration::from_secs(60);
    let minute = |moment: Option<SystemTime>| Some(basic_date(moment?)?.get(..13)?.to_owned());
    [now.checked_sub(MINUTE), Some(now), now.checked_add(MINUTE)]
        .into_iter()
        .filter_map(minute)
        .any(|near| date.starts_with(&near))
}

/// Formats a moment as `20260410T140000Z`.
fn basic_date(moment: SystemTime) -> Option<String> {
    let milliseconds = moment.duration_since(UNIX_EPOCH).ok()?.as_millis();
    let text = Timestamp::from_milliseconds(i64::try_from(milliseconds).ok()?).to_string();
    let part = |range| text.get(range).filter(|_| text.len() == 24);
    let (day, time) = ([part(0..4)?, part(5..7)?, part(8..10)?], [part(11..13)?, part(14..16)?, part(17..19)?]);
    Some([&day.concat(), "T", &time.concat(), "Z"].concat())
}

#[cfg(test)]
mod tests;
