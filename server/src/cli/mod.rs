//! What a person types: one file per command.
//!
//! Exit codes: 0 done, 1 failed, 2 wrong usage.

#![allow(clippy::print_stdout, clippy::print_stderr)] // the command line talks to the terminal

pub mod alerts;
pub mod ask;
mod cells;
mod config;
pub mod demo;
pub mod detect;
pub mod erase;
pub mod export;
mod files;
pub mod forecast;
pub mod r#gen;
pub mod import;
pub mod loadgen;
mod logging;
pub mod mcp;
pub mod models;
mod out;
pub mod predict;
pub mod query;
pub mod recommend;
pub mod serve;
mod table;
pub mod train;
pub mod verify;

use std::error::Error as StdError;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::app::AppError;
use crate::config::{Config, ConfigError, Effective, LogFormat};

/// Privacy-first analytics in one program.
#[derive(Debug, Parser)]
#[command(name = "opentrace", version, about, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Collect, compute, store and answer: the whole program.
    Serve(serve::Args),
    /// Serve with a demo site, history and generated live traffic.
    Demo(demo::Args),
    /// Bring in events from files.
    Import(import::Args),
    /// Ask a question in JSON and print the answer as a table.
    Query(query::Args),
    /// Keep alert rules in a file, and list them.
    Alerts(alerts::Args),
    /// Ask a question in words and print the answer as a table.
    Ask(ask::Args),
    /// Write the events of a site to a file.
    Export(export::Args),
    /// Offer questions, queries and reports to agents as tools (Model Context Protocol).
    Mcp(mcp::Args),
    /// Forget a visitor or user: every view, the raw events and the log.
    Erase(erase::Args),
    /// Recompute every view from raw events and print each difference.
    Verify(verify::Args),
    /// Send generated events to a server and measure.
    Loadgen(loadgen::Args),
    /// Write generated events to a file.
    Gen(r#gen::Args),
    /// Find anomalies in a file of points.
    Detect(detect::Args),
    /// Forecast the series in a file, with intervals.
    Forecast(forecast::Args),
    /// Train a model from a table.
    Train(train::Args),
    /// Add predictions to a table.
    Predict(predict::Args),
    /// Recommend items to people, by what others had.
    Recommend(recommend::Args),
    /// Versions of models, and which are live.
    Models(models::Args),
    /// Print the effective configuration and where each value came from.
    Config,
    /// The ClickHouse child process; started by `serve`.
    #[command(name = ENGINE, hide = true)]
    Engine,
}

/// The hidden command that runs ClickHouse.
const ENGINE: &str = "clickhouse-engine";

/// Options of every command.
#[derive(Clone, Debug, Default, Args)]
pub struct Globals {
    /// Configuration file [default: opentrace.toml, if there is one]
    #[arg(long, global = true, env = "OPENTRACE_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder that holds everything [default: ./data]
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Any setting of the configuration file, for example `--set log.level=debug`
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", value_parser = key_value)]
    pub set: Vec<(String, String)>,
}

/// A running server to talk to, for commands that can. Flatten it into a command's arguments.
#[derive(Clone, Debug, Default, Args)]
pub struct Remote {
    /// Address of a running server
    #[arg(long, env = "OPENTRACE_URL", value_name = "URL")]
    pub url: Option<String>,
    /// API key for it
    #[arg(long, env = "OPENTRACE_KEY", value_name = "KEY", hide_env_values = true)]
    pub key: Option<String>,
}

impl Globals {
    /// The configuration with these options on top; `more` are further flags, as key and value.
    pub fn load(&self, more: &[(&str, String)]) -> Result<Effective, CliError> {
        let mut flags = self.set.clone();
        if let Some(data) = &self.data {
            flags.push(("data".to_owned(), data.to_string_lossy().into_owned()));
        }
        flags.extend(more.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        Ok(Config::load(self.config.as_deref(), &flags)?)
    }
}

/// Why a command did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The person's mistake: exit code 2.
    #[error("{0}")]
    Usage(String),
    /// Everything else: exit code 1.
    #[error("{message}")]
    Failed {
        message: String,
        #[source]
        source: Option<Box<dyn StdError + Send + Sync>>,
    },
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    App(#[from] AppError),
}

impl CliError {
    /// A failure with nothing underneath.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), source: None }
    }

    /// A failure and its cause.
    pub fn because(message: impl Into<String>, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Failed { message: message.into(), source: Some(source.into()) }
    }

    /// A stable name for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Usage(_) => "usage",
            Self::Failed { .. } => "failed",
            Self::Config(error) => error.code(),
            Self::App(error) => error.code(),
        }
    }

    fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Config(_) => 2,
            Self::Failed { .. } | Self::App(_) => 1,
        }
    }
}

/// Runs the program and says how it went.
pub fn main() -> ExitCode {
    let cli = Cli::parse(); // prints usage errors itself and exits with 2
    if let Command::Engine = cli.command {
        // Before any thread exists: the library forks none, but takes over signals and memory.
        return opentrace_store::engine_main();
    }
    match block_on(cli) {
        Ok(()) if out::has_failed() => ExitCode::FAILURE,
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", chain(&error));
            ExitCode::from(error.exit_code())
        }
    }
}

fn block_on(cli: Cli) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("opentrace-io")
        .build()
        .map_err(|source| CliError::because("cannot start threads", source))?;
    let done = runtime.block_on(run(cli));
    // The process ends now. A thread that still waits for ClickHouse must not see the clock it waits
    // by die before it.
    std::mem::forget(runtime);
    done
}

async fn run(cli: Cli) -> Result<(), CliError> {
    let globals = cli.globals;
    if !matches!(cli.command, Command::Serve(_) | Command::Demo(_)) {
        logging::init("warn", LogFormat::Text); // those two log as they are configured
    }
    match cli.command {
        Command::Serve(args) => serve::run(args, &globals).await,
        Command::Demo(args) => demo::run(args, &globals).await,
        Command::Import(args) => import::run(args, &globals).await,
        Command::Query(args) => query::run(args, &globals).await,
        Command::Alerts(args) => alerts::run(args, &globals).await,
        Command::Ask(args) => ask::run(args, &globals).await,
        Command::Export(args) => export::run(args, &globals).await,
        Command::Mcp(args) => mcp::run(args, &globals).await,
        Command::Erase(args) => erase::run(args, &globals).await,
        Command::Verify(args) => verify::run(args, &globals).await,
        Command::Loadgen(args) => loadgen::run(args, &globals).await,
        Command::Gen(args) => r#gen::run(args, &globals).await,
        Command::Detect(args) => detect::run(&args),
        Command::Forecast(args) => forecast::run(&args),
        Command::Train(args) => train::run(&args, &globals).await,
        Command::Predict(args) => predict::run(&args, &globals).await,
        Command::Recommend(args) => recommend::run(&args),
        Command::Models(args) => models::run(&args, &globals).await,
        Command::Config => config::run(&globals),
        Command::Engine => Ok(()), // `main` has run it and returned
    }
}

/// An error and everything beneath it on one line.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// Arguments of one name are a panic when their command is called, and nowhere else.
    #[test]
    fn arguments_of_every_command_agree() {
        Cli::command().debug_assert();
    }
}
