//! `opentrace query`: asks a question in JSON and prints the answer as a table.

mod table;

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

pub(super) use self::table::Table;
use super::{CliError, Globals, Remote};
use crate::cli::out::{put, say};
use crate::client::connect;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The question, for example '{"metrics":["visitors"],"date_range":"7d"}'; `-` reads it from
    /// standard input
    #[arg(
        value_name = "JSON",
        required_unless_present = "file",
        conflicts_with = "file",
        allow_hyphen_values = true
    )]
    question: Option<String>,
    /// Read the question from a file
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The site asked about; wins over `site_id` in the question
    #[arg(long, value_name = "DOMAIN")]
    site: Option<String>,
    /// Print the answer as it came
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    remote: Remote,
}

/// Asks and prints.
pub async fn run(args: Args, globals: &Globals) -> Result<(), CliError> {
    let question = question(&args)?;
    let connection = connect(&args.remote, globals).await?;
    let answer = connection.client.query(&question).await;
    connection.close().await?;
    let answer = answer?;
    if args.json {
        say!("{answer:#}");
    } else {
        put!("{}", Table::of(&question, &answer)?);
    }
    Ok(())
}

fn question(args: &Args) -> Result<Value, CliError> {
    let text = match (&args.file, args.question.as_deref()) {
        (Some(file), _) if file != Path::new("-") => std::fs::read_to_string(file)
            .map_err(|source| CliError::because(format!("cannot read {}", file.display()), source))?,
        (Some(_), _) | (None, Some("-") | None) => from_stdin()?,
        (None, Some(text)) => text.to_owned(),
    };
    let mut question: Value = serde_json::from_str(&text)
        .map_err(|error| CliError::Usage(format!("the question is not JSON: {error}")))?;
    let Some(object) = question.as_object_mut() else {
        return Err(CliError::Usage("the question must be a JSON object".to_owned()));
    };
    if let Some(site) = &args.site {
        object.insert("site_id".to_owned(), Value::from(site.as_str()));
    }
    Ok(question)
}

fn from_stdin() -> Result<String, CliError> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|source| CliError::because("cannot read standard input", source))?;
    Ok(text)
}
