//! `opentrace train`: a model from a table.

use std::collections::BTreeMap;
use std::path::PathBuf;

use opentrace_models::artefact::{self, Manifest};
use opentrace_models::predict::{Predictor, Task};
use opentrace_models::registry::Registry;
use opentrace_models::segment::{Method, Segments};

use super::forecast::model::ForecastModel;
use super::table::Cells;
use super::{CliError, files};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// What is trained
    #[arg(long)]
    kind: Kind,
    /// A CSV file with a header; columns of numbers or categories, cells may be empty. For forecasts
    /// `series,timestamp,value`
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Column to predict: two classes for churn and conversion, a number for value
    #[arg(long, value_name = "COLUMN", required_if_eq_any([("kind", "churn"), ("kind", "conversion"), ("kind", "value")]))]
    target: Option<String>,
    /// Folder of the model, or of the registry with `--name`
    #[arg(short, long, value_name = "MODEL_DIR")]
    output: PathBuf,
    /// Name in the registry `-o`: each training adds a version
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Seed of everything random: the same seed and data give the same model
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Steps ahead that a forecast's network and intervals are learned for
    #[arg(long, value_name = "N", default_value_t = 28, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    horizon: u32,
    /// Lengths of a forecast's seasons in steps [default: as `opentrace forecast`]
    #[arg(long, value_name = "STEPS", value_delimiter = ',')]
    season: Vec<usize>,
    /// How segments are found
    #[arg(long, default_value = "k-means")]
    method: Clusters,
    /// Segments trained earlier, whose ids go on
    #[arg(long, value_name = "MODEL_DIR")]
    before: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    Churn,
    Conversion,
    Value,
    Segments,
    Forecast,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Clusters {
    KMeans,
    Mixture,
    Density,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Churn => "churn",
            Kind::Conversion => "conversion",
            Kind::Value => "value",
            Kind::Segments => "segments",
            Kind::Forecast => "forecast",
        }
    }
}

/// Trains, saves, and says how good the model is.
pub fn run(args: &Args) -> Result<(), CliError> {
    if args.kind == Kind::Forecast {
        return forecast(args);
    }
    let cells = Cells::read(&args.input)?;
    let cannot_train = |error: opentrace_models::Error| CliError::failed(format!("cannot train: {error}"));
    let table = cells.table()?;
    let mut manifest = Manifest {
        kind: args.kind.name().to_owned(),
        seed: args.seed,
        rows: table.rows,
        fingerprint: cells.fingerprint,
        window: None,
        metrics: BTreeMap::new(),
    };
    match (args.kind, &args.target) {
        (Kind::Segments, _) => {
            let before = args.before.as_ref().map(|folder| artefact::load(folder, &["segments"]));
            let before: Option<Segments> = before.transpose().map_err(cannot_train)?.map(|(_, model)| model);
            let method = match args.method {
                Clusters::KMeans => Method::KMeans,
                Clusters::Mixture => Method::Mixture,
                Clusters::Density => Method::Density,
            };
            let model = Segments::fit(&table, method, args.seed, before.as_ref()).map_err(cannot_train)?;
            manifest.metrics.insert("silhouette".into(), model.silhouette);
            for segment in &model.segments {
                println!("segment {}: {:.1} %, {}", segment.id, 100.0 * segment.share, segment.name);
            }
            save(args, &manifest, &model)
        }
        (kind, Some(target)) => {
            let model = Predictor::fit(&table, target, args.seed).map_err(cannot_train)?;
            let wanted = if kind == Kind::Value { Task::Value } else { Task::Class };
            if model.task != wanted {
                let is = if model.task == Task::Value { "numbers" } else { "two classes" };
                return Err(CliError::failed(format!(
                    "column `{target}` holds {is}, which is not what `--kind {}` predicts",
                    kind.name()
                )));
            }
            manifest.metrics = model.metrics.named();
            save(args, &manifest, &model)
        }
        (kind, None) => Err(CliError::Usage(format!("`--kind {}` needs `--target COLUMN`", kind.name()))),
    }
}

/// A forecast's model is what its series have in common: a network where it helps, the widths of intervals.
fn forecast(args: &Args) -> Result<(), CliError> {
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut files::open(&args.input)?, &mut bytes)
        .map_err(|source| CliError::because(format!("cannot read {}", args.input.display()), source))?;
    let trained = ForecastModel::learn(&bytes, args.horizon as usize, &args.season, args.seed)?;
    let manifest = Manifest {
        kind: args.kind.name().to_owned(),
        seed: args.seed,
        rows: trained.points,
        fingerprint: artefact::fingerprint(&bytes),
        window: Some(trained.window),
        metrics: trained.metrics,
    };
    save(args, &manifest, &trained.model)
}

fn save(args: &Args, manifest: &Manifest, model: &impl serde::Serialize) -> Result<(), CliError> {
    let cannot_save = |error| CliError::because("cannot save the model", error);
    let place = match &args.name {
        None => {
            artefact::save(&args.output, manifest, model).map_err(cannot_save)?;
            args.output.display().to_string()
        }
        Some(name) => {
            let version = Registry::new(&args.output).add(name, manifest, model).map_err(cannot_save)?;
            format!("{name} version {version}")
        }
    };
    let figures: Vec<String> =
        manifest.metrics.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
    let good = if figures.is_empty() { String::new() } else { format!(": {}", figures.join(", ")) };
    println!("trained {place} on {} rows{good}", manifest.rows);
    Ok(())
}
