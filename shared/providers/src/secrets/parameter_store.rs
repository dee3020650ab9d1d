//! Secrets in SSM Parameter Store, as `SecureString`s.
//!
//! The only operation is `GetParameters`. It goes through the guarded HTTP client and is signed by the SDK's own `aws-sigv4`,
//! which DynamoDB's client already brings along. The SDK's client for SSM would need more code than all of this crate, for one
//! request.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde::Deserialize;
use serde_json::json;
use store::clock::Clock;
use url::Url;

use super::{Secret, SecretsError};
use crate::egress::{Answer, Egress, OutboundRequest};

/// Time limit of one try. A call waits for it.
const TIMEOUT: Duration = Duration::from_millis(1_200);

/// Maximum number of tries. A repeated read changes nothing.
const TRIES: u32 = 2;

/// Time limit of reading, all tries included.
pub const SECRETS_TIMEOUT: Duration = TIMEOUT.saturating_mul(TRIES);

/// Number of bytes that are read of an answer: ten parameters of 8 KiB, and the JSON around them.
const KEEP_BYTES: usize = 128 * 1024;

const TARGET: &str = "AmazonSSM.GetParameters";
const MEDIA_TYPE: &str = "application/x-amz-json-1.1";

/// SSM Parameter Store, below one path.
#[derive(Clone)]
pub struct ParameterStore {
    /// HTTP client that requests go through.
    pub egress: Egress,
    /// Endpoint of the service.
    pub endpoint: Url,
    /// Region that requests are signed for.
    pub region: String,
    /// Credentials that requests are signed with.
    pub credentials: Credentials,
    /// Path that the names of parameters begin with, such as `/ringdown`.
    pub prefix: String,
    /// Clock for the time of signatures.
    pub clock: Clock,
}

impl fmt::Debug for ParameterStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParameterStore").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameters {
    #[serde(default)]
    parameters: Vec<Parameter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    name: String,
    value: String,
}

impl ParameterStore {
    /// Returns the endpoint of a region. Regions in China have a suffix of their own.
    pub fn endpoint_of(region: &str) -> Option<Url> {
        let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
        format!("https://ssm.{region}.amazonaws.com{suffix}/").parse().ok()
    }

    /// Reads the parameters with these names. Missing ones are left out.
    pub(super) async fn read(&self, names: &[&str]) -> Result<BTreeMap<String, Secret>, SecretsError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.ask(names).await {
                Err(_) if tries < TRIES => {}
                result => return result,
            }
        }
    }

    async fn ask(&self, names: &[&str]) -> Result<BTreeMap<String, Secret>, SecretsError> {
        let full: Vec<String> = names.iter().map(|name| format!("{}/{name}", self.prefix)).collect();
        let body = json!({"Names": full, "WithDecryption": true}).to_string();
        let request = self.request(body.into_bytes())?;
        let answer = self.egress.send(request).await.map_err(SecretsError::new)?;
        let parameters = understood(&answer)?;
        let short = |name: &str| name.strip_prefix(&self.prefix)?.strip_prefix('/').map(str::to_owned);
        let found = parameters.into_iter();
        Ok(found.filter_map(|found| Some((short(&found.name)?, Secret::new(found.value)))).collect())
    }

    fn request(&self, body: Vec<u8>) -> Result<OutboundRequest, SecretsError> {
        let mut headers = HeaderMap::from_iter([
            (header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE)),
            (HeaderName::from_static("x-amz-target"), HeaderValue::from_static(TARGET)),
        ]);
        self.sign(&mut headers, &body)?;
        let (url, timeout) = (self.endpoint.clone(), TIMEOUT);
        Ok(OutboundRequest {
            method: Method::POST,
            url,
            headers,
            body,
            timeout,
            keep_bytes: KEEP_BYTES,
            needs_all: true,
        })
    }

    fn sign(&self, headers: &mut HeaderMap, body: &[u8]) -> Result<(), SecretsError> {
        let identity = Identity::from(self.credentials.clone());
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("ssm")
            .time(self.now())
            .settings(SigningSettings::default())
            .build()
            .map_err(SecretsError::new)?
            .into();
        let plain = [("content-type", MEDIA_TYPE), ("x-amz-target", TARGET)];
        let request =
            SignableRequest::new("POST", self.endpoint.as_str(), plain.into_iter(), SignableBody::Bytes(body));
        let (signed, _) = sign(request.map_err(SecretsError::new)?, &params).map_err(SecretsError::new)?.into_parts();
        for (name, value) in signed.headers() {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(SecretsError::new)?;
            let mut value = HeaderValue::from_str(value).map_err(SecretsError::new)?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(())
    }

    fn now(&self) -> SystemTime {
        let elapsed = u64::try_from(self.clock.now().as_milliseconds()).unwrap_or(0);
        UNIX_EPOCH + Duration::from_millis(elapsed)
    }
}

#[derive(Default, Deserialize)]
struct Complaint {
    #[serde(default, rename = "__type")]
    kind: String,
}

/// Parses an answer. An error contains the status and the name of the failure only, because the rest may contain secrets.
fn understood(answer: &Answer) -> Result<Vec<Parameter>, SecretsError> {
    if answer.status != 200 {
        let Complaint { kind } = serde_json::from_str(&answer.body).unwrap_or_default();
        let kind: String = kind.chars().take(80).collect();
        return Err(SecretsError::new(format!("SSM answered {} {kind}", answer.status)));
    }
    let parameters: Result<Parameters, _> = serde_json::from_str(&answer.body);
    parameters.map(|found| found.parameters).map_err(|_| SecretsError::new("SSM's answer cannot be read"))
}
