//! `opentrace ask`: asks a question in words and prints what was understood and the answer.

use serde_json::{Value, json};

use super::query::Table;
use super::{CliError, Globals, Remote};
use crate::cli::out::{put, say};
use crate::client::{Client, connect};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The question, for example "visitors by country last month"
    #[arg(value_name = "QUESTION", required = true, num_args = 1..)]
    question: Vec<String>,
    /// The site asked about; may be left out where there is one
    #[arg(long, value_name = "DOMAIN")]
    site: Option<String>,
    /// The time zone that times are said in, where it is not the site's
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// Understand the question without answering it
    #[arg(long)]
    dry_run: bool,
    /// Print the answer as it came
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    remote: Remote,
}

/// Asks and prints.
pub async fn run(args: Args, globals: &Globals) -> Result<(), CliError> {
    let connection = connect(&args.remote, globals).await?;
    let answer = ask(&connection.client, &args).await;
    connection.close().await?;
    let answer = answer?;
    if args.json {
        say!("{answer:#}");
        return Ok(());
    }
    print(&answer)
}

async fn ask(client: &Client, args: &Args) -> Result<Value, CliError> {
    let site = match &args.site {
        Some(site) => site.clone(),
        None => only_site(client).await?,
    };
    let mut body = json!({ "site_id": site, "question": args.question.join(" "), "dry_run": args.dry_run });
    if let Some(zone) = &args.timezone {
        body["timezone"] = json!(zone);
    }
    Ok(client.post("/api/v1/ask", &body).await?)
}

/// The site, where there is no choice.
async fn only_site(client: &Client) -> Result<String, CliError> {
    let sites: Value = client.get("/api/v1/sites").await?;
    let list = sites.get("sites").and_then(Value::as_array).or(sites.as_array());
    let domains: Vec<&str> =
        list.into_iter().flatten().filter_map(|site| site.get("domain").and_then(Value::as_str)).collect();
    match domains.as_slice() {
        [one] => Ok((*one).to_owned()),
        [] => Err(CliError::failed("there is no site to ask about")),
        several => Err(CliError::Usage(format!("say which site with --site: {}", several.join(", ")))),
    }
}

fn print(answer: &Value) -> Result<(), CliError> {
    let text = |key: &str| answer.get(key).and_then(Value::as_str).unwrap_or_default();
    say!("{}", text("explanation"));
    let suggestions = answer.get("suggestions").and_then(Value::as_array).into_iter().flatten();
    let suggestions: Vec<&str> =
        suggestions.filter_map(|one| one.get("question").and_then(Value::as_str)).collect();
    if text("status") != "answered" {
        say!();
        for suggestion in suggestions {
            say!("  {suggestion}");
        }
        return Err(CliError::failed(format!("the question is {}", text("status"))));
    }
    let (query, result) = (&answer["query"], &answer["result"]);
    if !result.is_null() {
        say!();
        if result.get("results").is_some() {
            put!("{}", Table::of(query, result)?);
        } else {
            say!("{result:#}");
        }
    }
    Ok(())
}
