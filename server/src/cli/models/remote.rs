//! The models of a site on a server: trained, listed, sent, promoted and asked there.

use std::path::Path;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use url::form_urlencoded::Serializer;

use crate::cli::out::say;
use crate::cli::table::Cells;
use crate::cli::{CliError, Globals, Remote};
use crate::client::{Client, connect};

/// The site whose models are meant, and its server.
#[derive(Clone, Debug, Default, clap::Args)]
pub(in crate::cli) struct Site {
    /// The site whose models on a server are meant
    #[arg(long, value_name = "DOMAIN")]
    pub(in crate::cli) site: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) remote: Remote,
}

/// Rows that one request may hold, and contributions that are told of each.
const ROWS: usize = 1_000;
const REASONS: usize = 3;
/// The files of a model.
const FILES: [&str; 2] = ["model.json", "model.safetensors"];

/// A site and a client of its server.
pub(in crate::cli) struct Models<'a> {
    client: &'a Client,
    site: &'a str,
}

/// Does something with the models of a site.
pub(in crate::cli) async fn on<'a, T>(
    site: &'a str,
    remote: &Remote,
    globals: &Globals,
    work: impl AsyncFnOnce(Models<'_>) -> Result<T, CliError>,
) -> Result<T, CliError> {
    let connection = connect(remote, globals).await?;
    let done = work(Models { client: &connection.client, site }).await;
    connection.close().await?;
    done
}

impl Models<'_> {
    /// Prints a line for each version of each model.
    pub(in crate::cli) async fn list(&self) -> Result<(), CliError> {
        for model in self.all().await? {
            let (id, name) = (text(&model["id"]), text(&model["name"]));
            let said: Value = self.client.get(&format!("/api/v1/models/{id}/versions")).await?;
            for version in said["versions"].as_array().into_iter().flatten() {
                let metrics = version["metrics"].as_object().into_iter().flatten();
                let metrics: Vec<String> =
                    metrics.map(|(name, value)| format!("{name} {:.4}", number(value))).collect();
                say!(
                    "{name} {} {} {} rows {} seed {} {}",
                    version["version"],
                    text(&version["stage"]),
                    text(&version["kind"]),
                    version["rows"],
                    version["seed"],
                    metrics.join(" ")
                );
            }
        }
        Ok(())
    }

    /// Makes a version live.
    pub(in crate::cli) async fn promote(
        &self,
        name: &str,
        version: u32,
        force: bool,
    ) -> Result<(), CliError> {
        let path = format!("/api/v1/models/{}/promote", self.find(name).await?);
        let trial: Value = self.client.post(&path, &json!({ "version": version, "force": force })).await?;
        match trial["candidate"].as_f64() {
            Some(candidate) => {
                let live = trial["live"].as_f64();
                let live =
                    live.map_or_else(|| "nothing was live".to_owned(), |live| format!("live {live:.4}"));
                say!("promoted: candidate {candidate:.4}, {live}");
            }
            None => say!("promoted"),
        }
        Ok(())
    }

    /// Sends a model that lies in a folder.
    pub(in crate::cli) async fn push(
        &self,
        folder: &Path,
        name: &str,
        options: &[(String, String)],
    ) -> Result<(), CliError> {
        let mut query = Serializer::new(String::new());
        query.append_pair("site_id", self.site).append_pair("name", name);
        query.extend_pairs(options);
        let path = format!("/api/v1/models?{}", query.finish());
        let said: Value = self.client.upload(&path, packed(folder)?).await?;
        say!("{} version {} is a candidate", text(&said["name"]), said["version"]);
        Ok(())
    }

    /// Has a model trained on what the server keeps, waits until it is over, and prints what came of it.
    pub(in crate::cli) async fn train(&self, wish: Map<String, Value>) -> Result<(), CliError> {
        let mut body = wish;
        body.insert("site_id".to_owned(), self.site.into());
        let made: Value = self.client.post("/api/v1/models", &Value::Object(body)).await?;
        let (id, name) = (text(&made["id"]), text(&made["name"]));
        let mut stream = self.client.open(&format!("/api/v1/models/{id}/progress")).await?;
        let lost = |source| CliError::because("the progress was cut off; the training goes on", source);
        while stream.chunk().await.map_err(lost)?.is_some() {}
        let said: Value = self.client.get(&format!("/api/v1/models/{id}/versions")).await?;
        let last = &said["trainings"][0];
        match text(&last["state"]) {
            "done" => say!("trained {name} version {}: {}", last["version"], last["result"]),
            state => return Err(CliError::failed(format!("the training is {state}: {}", last["result"]))),
        }
        Ok(())
    }

    /// What a model says of rows, and why.
    pub(in crate::cli) async fn predict(
        &self,
        name: &str,
        cells: &Cells,
    ) -> Result<Vec<(String, String)>, CliError> {
        let path = format!("/api/v1/models/{}/predict", self.find(name).await?);
        let mut answers = Vec::with_capacity(cells.rows.len());
        for rows in cells.rows.chunks(ROWS) {
            let row = |row: &Vec<String>| -> Value {
                let named =
                    cells.header.iter().cloned().zip(row.iter().map(|cell| Value::from(cell.as_str())));
                Value::Object(named.collect())
            };
            let rows: Vec<Value> = rows.iter().map(row).collect();
            let said: Value = self.client.post(&path, &json!({ "rows": rows })).await?;
            let Some(said) = said["predictions"].as_array() else {
                return Err(CliError::failed(format!("`{name}` says nothing of rows")));
            };
            answers.extend(said.iter().map(|one| (one["prediction"].to_string(), reasons(one))));
        }
        Ok(answers)
    }

    async fn all(&self) -> Result<Vec<Value>, CliError> {
        let query = Serializer::new(String::new()).append_pair("site_id", self.site).finish();
        let said: Value = self.client.get(&format!("/api/v1/models?{query}")).await?;
        Ok(said["models"].as_array().cloned().unwrap_or_default())
    }

    /// The id of the model of this name, or with this id.
    async fn find(&self, name: &str) -> Result<String, CliError> {
        let all = self.all().await?;
        let found = all.iter().find(|model| model["name"] == *name || model["id"] == *name);
        let id = found.map(|model| text(&model["id"]).to_owned());
        id.ok_or_else(|| CliError::failed(format!("{} has no model `{name}`", self.site)))
    }
}

/// The files of a model as a tar archive.
fn packed(folder: &Path) -> Result<Bytes, CliError> {
    let mut archive = tar::Builder::new(Vec::new());
    for file in FILES {
        let path = folder.join(file);
        archive
            .append_path_with_name(&path, file)
            .map_err(|source| CliError::because(format!("cannot read {}", path.display()), source))?;
    }
    let bytes = archive.into_inner().map_err(|source| CliError::because("cannot pack the model", source))?;
    Ok(bytes.into())
}

/// The name of a segment, else what contributed most: `tenure -1.20, Contract +0.80`.
fn reasons(one: &Value) -> String {
    if let Some(name) = one["name"].as_str() {
        return name.to_owned();
    }
    let parts = one["contributions"].as_array().into_iter().flatten().take(REASONS);
    let words: Vec<String> = parts
        .map(|part| format!("{} {:+.2}", text(&part["feature"]), number(&part["contribution"])))
        .collect();
    words.join(", ")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}
