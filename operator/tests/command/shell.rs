//! Tests of commands on a local stack's data.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

/// Lock that keeps processes from starting while a file's lock is released. A process that is being started holds a copy of every
/// open file, with its lock, until it runs its own program.
static STARTING: Mutex<()> = Mutex::new(());

fn nothing_starts() -> MutexGuard<'static, ()> {
    STARTING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a command and returns its output.
pub(crate) fn output(command: &mut Command) -> Output {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let starting = nothing_starts();
    let started = command.spawn().expect("the command runs");
    drop(starting);
    started.wait_with_output().expect("it comes to an end")
}

pub(crate) struct Shell {
    folder: tempfile::TempDir,
}

impl Shell {
    pub(crate) fn new() -> Self {
        let shell = Self::without_data();
        // The folder looks like that of a local stack that was started and stopped.
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let _given_up = nothing_starts();
        let made = runtime.block_on(local::offline::Offline::create(&shell.path().join("data")));
        drop(made.expect("an empty table"));
        drop(runtime);
        shell
    }

    fn without_data() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        output(&mut self.command(arguments))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringdown"));
        command.env_clear().arg(format!("--local={}", self.path().join("data").display())).args(arguments);
        command
    }

    /// Returns the rows of a command's output.
    #[track_caller]
    pub(crate) fn rows(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[&["--json"], arguments].concat());
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {error}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// Returns the error message of a command that is refused.
    #[track_caller]
    pub(crate) fn refusal(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

#[test]
fn a_command_ends_quietly_if_nobody_reads_its_output() {
    let shell = Shell::new();
    shell.rows(&["org", "create", "acme"]);
    let mut command = shell.command(&["org", "list"]);
    let starting = nothing_starts();
    let mut list = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
    drop(starting);
    drop(list.stdout.take());
    let output = list.wait_with_output().expect("the command ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn an_organization_gets_its_numbers_and_its_first_key() {
    let shell = Shell::new();
    let made = shell.rows(&["org", "create", "acme", "--name", "Acme"]);
    let expected = json!([{
        "id": "acme", "name": "Acme", "suspended": false, "numbers": [], "country": null, "countries": [],
        "concurrentCalls": null, "premium": false, "webhooks": 0
    }]);
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
    let said = output(nowhere.env_clear().arg("doctor"));
    assert!(String::from_utf8_lossy(&said.stderr).contains("--table"));
}

#[test]
fn a_folder_without_a_local_stacks_data_is_named_and_left_alone() {
    let shell = Shell::without_data();
    let folder = shell.path().join("data");
    let said = shell.refusal(&["doctor"]);
    assert!(said.contains(&format!("data folder {}: there is no such folder", folder.display())), "{said}");
    assert!(!folder.exists(), "nothing was made");
    std::fs::create_dir(&folder).expect("a folder");
    let said = shell.refusal(&["org", "list"]);
    assert!(said.contains("no local stack was ever started in it"), "{said}");
    assert_eq!(std::fs::read_dir(&folder).expect("a folder").count(), 0, "nothing was made");
}

#[test]
fn a_local_stack_that_runs_is_talked_to_and_one_that_was_killed_is_not() {
    use clap::Parser as _;

    let shell = Shell::without_data();
    let folder = shell.path().join("data");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let path = folder.to_str().expect("a path");
    let cli = local::cli::Cli::try_parse_from(["ringdown-local", "--port", "0", "--data", path]).expect("arguments");
    let starting = local::Stack::start(cli.options().expect("options"), local::wiring::functions());
    let stack = runtime.block_on(starting).expect("it starts");
    shell.rows(&["org", "create", "acme"]);
    assert_eq!(shell.rows(&["doctor"])[0]["result"], json!("ok"));
    shell.rows(&["queue", "dlq", "list"]);
    let running = folder.join("running.json");
    let left_behind = std::fs::read(&running).expect("it says where it listens");
    let given_up = nothing_starts();
    runtime.block_on(stack.shutdown());
    drop(given_up);
    assert!(!running.exists(), "it is gone with the stack");
    std::fs::write(&running, left_behind).expect("a file");
    assert_eq!(
        shell.rows(&["org", "list"])[0]["id"],
        json!("acme"),
        "what is in the file counts while a stack runs only"
    );
    assert!(shell.refusal(&["queue", "dlq", "list"]).contains("queues are gone"));
}

#[test]
fn keys_are_listed_and_revoked_with_what_they_made() {
    let shell = Shell::new();
    shell.rows(&["org", "create", "acme"]);
    let scope = ["--org", "acme", "--mode", "test"];
    let of = |command: &[&'static str]| [&["key"], command, &scope[..]].concat();
    let made =
        shell.rows(&of(&["create", "--name", "first", "--calls-per-day", "5", "--expires-at", "2099-01-01T00:00:00Z"]));
    shell.rows(&of(&["create", "--name", "second", "--permission", "can_send_sms"]));
    let listed = shell.rows(&of(&["list"]));
    assert_eq!(
        (&listed[0]["name"], &listed[0]["active"], &listed[0]["callsPerDay"]),
        (&json!("first"), &json!(true), &json!(5))
    );
    assert_eq!(
        (&listed[0]["expiresAt"], &listed[0]["permissions"]),
        (&json!("2099-01-01T00:00:00.000Z"), &json!("all"))
    );
    assert_eq!((&listed[1]["permissions"], &listed[1]["madeWith"]), (&json!(["can_send_sms"]), &json!(null)));
    assert!(!listed.to_string().contains(made[0]["key"].as_str().expect("the raw key")));
    let live = shell.rows(&["key", "list", "--org", "acme", "--mode", "live"]);
    assert_eq!(live, json!([]), "the other mode's are others");

    let id = made[0]["id"].as_str().expect("an id");
    let revoke = [&["key", "revoke", id, "--with-descendants"], &scope[..]].concat();
    assert!(shell.refusal(&revoke).contains("--yes"));
    let revoked = shell.rows(&[&["--yes"], &revoke[..]].concat());
    assert_eq!((&revoked[0]["name"], &revoked[0]["descendants"]), (&json!("first"), &json!(0)));
    let listed = shell.rows(&of(&["list"]));
    assert_eq!((&listed[0]["active"], &listed[1]["active"]), (&json!(false), &json!(true)));
    let unknown = ["--yes", "key", "revoke", "key_000000000000000000000000", "--org", "acme", "--mode", "test"];
    assert!(shell.refusal(&unknown).contains("there is no key"));
    let raw =
        ["--yes", "key", "revoke", made[0]["key"].as_str().expect("the raw key"), "--org", "acme", "--mode", "test"];
    let said = shell.refusal(&raw);
    assert!(said.contains("never the key itself") && !said.contains("rd_test"), "{said}");
    let past = of(&["create", "--name", "late", "--expires-at", "2020-01-01T00:00:00Z"]);
    assert!(shell.refusal(&past).contains("in the future"));
}

#[test]
fn an_organization_is_kept_to_what_the_operator_sets() {
    let shell = Shell::new();
    shell.rows(&["org", "create", "acme"]);
    let set = shell.rows(&["org", "set", "acme", "--country", "DE", "--countries", "DE,AT", "--concurrent-calls", "5"]);
    let kept = |row: &Value| (row["country"].clone(), row["countries"].clone(), row["concurrentCalls"].clone());
    assert_eq!(kept(&set[0]), (json!("DE"), json!(["DE", "AT"]), json!(5)));
    let set = shell.rows(&["org", "set", "acme", "--countries", "own", "--concurrent-calls", "unlimited"]);
    assert_eq!(kept(&set[0]), (json!("DE"), json!([]), json!(null)), "what is not named stays");
    assert!(shell.refusal(&["org", "set", "acme", "--countries", "DE,XX"]).contains("XX is no country"));
    assert!(shell.refusal(&["org", "set", "acme", "--concurrent-calls", "0"]).contains("1 or more"));
    assert_eq!(set[0]["premium"], false);
    assert_eq!(shell.rows(&["org", "set", "acme", "--premium"])[0]["premium"], true);
    assert_eq!(shell.rows(&["org", "set", "acme", "--premium=false"])[0]["premium"], false);
    assert!(shell.refusal(&["org", "set", "acme"]).contains("nothing to set"));
    let key = ["key", "create", "--org", "acme", "--mode", "test", "--name", "few", "--requests-per-minute", "0"];
    assert!(shell.refusal(&key).contains("--requests-per-minute"));
}

#[test]
fn a_list_of_numbers_comes_from_a_file_and_goes_back_into_one() {
    let shell = Shell::new();
    shell.rows(&["org", "create", "acme"]);
    let file = shell.path().join("numbers.csv");
    let path = file.to_str().expect("a path");
    let import = ["dnc", "import", "--org", "acme", "--mode", "live", path];
    let export = ["dnc", "export", "--org", "acme", "--mode", "live"];
    std::fs::write(&file, "phoneNumber,source\n+15555550123,complaint\n5555550124,\n").expect("a file");
    let refused = shell.refusal(&import);
    assert!(refused.contains("line 3, column 1 (phoneNumber): must be a phone number"), "{refused}");
    assert_eq!(shell.run(&export).stdout, b"phoneNumber,source,createdAt\n", "nothing was written");
    let rows = "phoneNumber,source,createdAt\n+15555550123,complaint,2026-01-02T03:04:05.000Z\n+15555550124,letter,2026-01-02T03:04:06.000Z\n";
    std::fs::write(&file, rows).expect("a file");
    assert_eq!(shell.rows(&import), json!([{"numbers": 2, "added": 2, "known": 0}]));
    assert_eq!(shell.rows(&import), json!([{"numbers": 2, "added": 0, "known": 2}]));
    let exported = shell.run(&export);
    assert!(exported.stderr.is_empty(), "no progress bar where nobody sits in front of it");
    let mut lines: Vec<String> = String::from_utf8(exported.stdout).expect("text").lines().map(str::to_owned).collect();
    lines[1..].sort();
    assert_eq!(lines.join("\n") + "\n", rows);
    assert_eq!(
        shell.run(&["dnc", "export", "--org", "acme", "--mode", "test"]).stdout,
        b"phoneNumber,source,createdAt\n"
    );
}

#[test]
fn an_imported_number_is_on_the_list_in_every_form() {
    let shell = Shell::new();
    shell.rows(&["org", "create", "acme"]);
    let file = shell.path().join("numbers.csv");
    let import = ["dnc", "import", "--org", "acme", "--mode", "live", file.to_str().expect("a path")];
    let exported = || {
        let exported = shell.run(&["dnc", "export", "--org", "acme", "--mode", "live"]).stdout;
        let text = String::from_utf8(exported).expect("text");
        let mut lines: Vec<String> = text.lines().skip(1).map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let at = "2026-01-02T03:04:05.000Z";
    let line = |number: &str, source: &str| format!("{number},{source},{at}");
    let header = "phoneNumber,source,createdAt";
    // A mobile number of Mexico, as its carriers used to write it.
    std::fs::write(&file, format!("{header}\n{}\n", line("+5215555550123", "letter"))).expect("a file");
    assert_eq!(shell.rows(&import), json!([{"numbers": 1, "added": 1, "known": 0}]));
    let both = [line("+5215555550123", "letter"), line("+525555550123", "letter")];
    assert_eq!(exported(), both);
    assert_eq!(shell.rows(&import), json!([{"numbers": 1, "added": 0, "known": 1}]));
    // What was written comes back: each form is a row of its own then.
    std::fs::write(&file, format!("{header}\n{}\n", both.join("\n"))).expect("a file");
    assert_eq!(shell.rows(&import), json!([{"numbers": 2, "added": 0, "known": 2}]));
    assert_eq!(exported(), both);
    let erased = shell.rows(&["--yes", "erase", "--number", "+5215555550123", "--org", "acme"]);
    assert_eq!(erased[0]["doNotCall"], json!(2), "nothing of the number is left in another form");
    assert_eq!(exported(), [""; 0]);
}

#[test]
fn a_wallet_is_paid_into_once_for_every_reference() {
    let shell = Shell::new();
    shell.rows(&["org", "create", "acme"]);
    let scope = ["--org", "acme", "--mode", "live"];
    let of = |command: &[&'static str]| [&["wallet"], command, &scope[..]].concat();
    let credit = of(&["credit", "5000", "--reference", "invoice-1"]);
    assert!(shell.refusal(&[&["--yes"], &credit[..]].concat()).contains("is not metered"));
    let metered = shell.rows(&of(&["meter", "--per-minute", "15", "--currency", "USD"]));
    assert_eq!((&metered[0]["balanceMinor"], &metered[0]["perMinuteMinor"]), (&json!(0), &json!(15)));
    assert!(shell.refusal(&credit).contains("--yes"), "it cannot be undone");
    let paid = shell.rows(&[&["--yes"], &credit[..]].concat());
    assert_eq!((&paid[0]["balanceMinor"], &paid[0]["outcome"]), (&json!(5000), &json!("paid")));
    let again = shell.rows(&[&["--yes"], &credit[..]].concat());
    assert_eq!((&again[0]["balanceMinor"], &again[0]["outcome"]), (&json!(5000), &json!("paid before")));
    assert!(shell.refusal(&of(&["meter", "--per-minute", "15", "--currency", "EUR"])).contains("is in USD"));
    assert_eq!(shell.rows(&of(&["show"]))[0]["balanceMinor"], json!(5000));
}

#[test]
fn a_number_is_erased_once_somebody_has_said_yes() {
    let shell = Shell::new();
    shell.rows(&["org", "create", "acme"]);
    let file = shell.path().join("numbers.csv");
    std::fs::write(&file, "phoneNumber\n+15555550123\n+15555550124\n").expect("a file");
    shell.rows(&["dnc", "import", "--org", "acme", "--mode", "live", file.to_str().expect("a path")]);
    let erase = ["erase", "--number", "+15555550123", "--org", "acme"];
    assert!(shell.refusal(&erase).contains("--yes"));
    let erased = shell.rows(&[&["--yes"], &erase[..]].concat());
    assert_eq!(erased, json!([{"conversations": 0, "contacts": 0, "doNotCall": 1, "itemsDeleted": 0}]));
    let exported = shell.run(&["dnc", "export", "--org", "acme", "--mode", "live"]);
    let text = String::from_utf8_lossy(&exported.stdout).into_owned();
    assert!(text.contains("+15555550124") && !text.contains("+15555550123"), "{text}");
    assert!(String::from_utf8_lossy(&exported.stderr).contains("1 erased"));
    assert!(shell.refusal(&["erase", "--number", "5555550123", "--org", "acme"]).contains("E.164"));
}
