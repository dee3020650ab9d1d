//! Tests of agents as YAML, in the form of the API.

use serde_json::json;

use super::shell::Shell;

const TEXTING: &str = "
- slug: front-desk
  name: Front desk
  channel: sms
  sms:
    prompt: You are kind to {{firstName}}.
    maxToolCalls: 3
    inactivitySeconds: 3600
    model: {baseUrl: 'https://models.example.com/v1', model: small, temperature: 0.7}
    tools:
      - {name: book, description: Books., url: 'https://example.com/book'}
- {slug: caller, name: Caller, channel: voice, retentionDays: 30}
";

struct File {
    shell: Shell,
    path: std::path::PathBuf,
}

impl File {
    fn new() -> Self {
        let shell = Shell::new();
        shell.rows(&["org", "create", "acme"]);
        let path = shell.path().join("agents.yaml");
        Self { shell, path }
    }

    fn says(&self, text: &str) {
        std::fs::write(&self.path, text).expect("the file is written");
    }

    fn import(&self, mode: &'static str) -> [&str; 7] {
        ["agent", "import", "--org", "acme", "--mode", mode, self.path.to_str().expect("a path")]
    }

    fn refusal(&self, text: &str) -> String {
        self.says(text);
        self.shell.refusal(&self.import("test"))
    }

    fn export(&self, mode: &str) -> String {
        let exported = self.shell.run(&["agent", "export", "--org", "acme", "--mode", mode]);
        String::from_utf8(exported.stdout).expect("text")
    }
}

#[test]
fn agents_come_from_a_file_and_go_back_into_one() {
    let file = File::new();
    file.says(TEXTING);
    let made = file.shell.rows(&file.import("test"));
    assert_eq!(
        (&made[0]["slug"], &made[0]["outcome"], &made[0]["version"]),
        (&json!("front-desk"), &json!("made"), &json!(1))
    );
    let secret = made[0]["toolSecret"].as_str().expect("the secret of its tools is shown").to_owned();
    assert!(secret.starts_with("whsec_"));
    assert_eq!((&made[1]["outcome"], &made[1]["toolSecret"]), (&json!("made"), &json!(null)));
    assert_eq!(file.export("live").trim(), "[]", "they are test agents");

    let text = file.export("test");
    for expected in ["slug: caller", "retentionDays: 30", "inactivitySeconds: 3600", "temperature: 0.7"] {
        assert!(text.contains(expected), "{text}");
    }
    assert!(!text.contains("whsec_") && !text.contains("terms"), "{text}");
    file.says(&text);
    let same = file.shell.rows(&file.import("test"));
    assert_eq!((&same[0]["outcome"], &same[1]["outcome"]), (&json!("unchanged"), &json!("unchanged")));
    file.says(&text.replace("Front desk", "Reception"));
    let mut changed = file.shell.rows(&file.import("test")).as_array().cloned().expect("rows");
    changed.sort_by_key(|row| row["slug"].to_string());
    assert_eq!(changed[0]["outcome"], json!("unchanged"));
    assert_eq!(
        changed[1],
        json!({"slug": "front-desk", "outcome": "changed", "version": 2, "toolSecret": null}),
        "its secret stays"
    );

    let rotate = ["agent", "rotate-tool-secret", "--org", "acme", "--mode", "test", "front-desk"];
    let rotated = file.shell.rows(&rotate);
    assert_eq!(rotated[0]["version"], json!(3));
    assert!(rotated[0]["toolSecret"].as_str().is_some_and(|new| new.starts_with("whsec_") && new != secret));
    assert!(
        file.shell
            .refusal(&["agent", "rotate-tool-secret", "--org", "acme", "--mode", "test", "caller"])
            .contains("no tools")
    );
}

#[test]
fn every_mistake_in_a_file_is_told_with_line_and_column() {
    let file = File::new();
    let template = file.refusal(&TEXTING.replace("{{firstName}}", "{{first name}}"));
    assert!(template.contains("line 6, column 13: sms.prompt is no template"), "{template}");
    let several = TEXTING.replace("retentionDays: 30", "retentionDays: 3, colour: red").replace("name: book, ", "");
    let told = file.refusal(&several);
    for expected in [
        "line 12, column 63: retentionDays must be a whole number from 7 to 3650",
        "line 12, column 74: colour is not a known field",
        "line 11, column 9: sms.tools[0].name is required",
    ] {
        assert!(told.contains(expected), "{expected} is not in: {told}");
    }
    let twice = file.refusal(&TEXTING.replace("  name: Front desk", "  slug: other"));
    assert!(twice.contains("line ") && twice.contains("column "), "{twice}");
    let torn = file.refusal("- slug: [");
    assert!(torn.contains("line 2") || torn.contains("line 1"), "{torn}");
    assert_eq!(file.export("test").trim(), "[]", "nothing was written");
}

#[test]
fn a_live_agent_has_a_number_of_the_organizations_and_a_model_where_it_answers() {
    let file = File::new();
    file.says("- {slug: caller, name: Caller, channel: voice, number: '+15555550100'}\n");
    let told = file.shell.refusal(&file.import("live"));
    assert!(told.contains("line 1, column 56: number is not one of the organization's numbers"), "{told}");
    file.shell.rows(&["number", "add", "+15555550100", "--org", "acme"]);
    assert_eq!(file.shell.rows(&file.import("live"))[0]["outcome"], json!("made"));
    let removed = file.shell.rows(&["--yes", "number", "remove", "+15555550100", "--org", "acme"]);
    assert_eq!(removed[0]["agentsWithoutTheirNumber"], json!(["caller"]));
    file.says("- {slug: texter, name: Texter, channel: sms, sms: {prompt: Hi.}}\n");
    assert!(file.shell.refusal(&file.import("live")).contains("sms.model is required"));
}

#[test]
fn a_file_that_was_exported_before_is_still_taken() {
    let file = File::new();
    file.says(
        "
- slug: front-desk
  name: Front desk
  channel: sms
  provider: simulator
  limits: {ringSeconds: 45, maxDurationSeconds: 1800}
  sms:
    kind: managed
    prompt: Hi.
    maxToolCalls: 3
    model: {baseUrl: 'https://models.example.com/v1', model: small, temperatureHundredths: 70, maxOutputTokens: 100}
    terms: {answers: true, gatheringMs: 2000, inactivitySeconds: 3600, helpText: Call us.}
",
    );
    assert_eq!(file.shell.rows(&file.import("test"))[0]["outcome"], json!("made"));
    let text = file.export("test");
    assert!(text.contains("temperature: 0.7") && text.contains("helpText: Call us."), "{text}");
}
