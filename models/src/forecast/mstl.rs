//! Decomposition with several seasons (MSTL: Bandara, Hyndman and Bergmeir, 2021) and exponential
//! smoothing of what is left, both from the library `augurs`.

use augurs_core::{Fit, Predict};
use augurs_ets::AutoETS;
use augurs_ets::trend::AutoETSTrendModel;
use augurs_mstl::MSTLModel;

/// Points that are read: the search for the smoothing model costs per point.
const LONGEST: usize = 1_500;

/// Forecasts `horizon` steps; none without a season that fits twice, or where the library finds no model.
pub(super) fn forecast(values: &[f64], seasons: &[usize], horizon: usize) -> Option<Vec<f64>> {
    let longest = *seasons.iter().max()?;
    let values = &values[values.len().saturating_sub(LONGEST.max(4 * longest))..];
    if values.len() < 2 * longest + 1 {
        return None;
    }
    // The decomposition is in single precision: distances from the mean lose nothing to a high level.
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let centred: Vec<f64> = values.iter().map(|value| value - mean).collect();
    let search = AutoETS::new(1, "AZN").ok()?;
    let model = MSTLModel::new(seasons.to_vec(), AutoETSTrendModel::from(search));
    let forecast = model.fit(&centred).ok()?.predict(horizon, None).ok()?;
    let point = forecast.point;
    (point.len() == horizon && point.iter().all(|value| value.is_finite()))
        .then(|| point.iter().map(|value| value + mean).collect())
}
