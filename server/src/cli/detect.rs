//! `opentrace detect`: anomalies in a file of points.
//!
//! Reads `timestamp,value`, row by row and once, and writes
//! `timestamp,value,anomaly_score,lower,upper,kind` for each row in the same order. A row is judged by the
//! rows before it only. It is the detector that watches the sites' series, with the same parameters.

mod row;

use std::io::{BufWriter, Read, Write};
use std::path::PathBuf;

use csv::{ReaderBuilder, StringRecord, Trim, WriterBuilder};
use opentrace_models::anomaly::{Detector, Point};

use self::row::{Columns, Row};
use super::CliError;
use super::files;

const HEADER: [&str; 6] = ["timestamp", "value", "anomaly_score", "lower", "upper", "kind"];

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Points in order of time: `timestamp,value`, with or without a header; `-` is standard input. Times
    /// as `2014-04-10 00:04:00`, RFC 3339, or seconds or milliseconds since 1970; an empty value is missing
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Where to write [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Judges every row. A file is written under another name first and appears only when it is complete.
pub fn run(args: &Args) -> Result<(), CliError> {
    let input = files::open(&args.input)?;
    let late = files::write(args.output.as_deref(), |output| detect(input, output))?;
    if late > 0 {
        eprintln!("{late} rows are not later than the row before them: taken as directly following it");
    }
    Ok(())
}

/// Judges every row of `input`; answers how many came out of order.
fn detect(input: impl Read, output: impl Write) -> Result<usize, CliError> {
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(input);
    let mut writer = WriterBuilder::new().from_writer(BufWriter::new(output));
    let cannot_write = |source: csv::Error| CliError::because("cannot write the answer", source);
    writer.write_record(HEADER).map_err(cannot_write)?;

    let mut columns = None;
    let mut detector = Detector::new();
    let (mut last_ms, mut late) = (None::<i64>, 0);
    let mut record = StringRecord::new();
    while reader
        .read_record(&mut record)
        .map_err(|source| CliError::because("cannot read the input", source))?
    {
        let line = record.position().map_or(0, csv::Position::line);
        let at_line = |why: String| CliError::failed(format!("line {line}: {why}"));
        let columns = match columns {
            Some(columns) => columns,
            None => {
                let (found, is_header) = Columns::of(&record).map_err(at_line)?;
                columns = Some(found);
                if is_header {
                    continue;
                }
                found
            }
        };
        let row = Row::parse(&record, columns).map_err(at_line)?;
        // Clocks that are set back repeat an hour: such rows follow the previous one.
        let at_ms = last_ms.map_or(row.at_ms, |last: i64| row.at_ms.max(last.saturating_add(1)));
        late += usize::from(at_ms != row.at_ms);
        last_ms = Some(at_ms);
        let point = detector.observe(at_ms, row.value).map_err(|error| at_line(error.to_string()))?;
        let Point { score, lower, upper, kind, .. } = point;
        let numbers = [score, lower, upper].map(|number| number.to_string());
        let kind = kind.map_or("", |kind| kind.as_str());
        writer
            .write_record([row.time, row.number, &numbers[0], &numbers[1], &numbers[2], kind])
            .map_err(cannot_write)?;
    }
    if last_ms.is_none() {
        return Err(CliError::failed("the input has no rows"));
    }
    writer.flush().map_err(|source| CliError::because("cannot write the answer", source))?;
    Ok(late)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(input: &str) -> Result<String, String> {
        let mut output = Vec::new();
        detect(input.as_bytes(), &mut output).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(output).expect("the answer is text"))
    }

    #[test]
    fn every_row_gets_an_answer_in_its_own_words() {
        let rows: String = (0..500)
            .map(|i| {
                let value = if i == 450 { 900.0 } else { 10.0 + f64::from(i * 7 % 5) };
                format!("2014-04-10 {:02}:{:02}:00,{value:.1}\n", i / 60, i % 60)
            })
            .collect();
        let text = answer(&format!("timestamp,value\n{rows}")).expect("a good file");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "timestamp,value,anomaly_score,lower,upper,kind");
        assert_eq!(lines.len(), 501);
        assert!(lines[451].starts_with("2014-04-10 07:30:00,900.0,0.9"), "{}", lines[451]);
        assert!(lines[451].ends_with(",spike"), "{}", lines[451]);
        assert_eq!(answer(&rows).expect("no header"), text);
    }

    #[test]
    fn missing_values_and_repeated_hours_are_taken() {
        let text = answer("time,n\n10,1\n20,\n30,NaN\n25,2\n25,3\n").expect("a good file");
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[2].starts_with("20,,") && lines[2].ends_with(",missing"), "{text}");
        assert_eq!(lines.len(), 6);
    }

    #[test]
    fn a_bad_row_is_named_by_its_line() {
        let error = |input: &str| answer(input).expect_err("a bad file");
        assert_eq!(error("timestamp,value\n10,1\n20,x\n"), "line 3: `x` is not a number");
        assert_eq!(error("10,1\nyesterday,2\n"), "line 2: `yesterday` is not a time");
        assert!(error("10,1\n20,inf\n").starts_with("line 2: "));
        assert_eq!(error("10,1\n20\n"), "line 2: no column for the value");
        assert_eq!(error(""), "the input has no rows");
        assert_eq!(error("timestamp,value\n"), "the input has no rows");
    }
}
