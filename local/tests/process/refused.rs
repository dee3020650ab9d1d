//! Tests of failed starts. Each shows one clear line and exits with status 1.

use std::fs;
use std::process::Output;

use crate::process::{Running, run};

/// Returns the only line on stderr of a run that failed.
#[track_caller]
fn complaint(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(output.stdout.is_empty(), "nothing is announced");
    assert_eq!(text.lines().count(), 1, "{text}");
    text.trim_end().to_owned()
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let data = tempfile::tempdir().expect("a folder");
    let running = Running::start(data.path()).await;
    let port = running.url.rsplit(':').next().expect("a port");
    let said = complaint(&run(&["--memory", "--port", port]).await);
    let advice = "is in use: stop what listens there, or choose another with --port (0 picks one)";
    assert_eq!(said, format!("error: port {port} {advice}"));

    let folder = data.path().to_str().expect("a path");
    let said = complaint(&run(&["--port", "0", "--data", folder]).await);
    assert_eq!(said, format!("error: data folder {folder}: is in use by another local stack"));
    running.kill().await;
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "no folder").expect("it can be written");
    let file = file.to_str().expect("a path");
    let said = complaint(&run(&["--port", "0", "--data", file]).await);
    assert!(said.starts_with(&format!("error: data folder {file}: cannot be made: ")), "{said}");

    fs::write(
        folder.path().join("ringdown.db"),
        "no database, and long enough to be told from an empty one".repeat(99),
    )
    .expect("it can be written");
    let folder = folder.path().to_str().expect("a path");
    let said = complaint(&run(&["--port", "0", "--data", folder]).await);
    assert!(said.starts_with(&format!("error: data folder {folder}: cannot open ringdown.db: ")), "{said}");
}

#[tokio::test]
async fn a_file_of_secrets_that_cannot_be_used_is_named_and_not_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("secrets.json");
    let path = path.to_str().expect("a path");
    let arguments = ["--memory", "--port", "0", "--secrets", path];
    let said = complaint(&run(&arguments).await);
    assert!(said.starts_with(&format!("error: cannot read {path}: ")), "{said}");
    fs::write(path, "{\"models/openai\": sk-4711}").expect("it can be written");
    let said = complaint(&run(&arguments).await);
    assert_eq!(said, format!("error: cannot read {path}: the file is no JSON object"));
}

#[tokio::test]
async fn typing_errors_in_secrets_and_in_the_public_url_are_told_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("secrets.json");
    let path = path.to_str().expect("a path");
    fs::write(path, r#"{"providers/twillio": {}, "providers/retell": {"apikey": "s3cret"}}"#)
        .expect("it can be written");
    let said = complaint(&run(&["--memory", "--port", "0", "--secrets", path]).await);
    assert!(said.starts_with(&format!("error: secrets in {path}: ")), "{said}");
    assert!(said.contains("providers/twillio: is no provider; known are twilio, retell, telnyx, vapi"), "{said}");
    assert!(said.contains("providers/retell: has no field apikey; its fields are apiKey,"), "{said}");
    assert!(!said.contains("s3cret"), "{said}");

    let output = run(&["--memory", "--port", "0", "--public-url", "calls.example.com"]).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && output.stdout.is_empty(), "{said}");
    assert!(said.contains("--public-url") && said.contains("write it as https://calls.example.com"), "{said}");
}

#[tokio::test]
async fn a_template_that_cannot_be_followed_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("template.yaml");
    let path = path.to_str().expect("a path");
    let arguments = ["--memory", "--port", "0", "--template", path];
    let said = complaint(&run(&arguments).await);
    assert!(said.starts_with(&format!("error: cannot read {path}: ")), "{said}");
    for (template, expected) in [
        ("Resources: [", "error: template.yaml: "),
        ("Resources: {}\nX: &a [*a]", "error: template.yaml: "),
        ("Resources:\n  T:\n    Type: AWS::DynamoDB::Table\n", "error: template.yaml: T: "),
        ("{}", "error: "),
    ] {
        fs::write(path, template).expect("it can be written");
        let said = complaint(&run(&arguments).await);
        assert!(said.starts_with(expected), "{template}: {said}");
    }
}
