//! Message on stdout that the stack is ready, with requests to try.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use domain::ids::Channel;
use serde::Serialize;

use crate::Data;
use crate::seed::Seeded;

const STRONG: Style = Style::new().bold();
const SUBTLE: Style = Style::new().dimmed();
const COMMAND: Style = AnsiColor::Cyan.on_default();

/// Request for a call whose simulated callee answers in the usual way.
const CALL: &str = r#"{"agentSlug":"demo-voice","toNumber":"+15555550123"}"#;
/// Request for an SMS conversation whose simulated customer answers.
const TEXT: &str = concat!(
    r#"{"agentSlug":"demo-sms","toNumber":"+15555550102","fromNumber":"+15555550110","#,
    r#""welcomeMessage":"Hello! Can I help you?"}"#
);

/// Output line of `--json`.
#[derive(Serialize)]
struct Ready<'a> {
    url: &'a str,
    #[serde(flatten)]
    seeded: &'a Seeded,
}

/// Prints one line of JSON, or a text for people. The text is coloured if `out` shows colours.
///
/// # Errors
/// Errors of writing to `out`.
pub fn announce(out: &mut impl Write, json: bool, url: &str, seeded: &Seeded, data: &Data) -> io::Result<()> {
    if json {
        serde_json::to_writer(&mut *out, &Ready { url, seeded })?;
        writeln!(out)?;
        return out.flush();
    }
    let kept = match data {
        Data::Memory => "in memory".to_owned(),
        Data::Dir(dir) => format!("in {} (queues in memory)", dir.display()),
    };
    writeln!(out, "{STRONG}Ringdown is ready{STRONG:#} {SUBTLE}(Ctrl-C stops it){SUBTLE:#}\n")?;
    let mut line = |name: &str, value: &str| writeln!(out, "  {SUBTLE}{name:<13}{SUBTLE:#} {value}");
    line("API", url)?;
    line("organization", &seeded.organization)?;
    line("API key", &seeded.api_key)?;
    for (at, agent) in seeded.agents.iter().enumerate() {
        let channel = match agent.channel {
            Channel::Voice => "voice",
            Channel::Sms => "sms",
        };
        let name = if at == 0 { "agents" } else { "" };
        line(name, &format!("{:<11} {channel:<6} {SUBTLE}{}{SUBTLE:#}", agent.slug, agent.id))?;
    }
    line("data", &kept)?;
    for (what, path, body) in [("Place a call", "/v1/calls", CALL), ("Text a customer", "/v1/sms-conversations", TEXT)]
    {
        writeln!(out, "\n{what}:\n")?;
        writeln!(out, "  {COMMAND}{}{COMMAND:#}", curl(url, path, &seeded.api_key, body))?;
    }
    writeln!(out)?;
    out.flush()
}

/// Returns a command line that can be copied. It makes a new idempotency key each time that a shell runs it.
fn curl(url: &str, path: &str, api_key: &str, body: &str) -> String {
    format!(
        "curl -s {url}{path} -H 'Authorization: Bearer {api_key}' -H \"Idempotency-Key: try-$(date +%s)-$RANDOM\" \
         -H 'Content-Type: application/json' -d '{body}'"
    )
}

#[cfg(test)]
mod tests {
    use domain::ids::{AgentId, OrganizationId};

    use super::*;
    use crate::seed::SeededAgent;

    fn announced(json: bool) -> String {
        let id = AgentId::for_slug(&OrganizationId::parse("dev").expect("an id"), "demo-voice");
        let agents = vec![SeededAgent { id, slug: "demo-voice", channel: Channel::Voice }];
        let seeded = Seeded { organization: "dev".into(), api_key: "rd_test_dev_secret".into(), agents };
        let mut out = Vec::new();
        announce(&mut out, json, "http://127.0.0.1:3000", &seeded, &Data::Memory).expect("a buffer takes all");
        anstream::adapter::strip_str(&String::from_utf8(out).expect("it is text")).to_string()
    }

    #[test]
    fn json_is_one_line_with_everything_a_script_needs() {
        let line = announced(true);
        assert_eq!(line.lines().count(), 1);
        let ready: serde_json::Value = serde_json::from_str(&line).expect("it is JSON");
        assert_eq!(ready["url"], "http://127.0.0.1:3000");
        assert_eq!((&ready["organization"], &ready["apiKey"]), (&"dev".into(), &"rd_test_dev_secret".into()));
        assert_eq!(ready["agents"][0]["slug"], "demo-voice");
        assert_eq!(ready["agents"][0]["channel"], "voice");
        assert_eq!(ready["agents"][0]["id"].as_str().map(str::len), Some(36));
    }

    #[test]
    fn the_text_has_curl_lines_to_copy() {
        let text = announced(false);
        let lines: Vec<&str> = text.lines().filter(|line| line.trim_start().starts_with("curl")).collect();
        assert_eq!(lines.len(), 2, "{text}");
        for curl in lines {
            assert!(curl.contains("'Authorization: Bearer rd_test_dev_secret'"), "{curl}");
            assert!(curl.contains("-H \"Idempotency-Key: try-$(date +%s)-$RANDOM\""), "{curl}");
        }
        assert!(serde_json::from_str::<serde_json::Value>(TEXT).is_ok_and(|body| body["agentSlug"] == "demo-sms"));
    }
}
