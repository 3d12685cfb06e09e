//! `opentrace import`: brings in events from files, through the same door as every other event.
//!
//! Lines become events in the native shape and go to `POST /api/v1/events?history=true` in batches.
//! Their ids follow from the site and the line, so an import can be interrupted and run again, and
//! importing a file twice changes nothing. Addresses and user agents are handed to the server, which
//! makes visitor ids of them and drops them.

mod batches;
mod progress;
mod report;
mod site;
mod visible;

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use opentrace_events::site::normalise;
use tokio_stream::wrappers::ReceiverStream;

use self::batches::{Batches, OfFile, place};
use self::progress::Progress;
use self::report::Report;
pub(super) use self::site::ensure as ensure_site;
pub(super) use self::visible::wait_until_visible;
use super::{CliError, Globals, Remote};
use crate::cli::out::put;
use crate::client::{Client, Retry, connect};
use crate::import::lines::{self, BytesRead};
use crate::import::{Batch, Format, formats};

/// Batches on their way to the server at once.
const IN_FLIGHT: usize = 4;
/// How long one batch is offered to a server that is away or busy.
const PATIENCE: Duration = Duration::from_secs(300);

#[derive(Debug, clap::Args)]
pub struct Args {
    /// What the files hold
    #[arg(long, value_parser = formats::parser())]
    format: Format,
    /// Files, plain or gzip; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The site that the events belong to
    #[arg(long, value_name = "DOMAIN")]
    site: String,
    /// Time zone of the site, should it have to be created
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    timezone: String,
    #[command(flatten)]
    remote: Remote,
}

/// Imports, waits until every view holds the events, and prints what became of the lines.
pub async fn run(args: Args, globals: &Globals) -> Result<(), CliError> {
    let files = different(&args.files)?;
    let mut connection = connect(&args.remote, globals).await?;
    connection.client = connection.client.with_retry(Retry::lasting(PATIENCE));
    let done = import(&connection.client, files, &args).await;
    connection.close().await?;
    done
}

/// The files without those named twice: equal lines of one import are different events.
fn different(files: &[PathBuf]) -> Result<Vec<PathBuf>, CliError> {
    let (mut seen, mut kept) = (HashSet::new(), Vec::new());
    for file in files {
        let real = if lines::is_stdin(file) { Ok(file.clone()) } else { file.canonicalize() };
        let real =
            real.map_err(|source| CliError::because(format!("cannot open {}", file.display()), source))?;
        if seen.insert(real) {
            kept.push(file.clone());
        } else {
            eprintln!("{} is named twice and read once.", file.display());
        }
    }
    Ok(kept)
}

async fn import(client: &Client, files: Vec<PathBuf>, args: &Args) -> Result<(), CliError> {
    let site = normalise(&args.site); // ids follow from it
    ensure_site(client, &site, &args.timezone).await?;
    let read = BytesRead::default();
    let progress = Progress::start(lines::size(&files), read.clone());
    let batches = Batches::new(files.clone(), args.format, site, read);
    let report = send_all(client, batches, &files, &progress).await?;
    progress.waiting();
    wait_until_visible(client).await?;
    progress.finish();
    put!("{report}");
    if report.rejected() > 0 && report.accepted + report.duplicates == 0 {
        return Err(CliError::failed("the server rejected every event"));
    }
    Ok(())
}

async fn send_all(
    client: &Client,
    batches: Batches,
    files: &[PathBuf],
    progress: &Progress,
) -> Result<Report, CliError> {
    let (sender, receiver) = tokio::sync::mpsc::channel(IN_FLIGHT);
    let reading = tokio::task::spawn_blocking(move || batches.read(&sender));
    let sent = ReceiverStream::new(receiver)
        .map(|batch| send(client, batch, files))
        .buffer_unordered(IN_FLIGHT)
        .try_fold(Report::default(), async |mut total, batch| {
            total.add(batch);
            progress.sent(&total);
            Ok(total)
        })
        .await;
    // A failure to send closed the channel, which ended the reader.
    let read = reading.await.map_err(|source| CliError::because("the reader failed", source))?;
    let again = |error| match error {
        CliError::Failed { message, source } => {
            CliError::Failed { message: format!("{message}; the import can be run again as it is"), source }
        }
        other => other,
    };
    let mut report = sent.map_err(again)?;
    report.add(read.map_err(again)?);
    Ok(report)
}

async fn send(client: &Client, (file, batch): OfFile, files: &[PathBuf]) -> Result<Report, CliError> {
    let Batch { body, places } = batch;
    let answer = client.send_events(body, true).await?;
    let mut report = Report::of(places.len() as u64, &answer);
    for rejected in &answer.rejected {
        report.reject(rejected, || match places.get(rejected.index) {
            Some(line) => place(files, file, *line),
            None => "?".to_owned(),
        });
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_once_by_whatever_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.log");
        std::fs::write(&file, b"").expect("written");
        let again = folder.path().join(".").join("a.log");
        let files = [file.clone(), PathBuf::from("-"), again, PathBuf::from("-")];
        assert_eq!(different(&files).expect("they exist"), [file, PathBuf::from("-")]);
        assert!(different(&[folder.path().join("b.log")]).is_err());
    }
}
