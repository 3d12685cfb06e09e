//! `opentrace models`: the versions of models in a registry or of a site on a server, and which of them is live.

pub(super) mod remote;

use std::path::{Path, PathBuf};

use opentrace_models::artefact;
use opentrace_models::predict::{Predictor, Table};
use opentrace_models::registry::{Registry, Stage};

use super::table::Cells;
use super::{CliError, Globals};
use crate::cli::out::say;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of the registry
    #[arg(long, value_name = "DIR", required_unless_present = "site", conflicts_with = "site")]
    registry: Option<PathBuf>,
    #[command(flatten)]
    of: remote::Site,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// All models and versions
    List,
    /// Make a version live if it is better than what is live on rows that neither was trained on; a server has
    /// held some out itself
    Promote {
        /// The model
        name: String,
        /// Its version
        #[arg(value_name = "VERSION")]
        number: u32,
        /// The held-out rows, with the target
        #[arg(long, value_name = "FILE")]
        input: Option<PathBuf>,
        /// Make it live in any case
        #[arg(long, conflicts_with = "input")]
        force: bool,
    },
    /// Send a model that was trained here to a site: a version of the model of this name
    Push {
        /// Folder of the model
        #[arg(value_name = "MODEL_DIR")]
        folder: PathBuf,
        /// The model
        name: String,
        /// What it is about, by which it is compared there: days, event, metric, granularity, dimensions, horizon
        #[arg(long = "about", value_name = "OPTION=VALUE", value_parser = super::key_value)]
        about: Vec<(String, String)>,
    },
}

/// Lists, promotes or sends.
pub async fn run(args: &Args, globals: &Globals) -> Result<(), CliError> {
    let Some(registry) = &args.registry else {
        let remote::Site { site, remote } = &args.of;
        // Without a registry the arguments have a site.
        let site = site.as_deref().unwrap_or_default();
        return remote::on(site, remote, globals, async |models| match &args.command {
            Command::List => models.list().await,
            Command::Promote { input: Some(_), .. } => Err(CliError::Usage(
                "a server judges by what it has held out itself, without `--input`".to_owned(),
            )),
            Command::Promote { name, number, force, .. } => models.promote(name, *number, *force).await,
            Command::Push { folder, name, about } => models.push(folder, name, about).await,
        })
        .await;
    };
    let registry = Registry::new(registry);
    match &args.command {
        Command::List => list(&registry),
        Command::Promote { name, number, force: true, .. } => registry
            .set_live(name, *number)
            .map_err(|error| CliError::because(format!("cannot promote {name} {number}"), error)),
        Command::Promote { name, number, input: Some(input), .. } => promote(&registry, name, *number, input),
        Command::Promote { .. } => Err(CliError::Usage(
            "which rows are they judged by? Give `--input FILE`, or `--force`".to_owned(),
        )),
        Command::Push { .. } => {
            Err(CliError::Usage("which site is it sent to? Give `--site DOMAIN`".to_owned()))
        }
    }
}

fn list(registry: &Registry) -> Result<(), CliError> {
    let cannot_read = |error| CliError::because("cannot read the registry", error);
    for name in registry.names().map_err(cannot_read)? {
        for version in registry.versions(&name).map_err(cannot_read)? {
            let stage = if version.stage == Stage::Live { "live" } else { "candidate" };
            let of = &version.manifest;
            let metrics: Vec<String> =
                of.metrics.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
            let data = of.fingerprint.get(..12).unwrap_or(&of.fingerprint);
            say!(
                "{name} {} {stage} {} rows {} data {data} seed {} {}",
                version.number,
                of.kind,
                of.rows,
                of.seed,
                metrics.join(" ")
            );
        }
    }
    Ok(())
}

fn promote(registry: &Registry, name: &str, version: u32, input: &Path) -> Result<(), CliError> {
    let cells = Cells::read(input)?;
    let table = cells.table()?;
    let trial = registry
        .promote(name, version, |folder| judge(folder, &table, &cells.fingerprint))
        .map_err(|error| CliError::because(format!("cannot promote {name} {version}"), error))?;
    let live = trial.live.map_or_else(|| "nothing is live".to_owned(), |live| format!("live {live:.4}"));
    let outcome = if trial.promoted { "promoted" } else { "not promoted" };
    say!("{outcome}: candidate {:.4}, {live}", trial.candidate);
    if trial.promoted { Ok(()) } else { Err(CliError::failed(format!("{name} {version} is not better"))) }
}

