//! Command line, and the environment variables that the local stack reads.

use std::error::Error as _;
use std::fs::File;
use std::io;
use std::path::PathBuf;

use aws_credential_types::Credentials;
use clap::{Parser, Subcommand};
use providers::Secrets;
use store::clock::Clock;
use tracing::Level;
use tracing_subscriber::filter::Targets;

use crate::aws::{External, REGION};
use crate::chat::Chat;
use crate::demo::Show;
use crate::template::Names;
use crate::{Data, Error, Options};

/// Default port of the API.
const DEFAULT_PORT: u16 = 3000;
/// Default folder of the data.
const DEFAULT_DATA: &str = ".ringdown";
/// Default file of the secrets. Git ignores it.
const DEFAULT_SECRETS: &str = ".ringdown-secrets.json";
/// Template of the deployment at build time.
const TEMPLATE: &str = include_str!("../../template.yaml");

/// The whole of Ringdown on one machine.
#[derive(Parser)]
#[command(name = "ringdown-local", bin_name = "cargo run --", version)]
pub struct Cli {
    /// Port to serve on; 0 picks a free one [default: 3000]
    #[arg(long, global = true, value_name = "N")]
    port: Option<u16>,
    /// Keep everything in memory only
    #[arg(long, global = true, conflicts_with = "data")]
    memory: bool,
    /// Folder to keep the table in [default: .ringdown]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Once ready, print one line of JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// File of providers' and models' secrets, as JSON [default: .ringdown-secrets.json]
    #[arg(long, global = true, value_name = "FILE")]
    secrets: Option<PathBuf>,
    /// Address at which providers reach this machine from outside, such as a tunnel's [default: the local address]
    #[arg(long, global = true, value_name = "URL", value_parser = crate::public_url::parse)]
    public_url: Option<String>,
    /// Follow this template instead of the one built in
    #[arg(long, global = true, value_name = "FILE")]
    template: Option<PathBuf>,
    /// Use this AWS endpoint instead of the embedded DynamoDB and SQS
    #[arg(long, global = true, env = "AWS_ENDPOINT_URL", value_name = "URL")]
    endpoint_url: Option<String>,
    #[command(flatten)]
    account: Account,
    /// Log filter, for stderr: `local=info` shows the steps of conversations
    #[arg(long, global = true, env = "RUST_LOG", hide = true)]
    log: Option<String>,
    /// Command to run instead of serving
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Credentials for requests to another endpoint.
#[derive(clap::Args)]
struct Account {
    #[arg(long, global = true, env = "AWS_REGION", hide = true, default_value = REGION)]
    region: String,
    #[arg(long, global = true, env = "AWS_ACCESS_KEY_ID", hide = true, default_value = "local")]
    access_key_id: String,
    #[arg(long, global = true, env = "AWS_SECRET_ACCESS_KEY", hide = true, default_value = "local")]
    secret_access_key: String,
    #[arg(long, global = true, env = "AWS_SESSION_TOKEN", hide = true)]
    session_token: Option<String>,
}

/// Command that replaces serving.
#[derive(Subcommand, Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Hold a conversation in memory and print its timeline as its webhooks arrive
    Demo {
        /// Demo to show
        #[arg(value_enum, default_value_t = Show::Call)]
        show: Show,
    },
    /// Talk to one of your SMS agents in the terminal: you are the customer
    Chat(Chat),
}

impl Cli {
    fn is_demo(&self) -> bool {
        matches!(self.command, Some(Command::Demo { .. }))
    }

    /// Returns the arguments of the chat command, if that is the command.
    pub fn chat(&self) -> Option<&Chat> {
        match &self.command {
            Some(Command::Chat(chat)) => Some(chat),
            Some(Command::Demo { .. }) | None => None,
        }
    }

    /// Returns the log filter for stderr. An unreadable filter counts as none, because `RUST_LOG` may be meant for other
    /// programs.
    pub fn log(&self) -> Targets {
        self.log
            .as_ref()
            .filter(|log| !log.is_empty())
            .and_then(|log| log.parse().ok())
            .unwrap_or_else(|| self.usual_log())
    }

    /// Returns the default log filter: warnings, and the steps of conversations unless a command prints them itself. dynoxide
    /// warns of every failed condition, but half of the writes here are meant to fail theirs.
    fn usual_log(&self) -> Targets {
        let warnings = Targets::new().with_default(Level::WARN).with_target("dynoxide", Level::ERROR);
        if self.command.is_some() { warnings } else { warnings.with_target("local", Level::INFO) }
    }

