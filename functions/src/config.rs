//! Configuration of a function. The environment is read once.

use std::env;
use std::fmt;
use std::time::Duration;

use store::QueueUrls;
use tracing::level_filters::LevelFilter;

/// Timeout of one attempt of a request to AWS. The SDK's three attempts fit into the shortest timeout of a function, 20
/// seconds.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);

/// Namespace of the metrics if the deployment sets none.
const METRICS_NAMESPACE: &str = "Ringdown";

/// Configuration that a function reads from its environment.
#[derive(Clone, Debug)]
pub struct Config {
    /// `_HANDLER`: name of the function that the process runs.
    pub handler: String,
    /// `TABLE_NAME`: name of the DynamoDB table.
    pub table: String,
    /// `DISPATCH_QUEUE_URL`, `WEBHOOKS_QUEUE_URL`, `TURNS_QUEUE_URL`, `SIMULATOR_QUEUE_URL`, `BULK_QUEUE_URL`: URLs of the
    /// queues.
    pub queues: QueueUrls,
    /// `FAIR_QUEUES`: `true` if a message's organization is its message group.
    pub fair_queues: bool,
    /// `ALLOW_INSECURE_WEBHOOKS`: `true` if webhooks may go to loopback addresses and over plain HTTP. The deployment never
    /// sets it.
    pub allow_insecure_webhooks: bool,
    /// `SECRETS_PREFIX`: path in SSM Parameter Store below which the deployment's secrets are.
    pub secrets_prefix: String,
    /// `AWS_ENDPOINT_URL_SSM`, or else `AWS_ENDPOINT_URL`: endpoint of SSM, if it is not the region's own.
    pub ssm: Option<String>,
    /// `LOG_LEVEL`: level of the least severe log line of our own that is kept.
    pub log_level: LevelFilter,
    /// `METRICS_NAMESPACE`: CloudWatch namespace of the metrics.
    pub metrics_namespace: String,
    /// Region, credentials and endpoints for requests to AWS.
    pub access: store::aws::Access,
}

/// Error of an environment variable that is missing or invalid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadVariable {
    name: &'static str,
    problem: &'static str,
}

impl fmt::Display for BadVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the environment variable {} {}", self.name, self.problem)
    }
}

impl std::error::Error for BadVariable {}

impl Config {
    /// Reads the configuration from the environment.
    ///
    /// # Errors
    /// [`BadVariable`] with the name of the variable.
    #[expect(clippy::disallowed_methods, reason = "this is the module that reads the environment")]
    pub fn from_environment() -> Result<Self, BadVariable> {
        Self::from_variables(|name| env::var(name).ok().filter(|value| !value.is_empty()))
    }

    /// Reads the configuration from any source of variables.
    ///
    /// # Errors
    /// [`BadVariable`] with the name of the variable.
    pub fn from_variables(get: impl Fn(&str) -> Option<String>) -> Result<Self, BadVariable> {
        let required = |name: &'static str| get(name).ok_or(BadVariable { name, problem: "is not set" });
        let flag = |name: &'static str| match get(name).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(BadVariable { name, problem: "must be true or false" }),
        };
        let credentials = aws_credential_types::Credentials::new(
            required("AWS_ACCESS_KEY_ID")?,
            required("AWS_SECRET_ACCESS_KEY")?,
            get("AWS_SESSION_TOKEN"),
            None,
            "environment",
        );
        let level = get("LOG_LEVEL").map_or(Ok(LevelFilter::INFO), |level| {
            level
                .parse()
                .map_err(|_| BadVariable { name: "LOG_LEVEL", problem: "must be the name of a level, like INFO" })
        });
        let endpoint = |service: &str| get(service).or_else(|| get("AWS_ENDPOINT_URL"));
        Ok(Self {
            handler: required("_HANDLER")?,
            table: required("TABLE_NAME")?,
            queues: QueueUrls {
                dispatch: required("DISPATCH_QUEUE_URL")?,
                webhooks: required("WEBHOOKS_QUEUE_URL")?,
                turns: required("TURNS_QUEUE_URL")?,
                simulator: required("SIMULATOR_QUEUE_URL")?,
                bulk: required("BULK_QUEUE_URL")?,
            },
            fair_queues: flag("FAIR_QUEUES")?,
            allow_insecure_webhooks: flag("ALLOW_INSECURE_WEBHOOKS")?,
            secrets_prefix: required("SECRETS_PREFIX")?,
            ssm: endpoint("AWS_ENDPOINT_URL_SSM"),
            log_level: level?,
            metrics_namespace: get("METRICS_NAMESPACE").unwrap_or_else(|| METRICS_NAMESPACE.to_owned()),
            access: store::aws::Access {
                region: required("AWS_REGION")?,
                credentials,
                dynamodb: endpoint("AWS_ENDPOINT_URL_DYNAMODB"),
                sqs: endpoint("AWS_ENDPOINT_URL_SQS"),
                attempt_timeout: Some(ATTEMPT_TIMEOUT),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Config;

    fn variables() -> BTreeMap<&'static str, &'static str> {
        BTreeMap::from([
            ("_HANDLER", "create-call"),
            ("TABLE_NAME", "ringdown"),
            ("DISPATCH_QUEUE_URL", "d"),
            ("WEBHOOKS_QUEUE_URL", "w"),
            ("TURNS_QUEUE_URL", "t"),
            ("SIMULATOR_QUEUE_URL", "s"),
            ("BULK_QUEUE_URL", "b"),
            ("SECRETS_PREFIX", "/ringdown"),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ])
    }

    #[test]
    fn a_missing_or_senseless_variable_is_named() {
        let read = |variables: &BTreeMap<&str, &str>| {
            Config::from_variables(|name| variables.get(name).map(|value| (*value).to_owned()))
        };
        assert!(read(&variables()).is_ok());
        for name in variables().keys() {
            let mut without = variables();
            without.remove(name);
            let error = read(&without).unwrap_err().to_string();
            assert_eq!(error, format!("the environment variable {name} is not set"));
        }
        let mut senseless = variables();
        senseless.insert("FAIR_QUEUES", "yes");
        let error = read(&senseless).unwrap_err().to_string();
        assert_eq!(error, "the environment variable FAIR_QUEUES must be true or false");
        senseless.insert("FAIR_QUEUES", "true");
        senseless.insert("LOG_LEVEL", "LOUD");
        let error = read(&senseless).unwrap_err().to_string();
        assert_eq!(error, "the environment variable LOG_LEVEL must be the name of a level, like INFO");
    }

    #[test]
    fn the_deployment_allows_no_insecure_webhooks_unless_told() {
        let variables = variables();
        let config = Config::from_variables(|name| variables.get(name).map(|value| (*value).to_owned()));
        assert!(!config.unwrap().allow_insecure_webhooks);
    }
}
