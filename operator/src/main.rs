//! `ringdown`: commands of a deployment's operator, over the same store as the functions.

mod agents;
mod cli;
mod connect;
mod conversations;
mod credentials;
mod do_not_call;
mod doctor;
mod erasure;
mod error;
mod keys;
mod organizations;
mod output;
mod progress;
mod queues;
mod wallets;
mod yaml;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use connect::Deployment;
use error::Error;
use output::{Output, report};
use store::unreadable::{gathered, gathering};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let (done, unreadable) = gathering(Box::pin(async { (run(cli).await, gathered()) })).await;
    for item in unreadable {
        report(format_args!("warning: left out, for it cannot be read: {} {}", item.kind, item.item));
    }
    match done {
        Ok(output) => output.print(),
        Err(error) => {
            report(format_args!("error: {error}"));
            let mut source = std::error::Error::source(&error);
            while let Some(cause) = source {
                report(format_args!("  because: {cause}"));
                source = cause.source();
            }
            if let Some(advice) = error.advice() {
                report(format_args!("  advice: {advice}"));
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<Output, Error> {
    let deployment = Deployment::connect(&cli.target).await?;
    let ask = cli.asking();
    let rows = match cli.command {
        Command::Org(command) => organizations::run(&deployment, command, ask).await?,
        Command::Number(command) => organizations::numbers(&deployment, command, ask).await?,
        Command::Key(command) => keys::run(&deployment, command, ask).await?,
        Command::Agent(command) => agents::run(&deployment, command).await?,
        Command::Dnc(command) => do_not_call::run(&deployment, command).await?,
        Command::Wallet(command) => wallets::run(&deployment, command, ask).await?,
        Command::Conversation(command) => conversations::run(&deployment, command).await?,
        Command::Queue(command) => queues::run(&deployment, command, ask).await?,
        Command::Erase { number, org } => erasure::run(&deployment, &number, &org, ask).await?,
        Command::Doctor => doctor::run(&deployment).await?,
    };
    Ok(Output { rows, json: cli.json })
}