    /// Returns the options of the stack.
    ///
    /// # Errors
    /// [`Error::File`] if the given template or the file of secrets cannot be read. [`Error::Secrets`] if a secret has
    /// a problem.
    pub fn options(&self) -> Result<Options, Error> {
        let template = match &self.template {
            Some(path) => std::fs::read_to_string(path).map_err(|source| Error::File { path: path.clone(), source })?,
            None => TEMPLATE.to_owned(),
        };
        let demo = self.is_demo();
        let data = match &self.data {
            Some(dir) => Data::Dir(dir.clone()),
            None if self.memory || demo => Data::Memory,
            None => Data::Dir(PathBuf::from(DEFAULT_DATA)),
        };
        Ok(Options {
            port: self.port.unwrap_or(if self.command.is_some() { 0 } else { DEFAULT_PORT }),
            data,
            external: self.external(),
            template,
            parameters: Names::new(),
            clock: Clock::system(),
            secrets: self.secrets()?,
            public_url: self.public_url.clone(),
        })
    }

    /// Returns the path of the file of secrets after checking it. A file that was given explicitly must exist.
    fn secrets(&self) -> Result<PathBuf, Error> {
        if let Some(path) = &self.secrets {
            File::open(path).map_err(|source| Error::File { path: path.clone(), source })?;
        }
        let path = self.secrets.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_SECRETS));
        match Secrets::problems_of_file(&path) {
            Ok(problems) if problems.is_empty() => Ok(path),
            Ok(problems) => Err(Error::Secrets { path, problems }),
            Err(error) => {
                let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
                Err(Error::File { path, source: io::Error::new(io::ErrorKind::InvalidData, reason) })
            }
        }
    }

    fn external(&self) -> Option<External> {
        // An empty variable counts as unset, because some environments cannot unset one.
        let set = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
        let url = set(&self.endpoint_url)?;
        let account = &self.account;
        let (id, secret) = (account.access_key_id.clone(), account.secret_access_key.clone());
        let credentials = Credentials::new(id, secret, set(&account.session_token), None, "environment");
        Some(External { url, region: account.region.clone(), credentials })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Cli {
        Cli::try_parse_from([&["ringdown-local"], arguments].concat()).unwrap_or_else(|error| panic!("{error}"))
    }

    fn options(arguments: &[&str]) -> Options {
        parsed(arguments).options().expect("the options are complete")
    }

    #[test]
    fn the_arguments_are_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn it_serves_on_3000_from_its_folder_unless_told_otherwise() {
        let plain = options(&[]);
        assert_eq!((plain.port, plain.data), (3000, Data::Dir(".ringdown".into())));
        let told = options(&["--port", "0", "--data", "x"]);
        assert_eq!((told.port, told.data), (0, Data::Dir("x".into())));
        assert_eq!(options(&["--memory"]).data, Data::Memory);
        assert!(Cli::try_parse_from(["ringdown-local", "--memory", "--data", "x"]).is_err());
    }

    #[test]
    fn the_demo_leaves_port_and_folder_alone() {
        let demo = options(&["demo"]);
        assert_eq!((demo.port, demo.data), (0, Data::Memory));
        assert_eq!(options(&["demo", "--port", "4000"]).port, 4000);
        assert_eq!(options(&["demo", "sms"]).data, Data::Memory);
    }

    #[test]
    fn the_demo_shows_a_call_unless_told_otherwise() {
        assert_eq!(parsed(&["demo"]).command, Some(Command::Demo { show: Show::Call }));
        assert_eq!(parsed(&["demo", "sms"]).command, Some(Command::Demo { show: Show::Sms }));
        assert!(Cli::try_parse_from(["ringdown-local", "demo", "fax"]).is_err());
    }

    #[test]
    fn a_chat_is_with_ones_own_agent_and_leaves_the_port_alone() {
        let cli = parsed(&["chat", "reception", "--model", "http://127.0.0.1:11434/v1", "--var", "name=Ada"]);
        let chat = cli.chat().expect("a chat");
        assert_eq!((chat.slug.as_str(), chat.model.as_deref()), ("reception", Some("http://127.0.0.1:11434/v1")));
        assert_eq!(chat.variables, [("name".to_owned(), "Ada".to_owned())]);
        let options = options(&["chat", "reception"]);
        assert_eq!((options.port, options.data), (0, Data::Dir(".ringdown".into())));
        for wrong in [&["chat"] as &[&str], &["chat", "a", "--model-name", "m"], &["chat", "a", "--var", "name"]] {
            assert!(Cli::try_parse_from([&["ringdown-local"], wrong].concat()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_steps_of_conversations_are_logged_while_serving_only() {
        let shows_steps = |arguments: &[&str]| parsed(arguments).log().would_enable("local::steps", &Level::INFO);
        assert!(shows_steps(&["--log", ""]));
        assert!(!shows_steps(&["demo", "--log", ""]));
        assert!(!shows_steps(&["--log", "warn"]));
        assert!(shows_steps(&["demo", "--log", "local=info"]));
    }

    #[test]
    fn another_endpoint_brings_its_region_and_credentials() {
        let cli = parsed(&["--endpoint-url", "http://127.0.0.1:4566", "--region", "eu-west-1"]);
        let external = cli.external().expect("another endpoint");
        assert_eq!((external.url.as_str(), external.region.as_str()), ("http://127.0.0.1:4566", "eu-west-1"));
        assert!(parsed(&["--endpoint-url", ""]).external().is_none());
    }
}
