//! Predictions, recommendations, clusters, and the speed of the anomaly detector.

use crate::Outcome;
use opentrace_models::anomaly::Detector;
use opentrace_models::predict::{Metrics, Predictor, Table, Task, Values, measure};
use opentrace_models::recommend::Recommender;
use opentrace_models::segment::{Points, kmeans};
use serde_json::json;
use std::collections::HashMap;
use std::time::Instant;

const FOLDS: usize = 5;

/// Five-fold cross-validation around the whole training, folds by row number.
pub(crate) fn predict(file: &str, target: &str, without: &[&str]) -> Outcome<()> {
    let text = std::fs::read_to_string(file)?;
    let mut lines = text.lines();
    let split = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<String>>();
    let names = split(lines.next().ok_or("no header")?);
    let mut table = Table::from_cells(&names, &lines.map(split).collect::<Vec<_>>())?;
    table.columns.retain(|column| !without.contains(&column.name.as_str()));
    let started = Instant::now();
    let (mut predictions, mut truth) = (Vec::new(), Vec::new());
    for fold in 0..FOLDS {
        let rows = |inside: bool| -> Vec<usize> {
            (0..table.rows).filter(|row| (row % FOLDS != fold) == inside).collect()
        };
        let test = table.select(&rows(false));
        let model = Predictor::fit(&table.select(&rows(true)), target, 1)?;
        predictions.extend(model.predict(&test)?.iter().map(|one| one.prediction));
        let Some(Values::Categories(names)) = test.column(target).map(|column| &column.values) else {
            return Err("want a target of two names".into());
        };
        truth.extend(names.iter().map(|name| f64::from(u8::from(*name == model.positive))));
    }
    let seconds = started.elapsed().as_secs_f64();
    let Metrics::Class { auc, log_loss, calibration_error } = measure(Task::Class, &predictions, &truth)
    else {
        return Err("want a class".into());
    };
    println!("{}", json!({"auc": auc, "log_loss": log_loss, "ece": calibration_error, "seconds": seconds}));
    Ok(())
}

/// MSWeb: every tenth user is kept apart; each page of those with two or more is hidden once and looked for
/// among the ten that are recommended from the others. Means over pages of a user, then over users.
pub(crate) fn recommend(file: &str) -> Outcome<()> {
    let text = String::from_utf8_lossy(&std::fs::read(file)?).into_owned();
    let mut pages: HashMap<&str, usize> = HashMap::new();
    let mut users: Vec<Vec<usize>> = Vec::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split(',').collect();
        match cells[..] {
            ["A", page, ..] => {
                let next = pages.len();
                pages.insert(page, next);
            }
            ["C", ..] => users.push(Vec::new()),
            ["V", page, ..] => users.last_mut().ok_or("a visit without a user")?.push(pages[page]),
            _ => {}
        }
    }
    let (mut train, mut test) = (Vec::new(), Vec::new());
    for (number, user) in users.into_iter().enumerate() {
        if number % 10 == 3 { test.push(user) } else { train.push(user) }
    }
    let started = Instant::now();
    let model = Recommender::fit(&train, pages.len())?;
    let (mut hits, mut gain, mut people) = (0.0, 0.0, 0.0);
    for user in test.iter().filter(|user| user.len() >= 2) {
        people += 1.0;
        for hidden in user {
            let others: Vec<usize> = user.iter().copied().filter(|page| page != hidden).collect();
            let found = model.recommend(&others, 10).iter().position(|best| best.item == *hidden);
            if let Some(rank) = found {
                hits += 1.0 / user.len() as f64;
                gain += 1.0 / ((rank + 2) as f64).log2() / user.len() as f64;
            }
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    let (hits, gain) = (hits / people, gain / people);
    println!("{}", json!({"hit_rate": hits, "ndcg": gain, "people": people, "seconds": seconds}));
    Ok(())
}

/// k-means on points from a file of little-endian 64-bit numbers.
pub(crate) fn cluster(file: &str, width: usize, k: usize) -> Outcome<()> {
    let bytes = std::fs::read(file)?;
    let numbers = bytes.chunks_exact(8).map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap_or_default()));
    let points = Points::new(width, numbers.collect())?;
    let (started, cpu) = (Instant::now(), cpu_seconds());
    let clusters = kmeans(&points, k, 1)?;
    let (seconds, cpu) = (started.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    println!("{}", json!({"inertia": clusters.inertia, "seconds": seconds, "cpu": cpu}));
    Ok(())
}

/// User and system time of this process, by Linux's count of hundredths; 0 elsewhere.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field, the program's name, may hold blanks; the times are fields 14 and 15.
    let fields = text.rsplit(") ").next().unwrap_or_default().split(' ').skip(11).take(2);
    fields.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Points a second of the anomaly detector on a daily wave with noise, one core.
pub(crate) fn detector() -> Outcome<()> {
    let points = 1_000_000;
    let mut detector = Detector::new();
    let mut state = 1u64;
    let started = Instant::now();
    let mut loudest = 0.0f64;
    for at in 0..points {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let noise = (state >> 11) as f64 / (1u64 << 53) as f64;
        let value = 50.0 + 20.0 * (at as f64 / 288.0 * std::f64::consts::TAU).sin() + 5.0 * noise;
        loudest = loudest.max(detector.observe(at * 300_000, Some(value))?.score);
    }
    let seconds = started.elapsed().as_secs_f64();
    // The struct, eight tails of 128 two-byte counts, 108 bins of 12 bytes.
    let bytes = std::mem::size_of::<Detector>() + 8 * 256 + 108 * 12;
    println!("{}", json!({"points_per_second": points as f64 / seconds, "bytes": bytes, "loudest": loudest}));
    Ok(())
}
