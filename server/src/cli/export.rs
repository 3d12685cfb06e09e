//! `opentrace export`: writes the events of a site to a file.
//!
//! An export is as of one moment and made page by page. A page that breaks off is asked for again;
//! what it had written is taken back first. The file appears under its name when it is whole.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use reqwest::Response;
use url::form_urlencoded;

use super::{CliError, Globals, Remote};
use crate::client::{Client, connect};

/// How often a page is asked for.
const ATTEMPTS: usize = 4;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(long, value_name = "DOMAIN")]
    site: String,
    /// How rows are written
    #[arg(long, value_enum, default_value = "ndjson")]
    format: Format,
    /// First day, `2024-01-01` on the site's clock [default: the first event]
    #[arg(long, value_name = "DAY", requires = "to")]
    from: Option<String>,
    /// Last day
    #[arg(long, value_name = "DAY", requires = "from")]
    to: Option<String>,
    /// Filters as in questions, in JSON
    #[arg(long, value_name = "JSON")]
    filters: Option<String>,
    /// Stop after this many rows
    #[arg(long, value_name = "ROWS")]
    limit: Option<u64>,
    /// The file to write. Where Parquet or Arrow needs several, the others have a number in their names
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Csv,
    Ndjson,
    Parquet,
    Arrow,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
        }
    }

    /// Whether pages follow each other in one file.
    fn continues(self) -> bool {
        matches!(self, Self::Csv | Self::Ndjson)
    }
}

/// Writes and says what was written.
pub async fn run(args: Args, globals: &Globals) -> Result<(), CliError> {
    let connection = connect(&args.remote, globals).await?;
    let done = export(&args, &connection.client).await;
    connection.close().await?;
    let written = done?;
    eprintln!("{} rows written to {}", written.rows, args.output.display());
    if written.left > 0 {
        eprintln!("{} rows were left out because of --limit", written.left);
    }
    Ok(())
}

/// What became of an export.
struct Written {
    rows: u64,
    left: u64,
}

async fn export(args: &Args, client: &Client) -> Result<Written, CliError> {
    let mut written = Written { rows: 0, left: 0 };
    let mut cursor: Option<String> = None;
    let mut number = 1;
    let mut file = Part::create(&args.output)?;
    loop {
        let wanted = args.limit.map(|limit| limit - written.rows);
        if wanted == Some(0) {
            break;
        }
        let page = file.page(args, client, cursor.as_deref(), wanted).await?;
        written.rows += page.rows;
        written.left = page.left;
        let Some(next) = page.next else { break };
        cursor = Some(next);
        if !args.format.continues() && args.limit != Some(written.rows) {
            number += 1;
            std::mem::replace(&mut file, Part::create(&numbered(&args.output, number))?).finish()?;
        }
    }
    file.finish()?;
    Ok(written)
}

/// A page that was written.
struct Page {
    rows: u64,
    /// Rows after it.
    left: u64,
    next: Option<String>,
}

/// A file that is not whole yet.
struct Part {
    file: File,
    path: PathBuf,
    named: PathBuf,
}

impl Part {
    fn create(named: &Path) -> Result<Self, CliError> {
        let mut path = named.as_os_str().to_owned();
        path.push(".part");
        let path = PathBuf::from(path);
        let file = OpenOptions::new().create(true).truncate(true).write(true).open(&path);
        let file =
            file.map_err(|source| CliError::because(format!("cannot write {}", path.display()), source))?;
        Ok(Self { file, path, named: named.to_owned() })
    }

    /// Writes a page, from where the file ends now.
    async fn page(
        &mut self,
        args: &Args,
        client: &Client,
        cursor: Option<&str>,
        wanted: Option<u64>,
    ) -> Result<Page, CliError> {
        let begin = self.file.stream_position().map_err(|source| self.failed(source))?;
        let path = address(args, cursor, wanted);
        let mut attempts = 0;
        loop {
            attempts += 1;
            let answer = client.open(&path).await?;
            let page = Page::announced(&answer)?;
            match self.copy(answer, begin > 0 && args.format == Format::Csv).await {
                Ok(()) => return Ok(page),
                Err(error) if attempts == ATTEMPTS => return Err(error),
                Err(_) => {
                    self.file.set_len(begin).map_err(|source| self.failed(source))?;
                    self.file.seek(SeekFrom::Start(begin)).map_err(|source| self.failed(source))?;
                }
            }
        }
    }

    /// Writes an answer, without its first line where there is one already.
    async fn copy(&mut self, mut answer: Response, mut headed: bool) -> Result<(), CliError> {
        let broken = |source| CliError::because("the export broke off", source);
        while let Some(piece) = answer.chunk().await.map_err(broken)? {
            let mut rest = &piece[..];
            if headed {
                let Some(end) = rest.iter().position(|byte| *byte == b'\n') else { continue };
                rest = &rest[end + 1..];
                headed = false;
            }
            self.file.write_all(rest).map_err(|source| self.failed(source))?;
        }
        Ok(())
    }

    fn finish(self) -> Result<(), CliError> {
        self.file.sync_all().map_err(|source| self.failed(source))?;
        std::fs::rename(&self.path, &self.named).map_err(|source| self.failed(source))
    }

    fn failed(&self, source: std::io::Error) -> CliError {
        CliError::because(format!("cannot write {}", self.path.display()), source)
    }
}

impl Page {
    /// What the answer says about itself.
    fn announced(answer: &Response) -> Result<Self, CliError> {
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let number = |name: &str| header(name).and_then(|text| text.parse::<u64>().ok());
        let (Some(all), Some(limit)) = (number("x-total-rows"), number("x-row-limit")) else {
            return Err(CliError::failed("the server does not say how many rows there are"));
        };
        let next = header("x-next-cursor").map(str::to_owned);
        Ok(Self { rows: all.min(limit), left: all.saturating_sub(limit), next })
    }
}

fn address(args: &Args, cursor: Option<&str>, wanted: Option<u64>) -> String {
    let mut parts = form_urlencoded::Serializer::new(String::new());
    parts.append_pair("site_id", &args.site).append_pair("format", args.format.name());
    let most = opentrace_query::Format::ALL.iter().find(|(name, _)| *name == args.format.name());
    let limit = wanted.zip(most).map(|(wanted, (_, format))| wanted.min(format.most()).to_string());
    for (name, value) in [
        ("from", args.from.as_deref()),
        ("to", args.to.as_deref()),
        ("filters", args.filters.as_deref()),
        ("cursor", cursor),
        ("limit", limit.as_deref()),
    ] {
        if let Some(value) = value {
            parts.append_pair(name, value);
        }
    }
    format!("/api/v1/export?{}", parts.finish())
}

/// `events-2.parquet`.
fn numbered(path: &Path, number: u32) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = match path.extension() {
        Some(extension) => format!("{stem}-{number}.{}", extension.to_string_lossy()),
        None => format!("{stem}-{number}"),
    };
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_files_have_numbers() {
        assert_eq!(numbered(Path::new("/a/events.parquet"), 2), Path::new("/a/events-2.parquet"));
        assert_eq!(numbered(Path::new("events"), 3), Path::new("events-3"));
    }
}