/// Merit of a prediction model on held-out rows.
fn judge(folder: &Path, table: &Table, fingerprint: &str) -> opentrace_models::Result<f64> {
    let (manifest, model): (_, Predictor) = artefact::load(folder, &["churn", "conversion", "value"])?;
    if manifest.fingerprint == fingerprint {
        return Err(opentrace_models::Error::Degenerate {
            why: "these rows are what the model was trained on",
        });
    }
    model.merit(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{predict, train};
    use clap::Parser;

    #[derive(Debug, Parser)]
    enum Cli {
        Train(train::Args),
        Predict(predict::Args),
        Models(Args),
    }

    async fn run_words(words: &[&str]) -> Result<(), String> {
        let (words, globals) =
            (std::iter::once("opentrace").chain(words.iter().copied()), Globals::default());
        let outcome = match Cli::try_parse_from(words).map_err(|error| error.to_string())? {
            Cli::Train(args) => train::run(&args, &globals).await,
            Cli::Predict(args) => predict::run(&args, &globals).await,
            Cli::Models(args) => run(&args, &globals).await,
        };
        outcome.map_err(|error| error.to_string())
    }

    /// Who has many tickets leaves, mostly.
    fn customers(seed: u64, rows: u64) -> String {
        let mut state = seed;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % 100
        };
        let row = |_| {
            let (tickets, luck) = (random(), random());
            let plan = if random() < 50 { "basic" } else { "pro" };
            format!("{tickets},{plan},{}\n", if (tickets + luck) > 120 { "yes" } else { "no" })
        };
        format!("tickets,plan,churn\n{}", (0..rows).map(row).collect::<String>())
    }

    #[tokio::test]
    async fn a_model_is_trained_predicts_and_goes_live_only_when_better() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let (train, few, held, out) = (path("train.csv"), path("few.csv"), path("held.csv"), path("out.csv"));
        std::fs::write(&train, customers(1, 600)).expect("writes");
        std::fs::write(&few, customers(2, 60)).expect("writes");
        std::fs::write(&held, customers(3, 300)).expect("writes");
        let registry = path("registry");
        let train_on = async |file: &str| {
            let words = [
                "train", "--kind", "churn", "--input", file, "--target", "churn", "-o", &registry, "--name",
                "churn",
            ];
            run_words(&words).await
        };
        train_on(&train).await.expect("trains");
        train_on(&few).await.expect("trains");
        let promote = async |version: &str, on: &str| {
            run_words(&["models", "--registry", &registry, "promote", "churn", version, "--input", on]).await
        };
        assert!(
            promote("1", &train).await.expect_err("seen").contains("cannot promote"),
            "the rows it was trained on"
        );
        promote("1", &held).await.expect("the first goes live");
        assert_eq!(promote("2", &held).await.expect_err("worse"), "churn 2 is not better");
        run_words(&["models", "--registry", &registry, "list"]).await.expect("lists");
        let unsaid = run_words(&["models", "--registry", &registry, "promote", "churn", "2"]).await;
        assert!(unsaid.expect_err("by what?").contains("--input"));
        assert!(run_words(&["models", "list"]).await.expect_err("which?").contains("--registry"));

        let model = path("registry/churn/1");
        run_words(&["predict", "--model", &model, "--input", &held, "-o", &out, "--explain"])
            .await
            .expect("predicts");
        let text = std::fs::read_to_string(&out).expect("the answer");
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("tickets,plan,churn,prediction,reasons"));
        assert!(lines.all(|line| {
            let chance: f64 = line.split(',').nth(3).and_then(|cell| cell.parse().ok()).expect("a number");
            (0.0..=1.0).contains(&chance) && line.contains("tickets ")
        }));
        assert_eq!(text.lines().count(), 301);
    }
}
