//! `opentrace predict`: adds a column `prediction` to a table.
//!
//! A probability for models of classes, a number for models of values, the id of the segment for segments;
//! for forecasts the expected value, in the rows that have none after their series' last value.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use csv::WriterBuilder;
use opentrace_models::artefact;
use opentrace_models::predict::{Prediction, Predictor};
use opentrace_models::segment::Segments;

use super::forecast::model::ForecastModel;
use super::models::remote::{self, Site};
use super::table::Cells;
use super::{CliError, Globals, files};

/// Contributions that `--explain` names.
const REASONS: usize = 3;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of the model; with `--site` the name of a model there
    #[arg(long, value_name = "MODEL")]
    model: PathBuf,
    /// A CSV file with a header, with the columns that the model was trained on
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Where to write [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Add a column `reasons`: the columns that contributed most, in log-odds or in units of the value; for
    /// segments their names
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    of: Site,
}

/// Predicts every row. A file appears only when it is complete.
pub async fn run(args: &Args, globals: &Globals) -> Result<(), CliError> {
    let cells = Cells::read(&args.input)?;
    let Site { site, remote } = &args.of;
    let answers = match site {
        Some(site) => {
            let name = args.model.to_string_lossy();
            remote::on(site, remote, globals, async |models| models.predict(&name, &cells).await).await?
        }
        None => answers(args, &cells)?,
    };
    files::write(args.output.as_deref(), |output| write(args, &cells, &answers, output))
}

/// Prediction and reason of each row.
fn answers(args: &Args, cells: &Cells) -> Result<Vec<(String, String)>, CliError> {
    let cannot_predict = |error: opentrace_models::Error| CliError::because("cannot predict", error);
    let kind = artefact::manifest(&args.model).map_err(cannot_predict)?.kind;
    if kind == "forecast" {
        let (_, model): (_, ForecastModel) =
            artefact::load(&args.model, &["forecast"]).map_err(cannot_predict)?;
        return Ok(model
            .fill(&cells.header, &cells.rows)?
            .into_iter()
            .map(|cell| (cell, String::new()))
            .collect());
    }
    let table = cells.table()?;
    if kind == "segments" {
        let (_, model): (_, Segments) = artefact::load(&args.model, &["segments"]).map_err(cannot_predict)?;
        let name = |id: u32| model.segments.iter().find(|one| one.id == id).map(|one| one.name.clone());
        let ids = model.assign(&table).map_err(cannot_predict)?;
        return Ok(ids.into_iter().map(|id| (id.to_string(), name(id).unwrap_or_default())).collect());
    }
    let kinds = ["churn", "conversion", "value"];
    let (_, model): (_, Predictor) = artefact::load(&args.model, &kinds).map_err(cannot_predict)?;
    let names: Vec<&str> = model.columns().collect();
    let predictions = model.predict(&table).map_err(cannot_predict)?;
    Ok(predictions.iter().map(|one| (one.prediction.to_string(), reasons(&names, one))).collect())
}

/// `tenure -1.20, Contract +0.80`, strongest first.
fn reasons(names: &[&str], prediction: &Prediction) -> String {
    let mut order: Vec<(&&str, &f64)> = names.iter().zip(&prediction.contributions).collect();
    order.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    let words: Vec<String> =
        order.iter().take(REASONS).map(|(name, part)| format!("{name} {part:+.2}")).collect();
    words.join(", ")
}

fn write(
    args: &Args,
    cells: &Cells,
    answers: &[(String, String)],
    output: impl Write,
) -> Result<(), CliError> {
    let cannot_write = |source: csv::Error| CliError::because("cannot write the answer", source);
    let mut writer = WriterBuilder::new().from_writer(BufWriter::new(output));
    // A prediction that is there already is replaced.
    let keep: Vec<usize> = (0..cells.header.len())
        .filter(|at| cells.header[*at] != "prediction" && (!args.explain || cells.header[*at] != "reasons"))
        .collect();
    let row = |cells: &[String], prediction: &str, reasons: &str| {
        let mut row: Vec<String> = keep.iter().map(|at| cells[*at].clone()).collect();
        row.push(prediction.to_owned());
        if args.explain {
            row.push(reasons.to_owned());
        }
        row
    };
    writer.write_record(row(&cells.header, "prediction", "reasons")).map_err(cannot_write)?;
    for (cells, (prediction, reasons)) in cells.rows.iter().zip(answers) {
        writer.write_record(row(cells, prediction, reasons)).map_err(cannot_write)?;
    }
    writer.flush().map_err(|source| CliError::because("cannot write the answer", source))
}
