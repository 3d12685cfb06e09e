//! A table of columns: numbers or categories, either may be missing.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// Largest magnitude of a number in a table.
const LARGEST: f64 = 1e30;
/// What a column is dropped for: more categories than this share of the rows name rows, not kinds.
const NAMES: f64 = 0.5;
/// What an empty cell may look like.
const MISSING: [&str; 6] = ["", "nan", "null", "none", "na", "n/a"];

/// The values of one column.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// NaN is missing.
    Numbers(Vec<f64>),
    /// `None` is missing.
    Categories(Vec<Option<String>>),
}

/// A named column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name, as in the file.
    pub name: String,
    /// One value a row.
    pub values: Values,
}

/// Columns of the same length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The columns.
    pub columns: Vec<Column>,
    /// Number of rows.
    pub rows: usize,
}

/// What a model knows of a column that it reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A number.
    Number,
    /// One of these; others count as unknown.
    Category(Vec<String>),
}

impl Table {
    /// A table from text cells, row by row. A column whose present cells are all numbers is numeric; a number
    /// that is infinite or beyond 1e30 counts as missing.
    ///
    /// # Errors
    /// [`Error::Shape`] if a row has another number of cells than there are names.
    pub fn from_cells(names: &[String], rows: &[Vec<String>]) -> Result<Self> {
        if let Some(row) = rows.iter().find(|row| row.len() != names.len()) {
            return Err(Error::Shape { field: "row", given: row.len(), want: names.len() });
        }
        let column = |index: usize| {
            let cells = || rows.iter().map(|row| row[index].trim());
            let present = |cell: &&str| !MISSING.iter().any(|none| cell.eq_ignore_ascii_case(none));
            let numeric = cells().filter(present).all(|cell| cell.parse::<f64>().is_ok());
            let values = if numeric && cells().any(|cell| present(&cell)) {
                Values::Numbers(
                    cells()
                        .map(|cell| if present(&cell) { number(cell) } else { None }.unwrap_or(f64::NAN))
                        .collect(),
                )
            } else {
                Values::Categories(cells().map(|cell| present(&cell).then(|| cell.to_owned())).collect())
            };
            Column { name: names[index].clone(), values }
        };
        Ok(Table { columns: (0..names.len()).map(column).collect(), rows: rows.len() })
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The rows with these numbers, in this order.
    pub fn select(&self, rows: &[usize]) -> Table {
        let columns = self.columns.iter().map(|column| {
            let values = match &column.values {
                Values::Numbers(numbers) => Values::Numbers(rows.iter().map(|row| numbers[*row]).collect()),
                Values::Categories(names) => {
                    Values::Categories(rows.iter().map(|row| names[*row].clone()).collect())
                }
            };
            Column { name: column.name.clone(), values }
        });
        Table { columns: columns.collect(), rows: rows.len() }
    }
}

fn number(cell: &str) -> Option<f64> {
    cell.parse::<f64>().ok().filter(|number| number.abs() <= LARGEST)
}

impl Column {
    /// What a model should know of this column; none if it says nothing: it never varies, or it names rows.
    pub(crate) fn kind(&self) -> Option<Kind> {
        match &self.values {
            Values::Numbers(numbers) => {
                let mut present = numbers.iter().filter(|number| number.is_finite());
                let first = present.next()?;
                let missing = numbers.iter().any(|number| !number.is_finite());
                (missing || present.any(|number| number != first)).then_some(Kind::Number)
            }
            Values::Categories(names) => {
                let mut known: Vec<String> = names.iter().flatten().cloned().collect();
                let present = known.len();
                known.sort_unstable();
                known.dedup();
                let missing = present < names.len();
                let says = known.len() + usize::from(missing) > 1;
                let names_rows = known.len() > 20 && known.len() as f64 > NAMES * present as f64;
                (says && !names_rows).then_some(Kind::Category(known))
            }
        }
    }

    /// The column in a model's terms: a number, or the place of the category; NaN is missing or unknown.
    pub(crate) fn read(&self, kind: &Kind) -> Vec<f64> {
        match (&self.values, kind) {
            (Values::Numbers(numbers), Kind::Number) => {
                numbers.iter().map(|n| if n.is_finite() { *n } else { f64::NAN }).collect()
            }
            (Values::Categories(names), Kind::Category(known)) => names
                .iter()
                .map(|name| {
                    let place = name.as_ref().and_then(|name| known.binary_search(name).ok());
                    place.map_or(f64::NAN, |place| place as f64)
                })
                .collect(),
            // A small file may have only numbers where the model knows categories, and the other way.
            (Values::Numbers(numbers), Kind::Category(known)) => {
                let place = |number: &f64| {
                    let same = |name: &String| truth(name).is_some_and(|truth| truth == *number);
                    known.binary_search(&number.to_string()).ok().or_else(|| known.iter().position(same))
                };
                numbers.iter().map(|number| place(number).map_or(f64::NAN, |place| place as f64)).collect()
            }
            (Values::Categories(names), Kind::Number) => {
                let read = |name: &String| number(name).or_else(|| truth(name));
                names.iter().map(|name| name.as_ref().and_then(read).unwrap_or(f64::NAN)).collect()
            }
        }
    }
}

/// Truth values are numbers in some files and words in others, in the writing of whoever wrote the file.
fn truth(name: &str) -> Option<f64> {
    match name {
        _ if name.eq_ignore_ascii_case("true") => Some(1.0),
        _ if name.eq_ignore_ascii_case("false") => Some(0.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truth_is_read_as_numbers_and_as_words() {
        let words = ["True", "false", "maybe"].map(|word| Some(word.to_owned()));
        let words = Column { name: "paid".into(), values: Values::Categories(words.to_vec()) };
        let numbers = words.read(&Kind::Number);
        assert_eq!(numbers[..2], [1.0, 0.0]);
        assert!(numbers[2].is_nan());
        let numbers = Column { name: "paid".into(), values: Values::Numbers(vec![1.0, 0.0, 2.0]) };
        let places = numbers.read(&Kind::Category(vec!["False".into(), "True".into()]));
        assert_eq!(places[..2], [1.0, 0.0]);
        assert!(places[2].is_nan());
    }
}
