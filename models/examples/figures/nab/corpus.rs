//! Reads the Numenta Anomaly Benchmark: one csv per series and the windows in
//! `windows.json` (`combined_windows.json` in the original).

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

/// One series with its labelled windows.
#[derive(Debug)]
pub(super) struct File {
    /// `folder/file.csv`.
    pub(super) name: String,
    /// Milliseconds since 1970, as if the clock were UTC.
    pub(super) times_ms: Vec<i64>,
    /// One value a time.
    pub(super) values: Vec<f64>,
    /// First and last row of each window.
    pub(super) windows: Vec<(usize, usize)>,
}

impl File {
    /// The folder it lies in.
    pub(super) fn folder(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    /// Rows before this one are not scored.
    pub(super) fn probation(&self) -> usize {
        (self.values.len() * 15 / 100).min(750)
    }

    /// How long the series is.
    pub(super) fn weeks(&self) -> f64 {
        let (first, last) = (self.times_ms[0], self.times_ms[self.times_ms.len() - 1]);
        (last - first) as f64 / (7.0 * 86_400_000.0)
    }
}

/// Every file that `windows.json` in `root` names.
///
/// # Errors
/// A file that is missing or not what it should be.
pub(super) fn load(root: &Path) -> Result<Vec<File>, Box<dyn Error>> {
    let windows = std::fs::read_to_string(root.join("windows.json"))?;
    let windows: BTreeMap<String, Vec<(String, String)>> = serde_json::from_str(&windows)?;
    windows.into_iter().map(|(name, windows)| read(root, name, &windows)).collect()
}

fn read(root: &Path, name: String, windows: &[(String, String)]) -> Result<File, Box<dyn Error>> {
    let text = std::fs::read_to_string(root.join("data").join(&name))?;
    let mut file = File { name, times_ms: Vec::new(), values: Vec::new(), windows: Vec::new() };
    for line in text.lines().skip(1).filter(|line| !line.is_empty()) {
        let (time, value) = line.split_once(',').ok_or("a row without a comma")?;
        file.times_ms.push(millis(time)?);
        file.values.push(value.trim().parse()?);
    }
    for (start, end) in windows {
        let (start, end) = (millis(start)?, millis(end)?);
        let first = file.times_ms.iter().position(|time| *time >= start).ok_or("a window after the end")?;
        let last = file.times_ms.iter().rposition(|time| *time <= end).ok_or("a window before the start")?;
        file.windows.push((first, last));
    }
    Ok(file)
}

/// `2014-02-14 14:30:00` with or without a fraction, as if it were UTC. Days from the civil date after
/// Howard Hinnant, *chrono-compatible low-level date algorithms*.
fn millis(text: &str) -> Result<i64, Box<dyn Error>> {
    let part = |range: std::ops::Range<usize>| -> Result<i64, Box<dyn Error>> {
        Ok(text.get(range).ok_or_else(|| format!("not a time: {text}"))?.parse()?)
    };
    let (year, month, day) = (part(0..4)?, part(5..7)?, part(8..10)?);
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468;
    let seconds = days * 86_400 + part(11..13)? * 3600 + part(14..16)? * 60 + part(17..19)?;
    Ok(seconds * 1000)
}
