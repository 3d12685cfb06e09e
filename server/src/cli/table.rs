//! A CSV file with a header, as it is and as models read it.

use std::path::Path;

use csv::{ReaderBuilder, Trim};
use opentrace_models::artefact::fingerprint;
use opentrace_models::predict::Table;

use super::{CliError, files};

/// The cells of a file.
#[derive(Debug)]
pub(super) struct Cells {
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
    /// Hash of the file.
    pub(super) fingerprint: String,
}

impl Cells {
    /// Reads a file; `-` is standard input.
    pub(super) fn read(path: &Path) -> Result<Cells, CliError> {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut files::open(path)?, &mut bytes)
            .map_err(|source| CliError::because(format!("cannot read {}", path.display()), source))?;
        let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(bytes.as_slice());
        let cannot_read = |source: csv::Error| CliError::because("cannot read the input", source);
        let header: Vec<String> = reader.headers().map_err(cannot_read)?.iter().map(str::to_owned).collect();
        if header.iter().all(String::is_empty) {
            return Err(CliError::failed("the input has no header"));
        }
        let mut known = header.clone();
        known.sort_unstable();
        if let Some(twice) = known.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(CliError::failed(format!("the input has two columns `{}`", twice[0])));
        }
        let rows = reader.records().map(|record| Ok(record?.iter().map(str::to_owned).collect()));
        let rows = rows.collect::<Result<Vec<Vec<String>>, csv::Error>>().map_err(cannot_read)?;
        Ok(Cells { header, rows, fingerprint: fingerprint(&bytes) })
    }

    /// The cells as numbers and categories.
    pub(super) fn table(&self) -> Result<Table, CliError> {
        Table::from_cells(&self.header, &self.rows)
            .map_err(|error| CliError::because("cannot read the input", error))
    }
}
