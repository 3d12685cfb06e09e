//! Tables from Python: columns of numbers as arrays, columns of categories as codes and their words.

use numpy::PyReadonlyArray1;
use opentrace_models::artefact;
use opentrace_models::predict::{Column, Table, Values};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// One column; the words of categories cross the border once each, however many rows there are.
#[derive(FromPyObject)]
pub(crate) enum Cells<'py> {
    /// NaN is missing.
    Numbers(PyReadonlyArray1<'py, f64>),
    /// Codes below zero are missing.
    Categories(PyReadonlyArray1<'py, i32>, Vec<String>),
}

/// The table that a model reads.
pub(crate) fn table(columns: Vec<(String, Cells<'_>)>, rows: usize) -> PyResult<Table> {
    let columns = columns
        .into_iter()
        .map(|(name, cells)| {
            let values = match cells {
                Cells::Numbers(numbers) => {
                    Values::Numbers(numbers.as_slice()?.iter().map(|n| kept(*n)).collect())
                }
                Cells::Categories(codes, words) => Values::Categories(
                    codes
                        .as_slice()?
                        .iter()
                        .map(|code| usize::try_from(*code).ok().and_then(|code| words.get(code).cloned()))
                        .collect(),
                ),
            };
            let length = match &values {
                Values::Numbers(numbers) => numbers.len(),
                Values::Categories(names) => names.len(),
            };
            if length != rows {
                return Err(PyValueError::new_err(format!("column `{name}` has {length} rows, want {rows}")));
            }
            Ok(Column { name, values })
        })
        .collect::<PyResult<Vec<_>>>()?;
    Ok(Table { columns, rows })
}

/// As a table from a file: what is infinite or too large counts as missing.
fn kept(number: f64) -> f64 {
    if number.abs() <= 1e30 { number } else { f64::NAN }
}

/// The hash of a table, whatever library it came from.
pub(crate) fn fingerprint(table: &Table) -> String {
    let mut bytes = Vec::new();
    let text = |bytes: &mut Vec<u8>, text: &str| {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    };
    for column in &table.columns {
        text(&mut bytes, &column.name);
        match &column.values {
            Values::Numbers(numbers) => bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes())),
            Values::Categories(names) => {
                for name in names {
                    match name {
                        Some(name) => text(&mut bytes, name),
                        None => bytes.extend(u64::MAX.to_le_bytes()),
                    }
                }
            }
        }
    }
    artefact::fingerprint(&bytes)
}
