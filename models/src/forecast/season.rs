//! Seasons: which there are, and a history without them.
//!
//! A season's profile is the mean deviation from a centred moving average per place in the cycle, outliers
//! trimmed, recent cycles weighing more, and shrunk towards no season by what chance alone would show
//! (James-Stein; Miller and Williams, *International Journal of Forecasting* 19, 2003). Several seasons are
//! taken out one after the other, the shortest first.

/// Cycles until a cycle weighs half.
const HALF_LIFE: f64 = 12.0;
/// A profile is kept if it explains this many times what chance would.
const EVIDENCE: f64 = 2.0;
/// A season of at least this many places is smoothed over neighbouring places.
const LONG: usize = 90;

/// A history split into seasons and the rest.
#[derive(Clone, Debug)]
pub(super) struct Split {
    /// The history without its seasons.
    pub(super) flat: Vec<f64>,
    /// Sum of all seasons for the steps after the end.
    pub(super) ahead: Vec<f64>,
}

/// Takes the seasons out of `values`, and continues them for `horizon` steps.
pub(super) fn split(values: &[f64], seasons: &[usize], horizon: usize) -> Split {
    let mut flat = values.to_vec();
    let mut ahead = vec![0.0; horizon];
    for &season in seasons {
        let Some(profile) = profile(&flat, season) else { continue };
        for (at, value) in flat.iter_mut().enumerate() {
            *value -= profile[at % season];
        }
        for (step, value) in ahead.iter_mut().enumerate() {
            *value += profile[(values.len() + step) % season];
        }
    }
    Split { flat, ahead }
}

/// The sum of all seasons at every point of the history.
pub(super) fn plain(values: &[f64], seasons: &[usize]) -> Vec<f64> {
    let flat = split(values, seasons, 0).flat;
    values.iter().zip(flat).map(|(value, flat)| value - flat).collect()
}

/// Deviation per place in the cycle, summing to zero; none where there is no season.
fn profile(values: &[f64], season: usize) -> Option<Vec<f64>> {
    let n = values.len();
    if season < 2 || n < 2 * season {
        return None;
    }
    let trend = moving_average(values, season);
    let mut places: Vec<Vec<(f64, f64)>> = vec![Vec::new(); season];
    for (at, trend) in trend.iter().enumerate() {
        if let Some(trend) = trend {
            let age = (n - at) as f64 / season as f64;
            places[at % season].push((values[at] - trend, 0.5f64.powf(age / HALF_LIFE)));
        }
    }
    let mut profile: Vec<f64> = places.iter_mut().map(|place| trimmed(place)).collect();
    let mean = profile.iter().sum::<f64>() / season as f64;
    profile.iter_mut().for_each(|value| *value -= mean);
    if season >= LONG {
        profile = neighbours(&profile);
    }
    let kept = kept(&places, &profile)?;
    profile.iter_mut().for_each(|value| *value *= kept);
    Some(profile)
}

/// The share of a profile that chance does not explain; none if that is too little.
fn kept(places: &[Vec<(f64, f64)>], profile: &[f64]) -> Option<f64> {
    let season = profile.len() as f64;
    let (mut noise, mut total, mut between, mut count) = (0.0, 0.0, 0.0, 0.0);
    for (place, value) in places.iter().zip(profile) {
        let sum: f64 = place.iter().map(|(deviation, _)| deviation).sum();
        between += if place.is_empty() { 0.0 } else { sum * sum / place.len() as f64 };
        for (deviation, _) in place {
            noise += (deviation - value).powi(2);
            total += deviation * deviation;
            count += 1.0;
        }
    }
    let free = (count - season).max(1.0);
    let ratio = (between / (season - 1.0)) / ((total - between).max(1e-300) / free);
    if total <= 0.0 || ratio <= EVIDENCE {
        return None;
    }
    let cycles = places.iter().map(Vec::len).min().unwrap_or(1).max(1) as f64;
    let spread = profile.iter().map(|value| value * value).sum::<f64>() / (season - 1.0);
    if season <= 3.0 || spread <= 0.0 {
        return Some(1.0);
    }
    Some((1.0 - (season - 3.0) / (season - 1.0) * (noise / free / cycles) / spread).clamp(0.0, 1.0))
}

