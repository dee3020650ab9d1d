//! Processes of the built binary.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use local::client::Client;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

/// Time limit for a line that a test waits for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Running stack. It is killed when dropped.
pub(crate) struct Running {
    child: Child,
    pub(crate) client: Client,
    pub(crate) url: String,
}

/// Returns a command of the binary with these arguments, without this process's own settings.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringdown-local"));
    command.args(arguments).env_remove("AWS_ENDPOINT_URL").env("RUST_LOG", "error").kill_on_drop(true);
    command
}

/// Runs the binary to its end.
pub(crate) async fn run(arguments: &[&str]) -> Output {
    command(arguments).stdin(Stdio::null()).output().await.expect("the binary runs")
}

impl Running {
    /// Starts a stack on this folder and waits until it is ready.
    pub(crate) async fn start(data: &Path) -> Self {
        Self::of(command(&["--port", "0", "--json", "--data"]).arg(data)).await
    }

    async fn of(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the binary starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its output is piped");
        BufReader::new(stdout).read_line(&mut line).await.expect("it prints a line");
        let ready: Value = serde_json::from_str(&line).expect("the line is JSON");
        let text = |name: &str| ready[name].as_str().expect("a text").to_owned();
        Self { client: Client::new(&text("url"), &text("apiKey")), url: text("url"), child }
    }

    /// Kills the process as a power failure would.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("SIGKILL is obeyed");
    }
}

/// Running stack whose log is read, with the filter that its users have. It is killed when dropped.
pub(crate) struct Terminal {
    stack: Running,
    log: Lines<BufReader<ChildStderr>>,
}

impl Terminal {
    /// Starts a stack in memory and waits until it is ready.
    pub(crate) async fn start() -> Self {
        let mut command = command(&["--port", "0", "--json", "--memory"]);
        let mut stack = Running::of(command.env_remove("RUST_LOG").stderr(Stdio::piped())).await;
        let log = stack.child.stderr.take().expect("its log is piped");
        Self { stack, log: BufReader::new(log).lines() }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.stack.client
    }

    /// Reads the log up to the first line that contains this text.
    pub(crate) async fn until(&mut self, text: &str) -> Vec<String> {
        let mut lines = Vec::new();
        let reading = async {
            while !lines.last().is_some_and(|line: &String| line.contains(text)) {
                lines.push(self.log.next_line().await.expect("the log is text").expect("the stack runs"));
            }
        };
        if tokio::time::timeout(PATIENCE, reading).await.is_err() {
            panic!("no {text} after {PATIENCE:?}: {lines:#?}");
        }
        lines
    }

    /// Kills the process.
    pub(crate) async fn kill(self) {
        self.stack.kill().await;
    }
}
