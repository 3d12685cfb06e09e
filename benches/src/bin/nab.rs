//! Scores the detector on the Numenta Anomaly Benchmark.
//!
//! `cargo run --release -p opentrace-benches --bin nab [-- FOLDER [OUT]]`: FOLDER holds `windows.json`
//! and `data/` (default `$OPENTRACE_DATA/nab`); with OUT, `timestamp,value,anomaly_score` files are
//! written there.

#![allow(clippy::print_stdout)] // a program for the terminal

use opentrace_benches::nab::corpus::{self, File};
use opentrace_benches::nab::score::{LOW_FALSE_NEGATIVES, LOW_FALSE_POSITIVES, STANDARD, Sheet};
use opentrace_models::anomaly::{Detector, Sensitivity};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Random splits of the files in halves.
const SPLITS: usize = 200;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let data = std::env::var("OPENTRACE_DATA").unwrap_or_else(|_| "../shared/data".into());
    let root = arguments.next().map_or_else(|| Path::new(&data).join("nab"), PathBuf::from);
    let files = corpus::load(&root)?;

    let started = Instant::now();
    let scores = files.iter().map(detect).collect::<Result<Vec<_>, _>>()?;
    let seconds = started.elapsed().as_secs_f64();
    if let Some(out) = arguments.next() {
        write(Path::new(&out), &files, &scores)?;
    }

    let sheet = |keep: &dyn Fn(&File) -> bool| {
        let scored = files.iter().zip(&scores).filter(|(file, _)| keep(file));
        Sheet::new(scored.map(|(file, scores)| (file, &scores[..])))
    };
    let everything = sheet(&|_| true);
    let best = everything.best(STANDARD);
    let rows: usize = files.iter().map(|file| file.values.len()).sum();
    println!("{} files, {rows} rows, {} windows", files.len(), best.windows);
    println!("standard            {:6.2}", best.scaled(STANDARD));
    for (name, weights) in
        [("low false positives", LOW_FALSE_POSITIVES), ("low false negatives", LOW_FALSE_NEGATIVES)]
    {
        println!("{name} {:6.2}", everything.best(weights).scaled(weights));
    }
    println!("threshold {:.5}: {} found, {} false rows", best.threshold, best.found, best.false_rows);

    println!("\nfolder                      in place  threshold from the other folders");
    let folders: BTreeSet<&str> = files.iter().map(File::folder).collect();
    let mut held_out = -(best.windows as f64);
    for folder in folders {
        let here = sheet(&|file| file.folder() == folder);
        let others = sheet(&|file| file.folder() != folder).best(STANDARD).threshold;
        let outcome = here.at(others, STANDARD);
        held_out += outcome.total + outcome.windows as f64;
        let in_place = here.at(best.threshold, STANDARD).scaled(STANDARD);
        println!("{folder:27} {in_place:8.2}  {:8.2}", outcome.scaled(STANDARD));
    }
    let windows = best.windows as f64;
    println!("leave a folder out          {:18.2}", 100.0 * (held_out + windows) / (2.0 * windows));

    halves(&files, &scores);

    println!("\nalerts at the product's thresholds, outside windows and probation, per series and week");
    let weeks: f64 = files.iter().map(|f| f.weeks() * 0.85).sum();
    for sensitivity in [Sensitivity::Low, Sensitivity::Medium, Sensitivity::High] {
        let outcome = everything.at(sensitivity.threshold(), STANDARD);
        println!(
            "{sensitivity:?}: {:.2} ({} of {} windows found, standard {:.2})",
            outcome.false_rows as f64 / weeks,
            outcome.found,
            outcome.windows,
            outcome.scaled(STANDARD)
        );
    }
    println!("\n{:.2} M points/s", rows as f64 / seconds / 1e6);
    Ok(())
}

/// Thresholds chosen on a random half of the files and scored on the other half.
fn halves(files: &[File], scores: &[Vec<f64>]) {
    let mut order: Vec<usize> = (0..files.len()).collect();
    let mut random = StdRng::seed_from_u64(1);
    let mut figures: Vec<f64> = Vec::with_capacity(2 * SPLITS);
    for _ in 0..SPLITS {
        order.shuffle(&mut random);
        let (left, right) = order.split_at(order.len() / 2);
        for (chosen_on, scored_on) in [(left, right), (right, left)] {
            let sheet = |part: &[usize]| Sheet::new(part.iter().map(|i| (&files[*i], &scores[*i][..])));
            let threshold = sheet(chosen_on).best(STANDARD).threshold;
            figures.push(sheet(scored_on).at(threshold, STANDARD).scaled(STANDARD));
        }
    }
    figures.sort_by(f64::total_cmp);
    let at = |share: f64| figures[((figures.len() - 1) as f64 * share) as usize];
    println!("\nthreshold from one half of the files, scored on the other ({SPLITS} splits)");
    println!("median {:.2}, 5 % {:.2}, 95 % {:.2}", at(0.5), at(0.05), at(0.95));
}

fn detect(file: &File) -> Result<Vec<f64>, opentrace_models::Error> {
    let mut detector = Detector::new();
    let mut last = i64::MIN;
    let mut scores = Vec::with_capacity(file.values.len());
    for (time, value) in file.times_ms.iter().zip(&file.values) {
        // A few files repeat the hour when summer time ends: such rows follow the previous one.
        last = (*time).max(last.saturating_add(1));
        scores.push(detector.observe(last, Some(*value))?.score);
    }
    Ok(scores)
}

fn write(out: &Path, files: &[File], scores: &[Vec<f64>]) -> Result<(), Box<dyn Error>> {
    for (file, scores) in files.iter().zip(scores) {
        let path = out.join(&file.name);
        std::fs::create_dir_all(path.parent().ok_or("no folder")?)?;
        let rows = file.times_ms.iter().zip(&file.values).zip(scores);
        let text: String = rows.map(|((time, value), score)| format!("{time},{value},{score}\n")).collect();
        std::fs::write(path, format!("timestamp,value,anomaly_score\n{text}"))?;
    }
    Ok(())
}
