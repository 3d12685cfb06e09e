//! Scores the detector on the Numenta Anomaly Benchmark, by its own rules.

mod corpus;
mod score;

use crate::Outcome;
use corpus::File;
use opentrace_models::anomaly::{Detector, Sensitivity};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use score::{LOW_FALSE_NEGATIVES, LOW_FALSE_POSITIVES, STANDARD, Sheet};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

/// Random splits of the files in halves.
const SPLITS: usize = 200;

/// The three profiles, each folder with the threshold of all and with that of the others, halves, and false
/// alerts at the product's thresholds. `root` holds `windows.json` and `data/`; with `out`, files
/// `timestamp,value,anomaly_score` are written there.
pub(crate) fn nab(root: &str, out: Option<&str>) -> Outcome<()> {
    let files = corpus::load(Path::new(root))?;
    let started = Instant::now();
    let scores = files.iter().map(detect).collect::<Result<Vec<_>, _>>()?;
    let seconds = started.elapsed().as_secs_f64();
    if let Some(out) = out {
        write(Path::new(out), &files, &scores)?;
    }

    let sheet = |keep: &dyn Fn(&File) -> bool| {
        let scored = files.iter().zip(&scores).filter(|(file, _)| keep(file));
        Sheet::new(scored.map(|(file, scores)| (file, &scores[..])))
    };
    let everything = sheet(&|_| true);
    let best = everything.best(STANDARD);
    let rows: usize = files.iter().map(|file| file.values.len()).sum();
    println!(
        "{}",
        json!({
            "of": "all", "files": files.len(), "rows": rows, "windows": best.windows, "seconds": seconds,
            "standard": best.scaled(STANDARD), "threshold": best.threshold, "found": best.found,
            "low_fp": everything.best(LOW_FALSE_POSITIVES).scaled(LOW_FALSE_POSITIVES),
            "low_fn": everything.best(LOW_FALSE_NEGATIVES).scaled(LOW_FALSE_NEGATIVES),
            "false_rows": best.false_rows,
        })
    );

    let folders: BTreeSet<&str> = files.iter().map(File::folder).collect();
    let windows = best.windows as f64;
    let mut total = 0.0;
    for folder in folders {
        let here = sheet(&|file| file.folder() == folder);
        let others = sheet(&|file| file.folder() != folder).best(STANDARD).threshold;
        let outcome = here.at(others, STANDARD);
        total += outcome.total;
        let in_place = here.at(best.threshold, STANDARD).scaled(STANDARD);
        let held_out = outcome.scaled(STANDARD);
        println!("{}", json!({"of": "folder", "folder": folder, "in_place": in_place, "held_out": held_out}));
    }
    println!("{}", json!({"of": "held out", "standard": 100.0 * (total + windows) / (2.0 * windows)}));

    halves(&files, &scores);

    let weeks: f64 = files.iter().map(|f| f.weeks() * 0.85).sum();
    for sensitivity in [Sensitivity::Low, Sensitivity::Medium, Sensitivity::High] {
        let outcome = everything.at(sensitivity.threshold(), STANDARD);
        println!(
            "{}",
            json!({
                "of": "alerts", "sensitivity": sensitivity, "standard": outcome.scaled(STANDARD),
                "false_alerts": outcome.false_rows as f64 / weeks, "found": outcome.found,
            })
        );
    }
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
    println!("{}", json!({"of": "halves", "median": at(0.5), "low": at(0.05), "high": at(0.95)}));
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

fn write(out: &Path, files: &[File], scores: &[Vec<f64>]) -> Outcome<()> {
    for (file, scores) in files.iter().zip(scores) {
        let path = out.join(&file.name);
        std::fs::create_dir_all(path.parent().ok_or("no folder")?)?;
        let rows = file.times_ms.iter().zip(&file.values).zip(scores);
        let text: String = rows.map(|((time, value), score)| format!("{time},{value},{score}\n")).collect();
        std::fs::write(path, format!("timestamp,value,anomaly_score\n{text}"))?;
    }
    Ok(())
}