/// Weighted mean without the largest and the smallest of five or more.
fn trimmed(place: &mut [(f64, f64)]) -> f64 {
    place.sort_by(|a, b| a.0.total_cmp(&b.0));
    let cut = match place.len() {
        0..5 => 0,
        few => few.div_ceil(10),
    };
    let inner = &place[cut..place.len() - cut];
    let weight: f64 = inner.iter().map(|(_, weight)| weight).sum();
    if weight > 0.0 { inner.iter().map(|(value, weight)| value * weight).sum::<f64>() / weight } else { 0.0 }
}

/// A year has many places and few cycles: each place borrows from those around it.
fn neighbours(profile: &[f64]) -> Vec<f64> {
    let season = profile.len();
    let reach = (season / 50).max(1);
    (0..season)
        .map(|at| {
            let (mut sum, mut weights) = (0.0, 0.0);
            for offset in 0..=2 * reach {
                let distance = offset as f64 - reach as f64;
                let weight = 1.0 - (distance / (reach as f64 + 1.0)).powi(2);
                sum += weight * profile[(at + season + offset - reach) % season];
                weights += weight;
            }
            sum / weights
        })
        .collect()
}

/// Centred moving average over a whole season; none at the edges.
fn moving_average(values: &[f64], season: usize) -> Vec<Option<f64>> {
    let half = season / 2;
    let mut sums = Vec::with_capacity(values.len() + 1);
    let mut sum = 0.0;
    sums.push(0.0);
    for value in values {
        sum += value;
        sums.push(sum);
    }
    let average = |at: usize| {
        if at < half || at + half >= values.len() {
            return None;
        }
        let inner = sums[at + half + 1] - sums[at - half];
        let inner =
            if season % 2 == 1 { inner } else { inner - 0.5 * (values[at - half] + values[at + half]) };
        Some(inner / season as f64)
    };
    (0..values.len()).map(average).collect()
}

/// Seasons that a history shows, among those that fit at least twice: the strongest peaks of the
/// autocorrelation of the history's changes, at most two, neither a multiple of a shorter one that already
/// explains it.
pub fn detect(values: &[f64]) -> Vec<usize> {
    let n = values.len().min(3_000);
    let values = &values[values.len() - n..];
    if n < 12 {
        return Vec::new();
    }
    let longest = (n / 3).min(400);
    let changes: Vec<f64> = values.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let correlation = autocorrelation(&changes, longest + 1);
    let chance = 2.6 / (changes.len() as f64).sqrt();
    let mut peaks: Vec<usize> = (2..=longest)
        .filter(|&lag| {
            let here = correlation[lag];
            here > chance.max(0.2) && here >= correlation[lag - 1] && here >= correlation[lag + 1]
        })
        .collect();
    peaks.sort_by(|a, b| correlation[*b].total_cmp(&correlation[*a]).then(a.cmp(b)));
    let Some(&first) = peaks.first() else { return Vec::new() };
    // Multiples of a season are peaks as well: the shortest that is nearly as strong is the season.
    let shortest = |of: usize| {
        let almost = |lag: &usize| of.is_multiple_of(*lag) && correlation[*lag] >= 0.9 * correlation[of];
        peaks.iter().copied().filter(almost).min().unwrap_or(of)
    };
    let base = shortest(first);
    let flat = split(values, &[base], 0).flat;
    let changes: Vec<f64> = flat.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let left = autocorrelation(&changes, longest + 1);
    let second = (base + 1..=longest)
        .filter(|lag| lag.is_multiple_of(base) && left[*lag] > chance.max(0.3))
        .max_by(|a, b| left[*a].total_cmp(&left[*b]).then(b.cmp(a)));
    std::iter::once(base).chain(second).collect()
}

fn autocorrelation(values: &[f64], longest: usize) -> Vec<f64> {
    let n = values.len();
    let mean = values.iter().sum::<f64>() / n as f64;
    let centred: Vec<f64> = values.iter().map(|value| value - mean).collect();
    let total: f64 = centred.iter().map(|value| value * value).sum();
    (0..=longest)
        .map(|lag| {
            if total <= 0.0 || lag >= n {
                return 0.0;
            }
            centred[lag..].iter().zip(&centred).map(|(a, b)| a * b).sum::<f64>() / total
        })
        .collect()
}
