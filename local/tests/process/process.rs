//! Processes of the built binary.

use std::path::Path;
use std::process::{Output, Stdio};

use local::client::Client;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

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
        let mut command = command(&["--port", "0", "--json", "--data"]);
        let mut child = command.arg(data).stdout(Stdio::piped()).spawn().expect("the binary starts");
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
