//! `opentrace models`: the versions of models in a registry, and which of them is live.

use std::path::{Path, PathBuf};

use opentrace_models::artefact;
use opentrace_models::predict::{Predictor, Table};
use opentrace_models::registry::{Registry, Stage};

use super::CliError;
use super::table::Cells;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of the registry
    #[arg(long, value_name = "DIR")]
    registry: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// All models and versions
    List,
    /// Make a version live if it is better than what is live on rows that neither was trained on
    Promote {
        /// The model
        name: String,
        /// Its version
        #[arg(value_name = "VERSION")]
        number: u32,
        /// The held-out rows, with the target
        #[arg(long, value_name = "FILE")]
        input: PathBuf,
    },
}

/// Lists or promotes.
pub fn run(args: &Args) -> Result<(), CliError> {
    let registry = Registry::new(&args.registry);
    match &args.command {
        Command::List => list(&registry),
        Command::Promote { name, number, input } => promote(&registry, name, *number, input),
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
            println!(
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
    println!("{outcome}: candidate {:.4}, {live}", trial.candidate);
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

    fn run_words(words: &[&str]) -> Result<(), String> {
        let words = std::iter::once("opentrace").chain(words.iter().copied());
        let outcome = match Cli::try_parse_from(words).map_err(|error| error.to_string())? {
            Cli::Train(args) => train::run(&args),
            Cli::Predict(args) => predict::run(&args),
            Cli::Models(args) => run(&args),
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

    #[test]
    fn a_model_is_trained_predicts_and_goes_live_only_when_better() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let (train, few, held, out) = (path("train.csv"), path("few.csv"), path("held.csv"), path("out.csv"));
        std::fs::write(&train, customers(1, 600)).expect("writes");
        std::fs::write(&few, customers(2, 60)).expect("writes");
        std::fs::write(&held, customers(3, 300)).expect("writes");
        let registry = path("registry");
        let train_on = |file: &str| {
            let words = [
                "train", "--kind", "churn", "--input", file, "--target", "churn", "-o", &registry, "--name",
                "churn",
            ];
            run_words(&words)
        };
        train_on(&train).expect("trains");
        train_on(&few).expect("trains");
        let promote = |version: &str, on: &str| {
            run_words(&["models", "--registry", &registry, "promote", "churn", version, "--input", on])
        };
        assert!(
            promote("1", &train).expect_err("seen").contains("cannot promote"),
            "the rows it was trained on"
        );
        promote("1", &held).expect("the first goes live");
        assert_eq!(promote("2", &held).expect_err("worse"), "churn 2 is not better");
        run_words(&["models", "--registry", &registry, "list"]).expect("lists");

        let model = path("registry/churn/1");
        run_words(&["predict", "--model", &model, "--input", &held, "-o", &out, "--explain"])
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
