//! `opentrace config`: what the program would run with, and why.

use super::{CliError, Globals};
use crate::cli::out::say;

pub(super) fn run(globals: &Globals) -> Result<(), CliError> {
    let effective = globals.load(&[])?;
    let width = effective.rows.iter().map(|(key, value, _)| key.len() + value.len() + 3).max().unwrap_or(0);
    for (key, value, source) in &effective.rows {
        say!("{:width$}  # {source}", format!("{key} = {value}"));
    }
    Ok(())
}
