//! `opentrace train`: a model from a table.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use opentrace_models::artefact::{self, Manifest};
use opentrace_models::predict::{Predictor, Task};
use opentrace_models::registry::Registry;
use opentrace_models::segment::{Method, Segments};

use serde_json::{Map, Value};

use super::forecast::model::ForecastModel;
use super::models::remote::{self, Site};
use super::table::Cells;
use super::{CliError, Globals, files};
use crate::cli::out::say;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// What is trained
    #[arg(long)]
    kind: Kind,
    /// A CSV file with a header; columns of numbers or categories, cells may be empty. For forecasts
    /// `series,timestamp,value`
    #[arg(long, value_name = "FILE", required_unless_present = "site", conflicts_with = "site")]
    input: Option<PathBuf>,
    /// Column to predict: two classes for churn and conversion, a number for value
    #[arg(long, value_name = "COLUMN", conflicts_with = "site")]
    target: Option<String>,
    /// Folder of the model, or of the registry with `--name`
    #[arg(short, long, value_name = "MODEL_DIR", required_unless_present = "site", conflicts_with = "site")]
    output: Option<PathBuf>,
    /// Name in the registry `-o`, or on the server: each training adds a version
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
    /// On a server: what the model is about, such as days=30, event=purchase, metric=visitors, every=7d
    #[arg(long = "about", value_name = "OPTION=VALUE", value_parser = super::key_value, requires = "site")]
    about: Vec<(String, String)>,
    #[command(flatten)]
    of: Site,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    Churn,
    Conversion,
    Value,
    Segments,
    Forecast,
    /// On a server alone; of a file `opentrace recommend` learns
    Recommend,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Clusters {
    KMeans,
    Mixture,
    Density,
}

impl Clusters {
    fn method(self) -> Method {
        match self {
            Clusters::KMeans => Method::KMeans,
            Clusters::Mixture => Method::Mixture,
            Clusters::Density => Method::Density,
        }
    }

    /// Its name in requests.
    fn name(self) -> &'static str {
        match self {
            Clusters::KMeans => "k_means",
            Clusters::Mixture => "mixture",
            Clusters::Density => "density",
        }
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Churn => "churn",
            Kind::Conversion => "conversion",
            Kind::Value => "value",
            Kind::Segments => "segments",
            Kind::Forecast => "forecast",
            Kind::Recommend => "recommend",
        }
    }
}

/// Trains, saves, and says how good the model is.
pub async fn run(args: &Args, globals: &Globals) -> Result<(), CliError> {
    let Site { site, remote } = &args.of;
    match (site, &args.input, &args.output) {
        (Some(site), ..) => {
            remote::on(site, remote, globals, async |models| models.train(wish(args)).await).await
        }
        (None, Some(input), Some(output)) => here(args, input, output),
        (None, ..) => Err(CliError::Usage("give `--input` and `-o`, or `--site`".to_owned())),
    }
}

/// What a server is asked for.
fn wish(args: &Args) -> Map<String, Value> {
    let mut wish = Map::from_iter([
        ("kind".to_owned(), Value::from(args.kind.name())),
        ("seed".to_owned(), Value::from(args.seed)),
    ]);
    wish.extend(args.name.iter().map(|name| ("name".to_owned(), Value::from(name.as_str()))));
    match args.kind {
        Kind::Forecast => drop(wish.insert("horizon".to_owned(), args.horizon.into())),
        Kind::Segments => drop(wish.insert("method".to_owned(), args.method.name().into())),
        _ => {}
    }
    // Numbers and truth values as they are, lists by their commas, anything else as text.
    let read = |name: &str, text: &str| match (name, text.parse::<u64>(), text.parse::<bool>()) {
        ("dimensions", ..) => text.split(',').map(Value::from).collect(),
        (_, Ok(number), _) => Value::from(number),
        (_, _, Ok(truth)) => Value::from(truth),
        _ => Value::from(text),
    };
    wish.extend(args.about.iter().map(|(name, text)| (name.clone(), read(name, text))));
    wish
}

fn here(args: &Args, input: &Path, output: &Path) -> Result<(), CliError> {
    match args.kind {
        Kind::Forecast => return forecast(args, input, output),
        Kind::Recommend => {
            return Err(CliError::Usage("recommendations are trained on a server: give `--site`".to_owned()));
        }
        _ => {}
    }
    let cells = Cells::read(input)?;
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
            let model = Segments::fit(&table, args.method.method(), args.seed, before.as_ref())
                .map_err(cannot_train)?;
            manifest.metrics.insert("silhouette".into(), model.silhouette);
            for segment in &model.segments {
                say!("segment {}: {:.1} %, {}", segment.id, 100.0 * segment.share, segment.name);
            }
            save(args, output, &manifest, &model)
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
            save(args, output, &manifest, &model)
        }
        (kind, None) => Err(CliError::Usage(format!("`--kind {}` needs `--target COLUMN`", kind.name()))),
    }
}

/// A forecast's model is what its series have in common: a network where it helps, the widths of intervals.
fn forecast(args: &Args, input: &Path, output: &Path) -> Result<(), CliError> {
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut files::open(input)?, &mut bytes)
        .map_err(|source| CliError::because(format!("cannot read {}", input.display()), source))?;
    let trained = ForecastModel::learn(&bytes, args.horizon as usize, &args.season, args.seed)?;
    let manifest = Manifest {
        kind: args.kind.name().to_owned(),
        seed: args.seed,
        rows: trained.points,
        fingerprint: artefact::fingerprint(&bytes),
        window: Some(trained.window),
        metrics: trained.metrics,
    };
    save(args, output, &manifest, &trained.model)
}

fn save(
    args: &Args,
    output: &Path,
    manifest: &Manifest,
    model: &impl serde::Serialize,
) -> Result<(), CliError> {
    let cannot_save = |error| CliError::because("cannot save the model", error);
    let place = match &args.name {
        None => {
            artefact::save(output, manifest, model).map_err(cannot_save)?;
            output.display().to_string()
        }
        Some(name) => {
            let version = Registry::new(output).add(name, manifest, model).map_err(cannot_save)?;
            format!("{name} version {version}")
        }
    };
    let figures: Vec<String> =
        manifest.metrics.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
    let good = if figures.is_empty() { String::new() } else { format!(": {}", figures.join(", ")) };
    say!("trained {place} on {} rows{good}", manifest.rows);
    Ok(())
}
