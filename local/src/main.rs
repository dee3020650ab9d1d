//! `cargo run`: starts the local stack and serves until Ctrl-C.

use std::io::{self, IsTerminal, Write as _};
use std::process::ExitCode;

use clap::Parser;
use local::cli::{Cli, Command};
use local::client::Client;
use local::{Data, Error, Options, Stack, announce, chat, demo, seed, wiring};
use store::entropy::Entropy;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        // A failed write to stderr cannot be reported there.
        .log_internal_errors(false);
    tracing_subscriber::registry().with(cli.log()).with(lines).init();
    match run(&cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            // Unlike `eprintln!`, this does not panic if nobody reads stderr.
            writeln!(anstream::stderr(), "error: {error}").ok();
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: &Cli) -> Result<(), Error> {
    let stopped = stopped().map_err(Error::Signal)?;
    let options = cli.options()?;
    let stack = Stack::start(options.clone(), wiring::functions_for(cli.chat())).await?;
    let result = tokio::select! {
        result = serve(cli, &options, &stack) => result,
        () = stopped => match cli.command {
            Some(Command::Demo { .. }) => Err(Error::Interrupted),
            Some(Command::Chat(_)) | None => Ok(()),
        },
    };
    stack.shutdown().await;
    result
}

/// Seeds the table, then runs the demo or the chat, or announces the stack and serves until stopped.
async fn serve(cli: &Cli, options: &Options, stack: &Stack) -> Result<(), Error> {
    let table = stack.backend().table(&options.clock, Entropy::system())?;
    let seeded = match (&cli.command, &options.data) {
        (None | Some(Command::Chat(_)), Data::Dir(folder)) => {
            seed::seed_with_kept_key(&table, stack.url(), folder, options.external.is_none()).await?
        }
        _ => seed::seed(&table, stack.url()).await?,
    };
    match &cli.command {
        Some(Command::Demo { show }) => demo::run(*show, stack.url(), &seeded.api_key, table.clock()).await,
        Some(Command::Chat(chat)) => {
            let client = Client::new(stack.url(), &seeded.api_key);
            chat::run(chat, &client, chat::typed(), anstream::stdout(), table.now()).await
        }
        None => {
            let mut out = anstream::stdout();
            match announce(&mut out, cli.json, stack.url(), &seeded, &options.data) {
                Ok(()) => {}
                // A script may close its pipe after the line that it needs. The stack keeps running.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
                Err(error) => tracing::warn!(%error, "cannot write to stdout"),
            }
            std::future::pending().await
        }
    }
}

/// Returns a future that resolves at Ctrl-C or SIGTERM. The handlers are installed at once.
fn stopped() -> io::Result<impl Future<Output = ()>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
