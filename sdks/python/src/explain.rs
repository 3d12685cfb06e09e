//! Which slice explains a change?

use numpy::PyReadonlyArray1;
use opentrace_models::anomaly::explain::{Amount, Cell, Slice, explain as find};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

type Read<'py> = PyReadonlyArray1<'py, f64>;
/// Measured, expected, and the slices: keys by dimension, measured, expected, share, surprise.
type Explained = (f64, f64, Vec<(Vec<(usize, u32)>, f64, f64, f64, f64)>);

/// Finds the slices that explain why a metric is not what was expected; `keys` holds a column of codes per
/// dimension, `per` what is below the line of a ratio, measured and expected.
#[pyfunction]
pub(crate) fn explain(
    py: Python<'_>,
    keys: Vec<PyReadonlyArray1<'_, i32>>,
    actual: Read<'_>,
    expected: Read<'_>,
    per: Option<(Read<'_>, Read<'_>)>,
) -> PyResult<Explained> {
    let keys = keys.iter().map(|codes| Ok(codes.as_slice()?)).collect::<PyResult<Vec<&[i32]>>>()?;
    let (actual, expected) = (actual.as_slice()?, expected.as_slice()?);
    let per = per.as_ref().map(|(a, e)| Ok::<_, PyErr>((a.as_slice()?, e.as_slice()?))).transpose()?;
    let rows = actual.len();
    let mut lengths = keys.iter().map(|codes| codes.len()).chain([expected.len()]);
    let per_differs = per.is_some_and(|(a, e)| a.len() != rows || e.len() != rows);
    if lengths.any(|length| length != rows) || per_differs {
        return Err(PyValueError::new_err("the columns differ in length"));
    }
    let cells = (0..rows).map(|row| Cell {
        // Codes count from zero; a missing value is a value of its own, the last one.
        keys: keys.iter().map(|codes| u32::try_from(codes[row]).unwrap_or(u32::MAX)).collect(),
        actual: Amount { sum: actual[row], per: per.map(|(actual, _)| actual[row]) },
        expected: Amount { sum: expected[row], per: per.map(|(_, expected)| expected[row]) },
    });
    let cells: Vec<Cell> = cells.collect();
    let answer = py.detach(|| find(&cells)).map_err(crate::error::raise)?;
    let slice = |slice: Slice| (slice.keys, slice.actual, slice.expected, slice.share, slice.surprise);
    Ok((answer.actual, answer.expected, answer.slices.into_iter().map(slice).collect()))
}
