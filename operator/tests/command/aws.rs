//! AWS credentials from every source, as DynamoDB sees them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::json;

use super::fake::{Answer, Asked, Fake};
use super::shell::{Shell, output};

/// Returns credentials in the form in which processes, containers and EC2 instances hand them out.
fn handed_out(key: &str, expiration: &str) -> String {
    let secret = "c2VjcmV0";
    json!({
        "Code": "Success", "Version": 1, "AccessKeyId": key, "SecretAccessKey": secret, "Token": "a-session",
        "SessionToken": "a-session", "Expiration": expiration,
    })
    .to_string()
}

const FAR: &str = "2099-01-01T00:00:00Z";

/// Answers as a table without an organization.
fn empty(_: &Asked) -> Answer {
    (200, "", json!({ "Items": [], "Count": 0, "ScannedCount": 0 }).to_string())
}

/// Machine outside of AWS, with a home of its own.
struct Machine {
    folder: tempfile::TempDir,
    dynamodb: Fake,
    variables: Vec<(&'static str, String)>,
}

impl Machine {
    fn new() -> Self {
        Self::with(Fake::new(empty))
    }

    fn with(dynamodb: Fake) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let home = folder.path().to_str().expect("a path").to_owned();
        // Nothing outside of the test is asked for a machine's credentials.
        let variables = vec![("HOME", home), ("AWS_EC2_METADATA_DISABLED", "true".to_owned())];
        Self { folder, dynamodb, variables }
    }

    fn set(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.retain(|(known, _)| *known != name);
        self.variables.push((name, value.into()));
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringdown"));
        command.env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.args(["--table", "ringdown", "--endpoint-url", &self.dynamodb.url]).args(arguments);
        output(command.args(["--json", "org", "list"]))
    }

    /// Returns the access key, the session and the region that DynamoDB is asked with.
    #[track_caller]
    fn asks_with(&self, arguments: &[&str]) -> (String, Option<String>, String) {
        let output = self.run(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "[]");
        let asked = self.dynamodb.asked();
        let last = asked.last().expect("a request");
        let (key, session) = last.signed_by();
        (key.to_owned(), session.map(str::to_owned), last.region().to_owned())
    }

