//! `opentrace alerts`: rules from a file that is kept with other configuration, and what is set up.

use std::path::{Path, PathBuf};

use opentrace_alerts::rule::{Change, Draft, RuleFile, RuleId, diff, draft};
use serde_json::{Map, Value};

use super::{CliError, Globals, Remote};
use crate::cli::out::say;
use crate::client::{Client, connect};

/// What the server says of a rule beside what it was asked for with.
const NOT_ASKED: [&str; 7] = ["id", "open", "pending", "muted_until", "created_at", "updated_at", "problem"];

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make the rules of the sites that a file names what the file says, and show each change.
    Apply {
        /// TOML: `[[rule]]` tables with the fields of the API; channels by name or id
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Only show what would change
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        remote: Remote,
    },
    /// List rules and the alerts of each that are open.
    List {
        #[arg(long, value_name = "DOMAIN")]
        site: Option<String>,
        #[command(flatten)]
        remote: Remote,
    },
}

/// Runs one of the commands.
pub async fn run(args: Args, globals: &Globals) -> Result<(), CliError> {
    match args.command {
        Command::Apply { file, dry_run, remote } => {
            let wanted = read(&file)?;
            let connection = connect(&remote, globals).await?;
            let done = apply(&connection.client, &wanted, dry_run).await;
            connection.close().await?;
            done
        }
        Command::List { site, remote } => {
            let connection = connect(&remote, globals).await?;
            let done = list(&connection.client, site.as_deref()).await;
            connection.close().await?;
            done
        }
    }
}

fn read(path: &Path) -> Result<RuleFile, CliError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| CliError::because(format!("cannot read {}", path.display()), source))?;
    RuleFile::parse(&text).map_err(|error| CliError::Usage(format!("{}: {error}", path.display())))
}

async fn apply(client: &Client, file: &RuleFile, dry_run: bool) -> Result<(), CliError> {
    let held = held(client, None).await?;
    let drafts: Vec<(RuleId, Draft)> = held.iter().map(|(id, draft, _)| (*id, draft.clone())).collect();
    let steps = diff(&drafts, file);
    say!("{steps}");
    if dry_run {
        return Ok(());
    }
    for change in &steps.changes {
        let (what, done) = match change {
            Change::Create(rule) => {
                (&rule.name, client.post::<Value>("/api/v1/alerts", &rule.body).await.map(drop))
            }
            Change::Update(id, rule, _) => {
                let old = held.iter().find(|(held, ..)| held == id).map(|(_, draft, _)| &draft.body);
                let body = replacing(old, &rule.body);
                (&rule.name, client.patch::<Value>(&format!("/api/v1/alerts/{id}"), &body).await.map(drop))
            }
            Change::Delete(id, name) => (name, client.delete(&format!("/api/v1/alerts/{id}")).await),
        };
        done.map_err(|source| CliError::because(format!("rule `{what}`"), source))?;
    }
    Ok(())
}

/// A body that replaces another by the rules of `PATCH`: what is not there any longer is taken away.
fn replacing(old: Option<&Value>, new: &Value) -> Value {
    let mut body: Map<String, Value> = new.as_object().cloned().unwrap_or_default();
    let gone = old.and_then(Value::as_object).into_iter().flat_map(Map::keys);
    for field in gone.cloned().collect::<Vec<_>>() {
        body.entry(field).or_insert(Value::Null);
    }
    Value::Object(body)
}

async fn list(client: &Client, site: Option<&str>) -> Result<(), CliError> {
    for (id, draft, open) in held(client, site).await? {
        let state = if open == 0 { "quiet".to_owned() } else { format!("{open} open") };
        say!("{id}  {}  {} ({})", state, draft.name, draft.target.site);
    }
    Ok(())
}

/// Rules as the server has them, and how many of their alerts are open.
async fn held(client: &Client, site: Option<&str>) -> Result<Vec<(RuleId, Draft, usize)>, CliError> {
    let path = match site {
        None => "/api/v1/alerts".to_owned(),
        Some(site) => {
            let query =
                url::form_urlencoded::Serializer::new(String::new()).append_pair("site_id", site).finish();
            format!("/api/v1/alerts?{query}")
        }
    };
    let answer: Value = client.get(&path).await?;
    let rules = answer["alerts"].as_array().cloned().unwrap_or_default();
    rules.into_iter().map(rule_of).collect()
}

fn rule_of(mut rule: Value) -> Result<(RuleId, Draft, usize), CliError> {
    let unreadable = || CliError::failed("the server's rules cannot be read: is it of another version?");
    let id = rule["id"].as_str().and_then(|id| id.parse().ok()).ok_or_else(unreadable)?;
    let open = rule["open"].as_array().map_or(0, Vec::len);
    if let Some(body) = rule.as_object_mut() {
        body.retain(|field, _| !NOT_ASKED.contains(&field.as_str()));
    }
    let draft = draft(&rule).map_err(|_| unreadable())?;
    Ok((RuleId(id), draft, open))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rule_is_read_back_and_replaced_whole() {
        let shown = json!({
            "id": "01920000-0000-7000-8000-000000000000", "site_id": "a.example", "name": "Busy",
            "metric": "pageviews", "condition": {"type": "above", "value": 1}, "window": "5m",
            "open": [{}], "pending": [], "muted_until": null, "created_at": 1, "updated_at": 1,
        });
        let (_, draft, open) = rule_of(shown).expect("a rule");
        assert_eq!((draft.name.as_str(), open), ("Busy", 1));
        let new = json!({"site_id": "a.example", "name": "Busy", "metric": "events"});
        let body = replacing(Some(&draft.body), &new);
        assert_eq!((&body["metric"], &body["window"]), (&json!("events"), &Value::Null));
        assert!(body.as_object().expect("an object").contains_key("window"));
    }
}
