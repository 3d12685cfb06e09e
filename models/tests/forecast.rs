//! What the forecaster promises, on series whose truth is known.

use opentrace_models::forecast::{Event, Forecast, Forecaster, detect};
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

fn some(values: impl IntoIterator<Item = f64>) -> Vec<Option<f64>> {
    values.into_iter().map(Some).collect()
}

fn normal(random: &mut StdRng) -> f64 {
    (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0
}

fn mean_error(forecast: &Forecast, truth: impl Fn(usize) -> f64) -> f64 {
    let errors = forecast.mean.iter().enumerate().map(|(step, value)| (value - truth(step)).abs());
    errors.sum::<f64>() / forecast.mean.len() as f64
}

/// A day and a week at once, as in the traffic of a site.
fn traffic(hour: usize) -> f64 {
    let day = [1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.4][(hour / 24) % 7];
    100.0 * day * (1.2 + ((hour % 24) as f64 / 24.0 * std::f64::consts::TAU).sin())
}

#[test]
fn several_seasons_are_continued() {
    let mut random = StdRng::seed_from_u64(1);
    let n = 24 * 7 * 5;
    let history = some((0..n).map(|hour| traffic(hour) + normal(&mut random)));
    let forecast = Forecaster::new(48, &[24, 168]).forecast(&history).expect("an answer");
    let error = mean_error(&forecast, |step| traffic(n + step));
    assert!(error < 3.0, "{error}");
    let daily = Forecaster::new(48, &[24]).forecast(&history).expect("an answer");
    assert!(mean_error(&daily, |step| traffic(n + step)) > error);
}

#[test]
fn a_trend_goes_on_and_fades() {
    let history = some((0..60).map(|i| 100.0 + 2.0 * f64::from(i)));
    let forecast = Forecaster::new(10, &[]).forecast(&history).expect("an answer");
    assert!((forecast.mean[0] - 220.0).abs() < 2.0, "{:?}", forecast.mean);
    assert!(forecast.mean[9] > 228.0 && forecast.mean[9] < 242.0, "{:?}", forecast.mean);
}

#[test]
fn missing_values_are_no_obstacle() {
    let n = 24 * 7 * 4;
    let mut random = StdRng::seed_from_u64(2);
    let history: Vec<Option<f64>> =
        (0..n).map(|hour| (random.random::<f64>() > 0.2).then(|| traffic(hour))).collect();
    let forecast = Forecaster::new(24, &[24, 168]).forecast(&history).expect("an answer");
    let error = mean_error(&forecast, |step| traffic(n + step));
    assert!(error < 8.0, "{error}");
}

#[test]
fn intervals_hold_what_they_promise() {
    let mut random = StdRng::seed_from_u64(3);
    let (mut inside, mut all) = ([0.0; 2], 0.0);
    for _ in 0..60 {
        let mut level: f64 = 50.0;
        let mut values = Vec::new();
        for day in 0..132 {
            level += 0.5 * normal(&mut random);
            values.push(level + 3.0 * f64::from(day % 7) + normal(&mut random));
        }
        let truth = values.split_off(120);
        let forecast = Forecaster::new(12, &[7]).forecast(&some(values)).expect("an answer");
        for (step, truth) in truth.iter().enumerate() {
            all += 1.0;
            for (inside, band) in inside.iter_mut().zip(&forecast.bands) {
                *inside += f64::from(u8::from(band.lower[step] <= *truth && *truth <= band.upper[step]));
            }
        }
    }
    let shares = inside.map(|count| count / all);
    assert!((0.72..0.90).contains(&shares[0]) && (0.90..=0.99).contains(&shares[1]), "{shares:?}");
}

#[test]
fn what_rested_lately_may_move_again() {
    let rate = (0..40).map(|day| if day < 18 { 43.0 + f64::from(day * 7 % 5 / 2) } else { 44.0 });
    let forecast = Forecaster::new(7, &[]).forecast(&some(rate)).expect("an answer");
    let band = &forecast.bands[0];
    for step in 0..7 {
        assert!((forecast.mean[step] - 44.0).abs() < 0.5, "{:?}", forecast.mean);
        assert!(band.upper[step] - band.lower[step] > 0.2, "{band:?}");
    }
}

#[test]
fn many_series_teach_how_wide_intervals_are() {
    let mut random = StdRng::seed_from_u64(4);
    // Series that jump at their end, which no series alone could know.
    let series: Vec<Vec<Option<f64>>> = (0..30)
        .map(|_| {
            some((0..40).map(|i| {
                100.0 + normal(&mut random) + if i >= 36 { 30.0 * normal(&mut random) } else { 0.0 }
            }))
        })
        .collect();
    let mut forecaster = Forecaster::new(4, &[]);
    forecaster.calibrate(series.iter().map(Vec::as_slice)).expect("calibrates");
    let widths = [0.8, 0.95].map(|level| forecaster.widths.factor(level, 40));
    assert!(widths.iter().all(|width| *width > 1.5), "{widths:?}");
}

#[test]
fn a_holiday_is_taken_out_and_comes_again() {
    let mut random = StdRng::seed_from_u64(5);
    let holidays = [40, 90, 140, 205];
    let value = |day: usize| {
        let usual = 200.0 + 20.0 * (day % 7) as f64;
        if holidays.contains(&day) { usual * 0.3 } else { usual }
    };
    let history = some((0..200).map(|day| value(day) + normal(&mut random)));
    let event = Event { at: holidays.to_vec() };
    let forecast = Forecaster::new(10, &[7]).forecast_with(&history, &[event]).expect("an answer");
    let plain = Forecaster::new(10, &[7]).forecast(&history).expect("an answer");
    let error = mean_error(&forecast, |step| value(200 + step));
    assert!(error < 0.5 * mean_error(&plain, |step| value(200 + step)), "{error}");
    assert!((forecast.mean[5] - value(205)).abs() < 40.0, "{:?}", forecast.mean);
}

#[test]
fn seasons_are_found() {
    let mut random = StdRng::seed_from_u64(6);
    let hours: Vec<f64> = (0..24 * 7 * 6).map(|hour| traffic(hour) + normal(&mut random)).collect();
    assert_eq!(detect(&hours), [24, 168]);
    let noise: Vec<f64> = (0..400).map(|_| normal(&mut random)).collect();
    assert!(detect(&noise).is_empty());
    assert!(detect(&[1.0; 100]).is_empty() && detect(&[]).is_empty());
}

#[test]
fn what_cannot_be_forecast_is_refused_and_little_is_enough() {
    let code = |forecaster: &Forecaster, values: &[Option<f64>]| {
        forecaster.forecast(values).map(|_| "").unwrap_or_else(|error| error.code())
    };
    let forecaster = Forecaster::new(3, &[7]);
    assert_eq!(code(&forecaster, &[]), "too_few");
    assert_eq!(code(&forecaster, &[None, Some(f64::NAN)]), "too_few");
    assert_eq!(code(&forecaster, &[Some(1.0), Some(f64::INFINITY)]), "out_of_range");
    assert_eq!(code(&Forecaster::new(0, &[]), &[Some(1.0)]), "out_of_range");
    assert_eq!(code(&Forecaster::new(1, &[]).levels(&[1.0]), &[Some(1.0)]), "out_of_range");
    let one = forecaster.forecast(&[Some(5.0)]).expect("one value");
    assert!(one.mean.iter().all(|value| (value - 5.0).abs() < 1e-9), "{:?}", one.mean);
    let flat = forecaster.forecast(&some([4.0; 50])).expect("a constant");
    assert!(flat.mean.iter().all(|value| (value - 4.0).abs() < 1e-6), "{:?}", flat.mean);
}

fn value() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        6 => (0..20i32).prop_map(|v| Some(f64::from(v))),
        3 => (-1e3..1e3f64).prop_map(Some),
        1 => any::<f64>().prop_map(Some),
        2 => Just(None),
        1 => Just(Some(0.0)),
        1 => (-1e30..1e30f64).prop_map(Some),
        1 => Just(Some(f64::MIN_POSITIVE)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Whatever the history: an error, or finite numbers in order; and the same again.
    #[test]
    fn every_answer_is_finite(
        values in prop::collection::vec(value(), 0..120),
        seasons in prop::collection::vec(0usize..40, 0..3),
        horizon in 0usize..30,
    ) {
        let forecaster = Forecaster::new(horizon, &seasons);
        if let Ok(forecast) = forecaster.forecast(&values) {
            prop_assert_eq!(forecast.mean.len(), horizon);
            for band in &forecast.bands {
                for (step, mean) in forecast.mean.iter().enumerate() {
                    let (low, high) = (band.lower[step], band.upper[step]);
                    prop_assert!(low.is_finite() && high.is_finite() && mean.is_finite(), "{forecast:?}");
                    prop_assert!(low <= *mean && *mean <= high, "{low} {mean} {high}");
                }
            }
            prop_assert_eq!(forecaster.forecast(&values).expect("again"), forecast);
        }
    }
}
