//! `opentrace models`: the versions of models in a registry, and which of them is live.

use std::path::{Path, PathBuf};

use opentrace_models::artefact;
use opentrace_models::predict::{Predictor, Table, Task, Values, measure};
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
        version: u32,
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
        Command::Promote { name, version, input } => promote(&registry, name, *version, input),
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
    let bad = |why| opentrace_models::Error::Column { name: model.target.clone(), why };
    if manifest.fingerprint == fingerprint {
        return Err(opentrace_models::Error::Degenerate {
            why: "these rows are what the model was trained on",
        });
    }
    let target = table.column(&model.target).ok_or_else(|| bad("is not in the held-out rows"))?;
    let truth: Vec<f64> = match &target.values {
        Values::Numbers(numbers) => numbers.clone(),
        Values::Categories(names) => names
            .iter()
            .map(|name| {
                name.as_ref()
                    .map_or(f64::NAN, |name| f64::from(u8::from(Some(name) == model.positive.as_ref())))
            })
            .collect(),
    };
    let known: Vec<usize> = (0..table.rows).filter(|row| truth[*row].is_finite()).collect();
    let two = known.iter().any(|row| truth[*row] == 0.0) && known.iter().any(|row| truth[*row] == 1.0);
    if known.is_empty() || model.task == Task::Class && !two {
        return Err(bad("needs both classes among the held-out rows"));
    }
    let predictions: Vec<f64> =
        model.predict(&table.select(&known))?.iter().map(|one| one.prediction).collect();
    let truth: Vec<f64> = known.iter().map(|row| truth[*row]).collect();
    Ok(measure(model.task, &predictions, &truth).merit())
}
