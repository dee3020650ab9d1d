//! Commands, on a local stack's data.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

struct Shell {
    folder: tempfile::TempDir,
}

impl Shell {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringdown"));
        command.env_clear().arg(format!("--local={}", self.path().join("data").display())).args(arguments);
        command.output().expect("the command runs")
    }

    /// The rows that a command answers.
    #[track_caller]
    fn rows(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[&["--json"], arguments].concat());
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {error}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// What a command says when it refuses.
    #[track_caller]
    fn refusal(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

#[test]
fn an_organization_gets_its_numbers_and_its_first_key() {
    let shell = Shell::new();
    let made = shell.rows(&["org", "create", "acme", "--name", "Acme"]);
    let expected = json!([{"id": "acme", "name": "Acme", "suspended": false, "numbers": [], "webhooks": 0}]);
    assert_eq!(made, expected);
    assert!(shell.refusal(&["org", "create", "acme"]).contains("already"));
    assert!(shell.refusal(&["org", "create", "Acme"]).contains("lower-case"));
    shell.rows(&["org", "create", "other"]);

    let added = shell.rows(&["number", "add", "+15555550100", "--org", "acme"]);
    assert_eq!(added[0]["numbers"], json!(["+15555550100"]));
    assert!(shell.refusal(&["number", "add", "+15555550100", "--org", "other"]).contains("belongs to acme"));
    assert!(shell.refusal(&["number", "remove", "+15555550100", "--org", "acme"]).contains("--yes"));
    shell.rows(&["--yes", "number", "remove", "+15555550100", "--org", "acme"]);
    assert_eq!(shell.rows(&["number", "list", "--org", "acme"]), json!([]));

    let key = shell.rows(&["key", "create", "--org", "acme", "--mode", "live", "--name", "first"]);
    assert!(key[0]["key"].as_str().is_some_and(|raw| raw.starts_with("rd_live_acme_")));
    assert_eq!(key[0]["permissions"].as_array().map(Vec::len), Some(10));
    let wrong = ["key", "create", "--org", "acme", "--mode", "test", "--name", "x", "--permission", "can_fly"];
    assert!(shell.refusal(&wrong).contains("can_initiate_calls"));

    assert_eq!(shell.rows(&["--yes", "org", "suspend", "acme"])[0]["suspended"], json!(true));
    assert_eq!(shell.rows(&["org", "resume", "acme"])[0]["suspended"], json!(false));
    assert_eq!(shell.rows(&["org", "list"]).as_array().map(Vec::len), Some(2));
}

#[test]
fn agents_come_from_a_file_and_go_back_into_one() {
    let shell = Shell::new();
    shell.rows(&["org", "create", "acme"]);
    let file = shell.path().join("agents.yaml");
    let import = ["agent", "import", "--org", "acme", file.to_str().expect("a path")];
    let texting = "
- slug: front-desk
  name: Front desk
  channel: sms
  sms:
    prompt: You are kind to {{firstName}}.
    maxToolCalls: 3
    terms: {answers: true, gatheringMs: 2000, inactivitySeconds: 3600}
    tools:
      - {name: book, description: Books., parameters: {type: object, properties: {}}, url: 'https://example.com/book'}
- {slug: caller, name: Caller, channel: voice}
";
    std::fs::write(&file, texting).expect("the file is written");
    let made = shell.rows(&import);
    assert_eq!(made[0], json!({"slug": "front-desk", "outcome": "made", "version": 1}));
    assert_eq!(made[1]["outcome"], json!("made"));

    let exported = shell.run(&["agent", "export", "--org", "acme"]);
    let text = String::from_utf8(exported.stdout).expect("text");
    assert!(text.contains("slug: caller") && !text.contains("whsec_"), "{text}");
    std::fs::write(&file, text.replace("Front desk", "Reception")).expect("the file is written");
    let mut changed = shell.rows(&import).as_array().cloned().expect("rows");
    changed.sort_by_key(|row| row["slug"].to_string());
    assert_eq!(changed[0]["outcome"], json!("unchanged"));
    assert_eq!(changed[1], json!({"slug": "front-desk", "outcome": "changed", "version": 2}));

    std::fs::write(&file, texting.replace("{{firstName}}", "{{first name}}")).expect("the file is written");
    assert!(shell.refusal(&import).contains("sms.prompt"));
}

#[test]
fn a_healthy_deployment_is_told_from_no_deployment() {
    let shell = Shell::new();
    let checks = shell.rows(&["doctor"]);
    let results: Vec<&str> = checks.as_array().unwrap().iter().filter_map(|row| row["result"].as_str()).collect();
    assert_eq!(results, ["ok"; 4]);
    assert!(shell.refusal(&["queue", "dlq", "list"]).contains("queues are gone"));
    let nobody = "00000000-0000-4000-8000-000000000000";
    assert!(shell.refusal(&["conversation", "show", nobody]).contains("no conversation"));
    assert_eq!(shell.rows(&["conversation", "replay-webhooks", nobody])[0]["replayed"], json!(0));
    let mut nowhere = Command::new(env!("CARGO_BIN_EXE_ringdown"));
    let said = nowhere.env_clear().arg("doctor").output().expect("the command runs");
    assert!(String::from_utf8_lossy(&said.stderr).contains("--table"));
}