    /// Returns the message of a command that fails.
    #[track_caller]
    fn refusal(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

fn with(key: &str, session: Option<&str>, region: &str) -> (String, Option<String>, String) {
    (key.to_owned(), session.map(str::to_owned), region.to_owned())
}

const PROFILES: &str = "
[default]
region = us-west-2
[profile ops]
region = eu-central-1
aws_access_key_id = OPSKEY
aws_secret_access_key = secret
";

#[test]
fn the_environments_credentials_count_first() {
    let machine = Machine::new().set("AWS_ACCESS_KEY_ID", "ENVKEY").set("AWS_SECRET_ACCESS_KEY", "secret");
    let machine = machine.set("AWS_REGION", "eu-west-1").set("AWS_SESSION_TOKEN", "a-session");
    assert_eq!(machine.asks_with(&[]), with("ENVKEY", Some("a-session"), "eu-west-1"));
    assert_eq!(machine.asks_with(&["--region", "eu-north-1"]).2, "eu-north-1");
    machine.write(".aws/config", PROFILES);
    let machine = machine.set("AWS_PROFILE", "ops");
    assert_eq!(machine.asks_with(&[]).0, "ENVKEY");
}

#[test]
fn a_profile_of_a_file_brings_its_credentials_and_its_region() {
    let machine = Machine::new();
    machine.write(".aws/config", PROFILES);
    let machine = machine.set("AWS_PROFILE", "ops");
    assert_eq!(machine.asks_with(&[]), with("OPSKEY", None, "eu-central-1"));
    // A profile that is named on the command line goes before everything else.
    let machine =
        machine.set("AWS_PROFILE", "other").set("AWS_ACCESS_KEY_ID", "ENVKEY").set("AWS_SECRET_ACCESS_KEY", "x");
    assert_eq!(machine.asks_with(&["--profile", "ops"]), with("OPSKEY", None, "eu-central-1"));
    let machine = machine.set("AWS_REGION", "eu-west-1");
    assert_eq!(machine.asks_with(&["--profile", "ops"]), with("OPSKEY", None, "eu-west-1"));
}

#[test]
fn the_files_may_be_elsewhere() {
    let machine = Machine::new();
    machine.write("config", "[profile ops]\nregion = eu-central-1\n");
    machine.write("keys", "[ops]\naws_access_key_id = OPSKEY\naws_secret_access_key = secret\n");
    let (config, keys) = (machine.path("config"), machine.path("keys"));
    let text = |path: &Path| path.to_str().expect("a path").to_owned();
    let machine = machine.set("AWS_CONFIG_FILE", text(&config)).set("AWS_SHARED_CREDENTIALS_FILE", text(&keys));
    assert_eq!(machine.asks_with(&["--profile", "ops"]), with("OPSKEY", None, "eu-central-1"));
}

#[test]
fn a_process_hands_out_credentials_and_is_run_once() {
    let machine = Machine::new();
    machine.write("answer.json", &handed_out("PROCESSKEY", FAR));
    let (runs, answer) = (machine.path("runs"), machine.path("answer.json"));
    machine
        .write("hand-out", &format!("#!/bin/sh\necho run >>'{}'\n/bin/cat '{}'\n", runs.display(), answer.display()));
    let process = format!("/bin/sh {}", machine.path("hand-out").display());
    machine.write(".aws/config", &format!("[profile ops]\nregion = eu-central-1\ncredential_process = {process}\n"));
    assert_eq!(machine.asks_with(&["--profile", "ops"]), with("PROCESSKEY", Some("a-session"), "eu-central-1"));
    assert_eq!(std::fs::read_to_string(runs).expect("a file").lines().count(), 1);
}

#[test]
fn a_container_asks_its_endpoint() {
    let endpoint = Fake::new(|asked| match asked.header("authorization") {
        Some("a-token") if asked.line == "GET /creds" => (200, "", handed_out("TASKKEY", FAR)),
        _ => (403, "", String::new()),
    });
    let machine = Machine::new().set("AWS_REGION", "eu-central-1");
    let machine = machine.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/creds", endpoint.url));
    let machine = machine.set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a-token");
    assert_eq!(machine.asks_with(&[]), with("TASKKEY", Some("a-session"), "eu-central-1"));
}

#[test]
fn an_instance_asks_its_metadata_for_credentials_and_region() {
    let metadata = Fake::new(|asked| match asked.line.as_str() {
        "PUT /latest/api/token" => (200, "x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n", "a-token".to_owned()),
        _ if asked.header("x-aws-ec2-metadata-token") != Some("a-token") => (401, "", String::new()),
        "GET /latest/meta-data/placement/region" => (200, "", "eu-south-1".to_owned()),
        "GET /latest/meta-data/iam/security-credentials/" => (200, "", "operator".to_owned()),
        "GET /latest/meta-data/iam/security-credentials/operator" => (200, "", handed_out("MACHINEKEY", FAR)),
        _ => (404, "", String::new()),
    });
    let machine = Machine::new().set("AWS_EC2_METADATA_DISABLED", "false");
    let machine = machine.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url.clone());
    assert_eq!(machine.asks_with(&[]), with("MACHINEKEY", Some("a-session"), "eu-south-1"));
}

#[test]
fn a_web_identity_takes_its_role() {
    let sts = Fake::new(|asked| {
        if !asked.body.contains("Action=AssumeRoleWithWebIdentity") || !asked.body.contains("WebIdentityToken=a-jwt") {
            return (400, "", String::new());
        }
        let answer = format!(
            "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
             <AccessKeyId>ROLEKEY</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>\
             <SessionToken>a-session</SessionToken><Expiration>{FAR}</Expiration>\
             </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
        );
        (200, "content-type: text/xml\r\n", answer)
    });
    let machine = Machine::new().set("AWS_REGION", "eu-central-1").set("AWS_ENDPOINT_URL_STS", sts.url.clone());
    machine.write("token", "a-jwt");
    let token = machine.path("token").to_str().expect("a path").to_owned();
    let machine = machine.set("AWS_WEB_IDENTITY_TOKEN_FILE", token);
    let machine = machine.set("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/operator");
    assert_eq!(machine.asks_with(&[]), with("ROLEKEY", Some("a-session"), "eu-central-1"));
}

/// Returns a machine whose SSO session lasts until then.
fn signed_in(until: &str) -> Machine {
    let machine = Machine::new();
    let profile = "
[profile ops]
region = eu-central-1
sso_session = office
sso_account_id = 123456789012
sso_role_name = operator
[sso-session office]
sso_region = eu-central-1
sso_start_url = https://office.awsapps.example/start
";
    machine.write(".aws/config", profile);
    let token = json!({ "accessToken": "a-token", "expiresAt": until, "region": "eu-central-1" });
    // The file bears the SHA-1 of the session's name.
    machine.write(".aws/sso/cache/e6427457497fe0f4f93a7334d2203b8e17ee82df.json", &token.to_string());
    machine
}

#[test]
fn a_session_of_sso_is_used_while_it_lasts() {
    let sso = Fake::new(|asked| {
        if asked.header("x-amz-sso_bearer_token") != Some("a-token") {
            return (401, "", String::new());
        }
        let role = json!({
            "accessKeyId": "SSOKEY", "secretAccessKey": "secret", "sessionToken": "a-session",
            "expiration": 4_070_908_800_000_u64,
        });
        (200, "", json!({ "roleCredentials": role }).to_string())
    });
    let machine = signed_in(FAR).set("AWS_ENDPOINT_URL_SSO", sso.url.clone());
    assert_eq!(machine.asks_with(&["--profile", "ops"]), with("SSOKEY", Some("a-session"), "eu-central-1"));
    let machine = machine.set("AWS_PROFILE", "ops");
    assert_eq!(machine.asks_with(&[]).0, "SSOKEY");
    let said = signed_in("2020-01-01T00:00:00Z").refusal(&["--profile", "ops"]);
    assert!(said.contains("aws sso login --profile ops") && said.contains("expired"), "{said}");
}

#[test]
fn what_is_missing_is_told_with_its_cure() {
    let machine = Machine::new();
    let said = machine.refusal(&[]);
    for cure in ["no AWS credentials found", "aws sso login", "--profile", "AWS_ACCESS_KEY_ID"] {
        assert!(said.contains(cure), "{said}");
    }
    machine.write(".aws/config", PROFILES);
    let said = machine.refusal(&["--profile", "nobody"]);
    assert!(said.contains("no AWS credentials in the profile nobody") && said.contains("~/.aws/config"), "{said}");
    let machine = Machine::new().set("AWS_ACCESS_KEY_ID", "ENVKEY").set("AWS_SECRET_ACCESS_KEY", "secret");
    let said = machine.refusal(&[]);
    assert!(said.contains("no AWS region") && said.contains("--region"), "{said}");
    assert!(machine.dynamodb.asked().is_empty(), "nothing is asked without");
}

#[test]
fn what_aws_refuses_is_told_with_its_cure() {
    for (code, cure) in [
        ("ExpiredTokenException", "sign in again"),
        ("UnrecognizedClientException", "does not know these credentials"),
        ("AccessDeniedException", "may not do that"),
    ] {
        let refused = move |_: &Asked| {
            let body = json!({ "__type": format!("com.amazon.coral.service#{code}"), "message": "No." });
            (400, "content-type: application/x-amz-json-1.0\r\n", body.to_string())
        };
        let machine = Machine::with(Fake::new(refused)).set("AWS_REGION", "eu-central-1");
        let machine = machine.set("AWS_ACCESS_KEY_ID", "ENVKEY").set("AWS_SECRET_ACCESS_KEY", "secret");
        let said = machine.refusal(&[]);
        assert!(said.contains(code) && said.contains(cure), "{said}");
    }
}

#[test]
fn a_local_stack_needs_no_credentials() {
    let shell = Shell::new();
    assert_eq!(shell.rows(&["org", "list"]), json!([]));
    let said = shell.refusal(&["--profile", "ops", "org", "list"]);
    assert!(said.contains("--local") && said.contains("--profile"), "{said}");
}
