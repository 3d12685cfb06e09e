//! `opentrace forecast`: what comes next, for many series in a file.
//!
//! Reads `series,timestamp,value` (or `timestamp,value` for one series) and writes
//! `series,step,mean,lo80,hi80,lo95,hi95`, a row for each series and step, series in order of appearance.
//! With twenty series or more, the widths of the intervals are learned from all of them together.

mod events;
pub(super) mod model;
mod read;

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use csv::WriterBuilder;
use opentrace_models::forecast::{Grid, Learned, MOST_STEPS};

use super::CliError;
use super::files;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// `series,timestamp,value` or `timestamp,value`, with or without a header, rows in any order; `-` is
    /// standard input. Times as `2014-04-10 00:04:00`, `2014-04-10`, RFC 3339, seconds or milliseconds since
    /// 1970, or a running number; an empty value is missing
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Steps to forecast
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MOST_STEPS as i64))]
    horizon: u32,
    /// Lengths of the seasons in steps, for example 24,168 for hours; 1 for none [default: by the distance
    /// of the times, or found in the data]
    #[arg(long, value_name = "STEPS", value_delimiter = ',')]
    season: Vec<usize>,
    /// Levels of the intervals in percent
    #[arg(long, value_name = "PERCENT", value_delimiter = ',', default_values_t = [80.0, 95.0])]
    levels: Vec<f64>,
    /// A model that `opentrace train --kind forecast` has trained: what it learned is used instead of learning from
    /// the file
    #[arg(long, value_name = "MODEL_DIR")]
    model: Option<PathBuf>,
    /// Known events such as holidays, past and coming: `timestamp,event` or `series,timestamp,event`
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Where to write [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Forecasts every series. A file appears only when it is complete.
pub fn run(args: &Args) -> Result<(), CliError> {
    if let Some(bad) = args.levels.iter().find(|level| !(**level > 0.0 && **level < 100.0)) {
        return Err(CliError::Usage(format!("`--levels` is {bad}, want percent between 0 and 100")));
    }
    let read = read::read(files::open(&args.input)?)?;
    let events = args.events.as_ref().map(|path| events::read(files::open(path)?)).transpose()?;
    if read.repeated > 0 {
        eprintln!("{} times came more than once: the last value of each was taken", read.repeated);
    }
    let trained = args.model.as_deref().map(model::load).transpose()?;
    files::write(args.output.as_deref(), |output| {
        forecast(args, &read.series, events.as_ref(), trained, output)
    })
}

fn forecast(
    args: &Args,
    series: &[read::Series],
    events: Option<&events::Events>,
    trained: Option<Learned>,
    output: impl Write,
) -> Result<(), CliError> {
    let shares: Vec<f64> = args.levels.iter().map(|level| level / 100.0).collect();
    let grids: Vec<Grid> = series.iter().map(|series| Grid::of(&series.points)).collect();
    let horizon = args.horizon as usize;
    let learned = match trained {
        Some(learned) => learned.with_levels(&shares),
        None => Learned::fit(&grids, horizon, &args.season, &shares)
            .map_err(|error| CliError::because("cannot forecast", error))?,
    };

    let mut writer = WriterBuilder::new().from_writer(BufWriter::new(output));
    let cannot_write = |source: csv::Error| CliError::because("cannot write the answer", source);
    let mut header = vec!["series".to_owned(), "step".to_owned(), "mean".to_owned()];
    header.extend(args.levels.iter().flat_map(|level| [format!("lo{level}"), format!("hi{level}")]));
    writer.write_record(&header).map_err(cannot_write)?;
    for (series, grid) in series.iter().zip(&grids) {
        let known = events.map(|events| events.of(&series.name, grid, horizon)).unwrap_or_default();
        let forecast = learned
            .forecast(grid, horizon, &known)
            .map_err(|error| CliError::failed(format!("series `{}`: {error}", series.name)))?;
        for (step, mean) in forecast.mean.iter().enumerate() {
            let mut row = vec![series.name.clone(), (step + 1).to_string(), mean.to_string()];
            row.extend(
                forecast
                    .bands
                    .iter()
                    .flat_map(|band| [band.lower[step], band.upper[step]].map(|v| v.to_string())),
            );
            writer.write_record(&row).map_err(cannot_write)?;
        }
    }
    writer.flush().map_err(|source| CliError::because("cannot write the answer", source))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    fn answer(input: &str, flags: &[&str]) -> Result<String, String> {
        let flags = ["forecast", "--input", "-"].iter().chain(flags);
        let args = Cli::try_parse_from(flags).map_err(|error| error.to_string())?.args;
        let series = read::read(input.as_bytes()).map_err(|error| error.to_string())?.series;
        let mut output = Vec::new();
        forecast(&args, &series, None, None, &mut output).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(output).expect("the answer is text"))
    }

    #[test]
    fn every_series_gets_its_steps_and_intervals() {
        let rows = |name: &str, base: i32| -> String {
            (0..40)
                .map(|i| format!("{name},2024-01-{:02} {:02}:00:00,{}\n", 1 + i / 24, i % 24, base + i % 3))
                .collect()
        };
        let input = format!(
            "series,timestamp,value\n{}{}",
            rows("a", 10),
            rows("b,c", 100).replace("b,c", "\"b,c\"")
        );
        let text = answer(&input, &["--horizon", "3"]).expect("a good file");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "series,step,mean,lo80,hi80,lo95,hi95");
        assert_eq!(lines.len(), 7);
        assert!(lines[1].starts_with("a,1,") && lines[6].starts_with("\"b,c\",3,"), "{text}");
        let numbers: Vec<f64> =
            lines[2].split(',').skip(2).map(|cell| cell.parse().expect("a number")).collect();
        assert!(numbers[3] <= numbers[1] && numbers[1] <= numbers[0] && numbers[0] <= numbers[2], "{text}");
    }

    #[test]
    fn one_series_needs_no_name_and_levels_name_the_columns() {
        let rows: String = (0..30).map(|day| format!("{},{}\n", day, 5 + day % 2)).collect();
        let text =
            answer(&rows, &["--horizon", "2", "--levels", "50,99.5", "--season", "2"]).expect("a good file");
        assert!(text.starts_with("series,step,mean,lo50,hi50,lo99.5,hi99.5\n,1,"), "{text}");
    }

    #[test]
    fn bad_input_is_named() {
        let error = |input: &str| answer(input, &["--horizon", "2"]).expect_err("a bad file");
        assert_eq!(error(""), "the input has no rows");
        assert_eq!(error("series,timestamp,value\na,soon,1\n"), "line 2: `soon` is not a time");
        assert_eq!(error("a,1,x\n"), "line 1: `x` is not a number");
        assert_eq!(error("a,1,\na,2,NaN\n"), "series `a`: `values` has 0 rows, want at least 1");
        assert!(error("a,1,inf\n").contains("`value` is inf"));
        assert!(answer("1,1\n", &["--horizon", "0"]).is_err());
    }
}
