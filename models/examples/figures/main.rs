//! The models' figures on real data; `benches/models.py` prepares the data, runs the peers beside and makes
//! the tables.
//!
//! `cargo run --release -p opentrace-models --example figures -- WHAT FILE...` with WHAT one of `competition`
//! (lines `name,group,season,horizon,history,truth`, values separated by blanks), `rolling` (a folder of the
//! series), `predict` (CSV file, target, columns left out), `recommend` (the MSWeb file), `cluster` (a file
//! of 64-bit numbers, width, k), `nab` (a folder with `windows.json` and `data/`, where to write the scores),
//! `traffic` or `detector`. Prints one JSON object a line.

#![allow(clippy::print_stdout, clippy::print_stderr)] // a program for the terminal

mod forecasts;
mod nab;
mod tables;
mod traffic;

use std::error::Error;

/// What may go wrong here is for the terminal.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["competition", file] => forecasts::competition(file, None),
        ["competition", file, seed] => forecasts::competition(file, Some(seed.parse()?)),
        ["rolling", folder] => forecasts::rolling(folder),
        ["predict", file, target, ref without @ ..] => tables::predict(file, target, without),
        ["recommend", file] => tables::recommend(file),
        ["cluster", file, width, k] => tables::cluster(file, width.parse()?, k.parse()?),
        ["nab", root] => nab::nab(root, None),
        ["nab", root, out] => nab::nab(root, Some(out)),
        ["traffic"] => traffic::traffic(),
        ["detector"] => tables::detector(),
        _ => {
            Err("want competition, rolling, predict, recommend, cluster, nab, traffic or detector, and files"
                .into())
        }
    }
}
