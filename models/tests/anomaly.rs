//! What the detector promises, on series whose truth is known.

use opentrace_models::Error;
use opentrace_models::anomaly::{Detector, Kind, Point, Sensitivity};
use proptest::prelude::*;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// Deterministic noise, roughly normal with unit variance.
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    /// Knuth's method; means are small here.
    fn poisson(&mut self, mean: f64) -> f64 {
        let (limit, mut product, mut count) = ((-mean).exp(), self.uniform(), 0.0);
        while product > limit {
            product *= self.uniform();
            count += 1.0;
        }
        count
    }
}

fn run(step_ms: i64, values: impl IntoIterator<Item = f64>) -> Vec<Point> {
    let mut detector = Detector::new();
    let observe = |(row, value)| detector.observe(row as i64 * step_ms, Some(value)).expect("a good point");
    values.into_iter().enumerate().map(observe).collect()
}

fn alerts(points: &[Point]) -> Vec<usize> {
    let threshold = Sensitivity::Medium.threshold();
    (0..points.len()).filter(|row| points[*row].score >= threshold).collect()
}

#[test]
fn a_spike_and_a_drop_are_told_apart_and_explained() {
    for (outlier, kind, word) in [(40.0, Kind::Spike, "above"), (-40.0, Kind::Drop, "below")] {
        let mut noise = Noise(1);
        let points =
            run(5 * MINUTE, (0..1500).map(|i| noise.normal() + if i == 1200 { outlier } else { 0.0 }));
        assert_eq!(alerts(&points).iter().filter(|row| **row >= 1200).collect::<Vec<_>>(), [&1200]);
        assert_eq!(points[1200].kind, Some(kind));
        let reason = points[1200].reason.expect("an alert has a reason").to_string();
        assert!(reason.contains(word), "{reason}");
    }
}

#[test]
fn a_shift_is_reported_once_and_named() {
    let mut noise = Noise(2);
    let points = run(5 * MINUTE, (0..2000).map(|i| noise.normal() + if i >= 1200 { 15.0 } else { 0.0 }));
    assert_eq!(alerts(&points).iter().filter(|row| **row >= 1200).count(), 1);
    assert_eq!(points[1200].kind, Some(Kind::Spike));
    assert_eq!(points[1215].kind, Some(Kind::LevelShift));
    assert!((points[1999].expected - 15.0).abs() < 2.0, "{:?}", points[1999]);
}

#[test]
fn a_slow_drift_is_a_trend() {
    let mut noise = Noise(3);
    let drift = |i: i32| f64::from((i - 1200).clamp(0, 400)) * 0.06;
    let points = run(5 * MINUTE, (0..1700).map(|i| noise.normal() + drift(i)));
    let kinds: Vec<_> =
        alerts(&points).into_iter().filter(|row| *row >= 1200).map(|row| points[row].kind).collect();
    assert!(kinds.contains(&Some(Kind::Trend)), "{kinds:?}");
}

#[test]
fn a_missing_value_is_news_only_where_values_never_miss() {
    let mut detector = Detector::new();
    for i in 0..500 {
        detector.observe(i * HOUR, Some(5.0 + (i % 3) as f64)).expect("a good point");
    }
    let missing = detector.observe(500 * HOUR, None).expect("a missing point");
    assert!(missing.score > 0.9 && missing.kind == Some(Kind::Missing), "{missing:?}");
    let mut sparse = Detector::new();
    let mut last = 0.0;
    for i in 0..500 {
        last = sparse.observe(i * HOUR, (i % 2 == 0).then_some(5.0)).expect("a good point").score;
    }
    assert!(last < 0.5, "{last}");
}

#[test]
fn an_absent_peak_of_the_day_is_a_drop_and_the_peaks_are_not_anomalies() {
    let mut noise = Noise(4);
    let daily = |i: i64| if (9..17).contains(&((i / 12) % 24)) { 80.0 } else { 20.0 };
    let quiet_day = 12 * 24 * 11;
    let points = run(
        5 * MINUTE,
        (0..12 * 24 * 13).map(|i| {
            let base = if (quiet_day..quiet_day + 288).contains(&i) { 20.0 } else { daily(i) };
            base + noise.normal()
        }),
    );
    let found = alerts(&points);
    let (start, end) = (quiet_day as usize + 9 * 12, quiet_day as usize + 17 * 12);
    assert!(found.iter().any(|row| (start..start + 6).contains(row)), "{found:?}");
    assert!(
        found.iter().filter(|row| **row > 288 * 5 && !(start..end + 300).contains(*row)).count() <= 1,
        "{found:?}"
    );
}

#[test]
fn quiet_weekends_are_learned() {
    let mut noise = Noise(5);
    let base = |hour: i64| if (hour / 24) % 7 >= 5 { 30.0 } else { 100.0 };
    let points = run(HOUR, (0..24 * 7 * 12).map(|hour| base(hour) + 3.0 * noise.normal()));
    let late = &points[24 * 7 * 8..];
    assert!(alerts(late).len() <= 2, "{:?}", alerts(late));
    let weekend = &points[24 * 7 * 11 + 24 * 6];
    assert!((weekend.expected - 30.0).abs() < 10.0, "{weekend:?}");
}

/// Half a year of days, a week of which goes like a working one, with noise of 3 %.
fn days(noise: &mut Noise) -> Vec<f64> {
    const WEEK: [f64; 7] = [1.08, 1.14, 1.13, 1.1, 1.0, 0.76, 0.79];
    (0..26 * 7).map(|day| (10_000.0 * WEEK[day % 7] * (1.0 + 0.03 * noise.normal())).round()).collect()
}

#[test]
fn a_bad_day_among_days_is_found_and_ordinary_ones_are_not() {
    let (mut told, mut found) = (0, 0);
    for seed in 0..20 {
        let mut ordinary = days(&mut Noise(seed));
        told += alerts(&run(24 * HOUR, ordinary.iter().copied())).len();
        let bad = 70 + seed as usize * 5;
        ordinary[bad] = (ordinary[bad] / 2.0).round();
        let points = run(24 * HOUR, ordinary);
        found += usize::from(alerts(&points).contains(&bad) && points[bad].kind == Some(Kind::Drop));
    }
    assert!(told <= 2, "{told} false alerts in ten years of days");
    assert!(found >= 18, "{found} of 20 days with half the visitors");
}

#[test]
fn what_is_expected_of_a_day_is_what_its_weekdays_were() {
    let mut noise = Noise(3);
    let values = days(&mut noise);
    let points = run(24 * HOUR, values.iter().copied());
    for (day, (point, value)) in points.iter().zip(&values).enumerate().skip(56) {
        assert!((point.expected - value).abs() < 0.15 * value, "day {day}: {point:?} of {value}");
    }
}

#[test]
fn chance_among_small_counts_is_not_reported() {
    let mut noise = Noise(6);
    let mut rows = 0;
    let mut found = 0;
    for mean in [0.02, 0.5, 4.0] {
        let points = run(5 * MINUTE, (0..12 * 24 * 28).map(|_| noise.poisson(mean)));
        rows += 4;
        found += alerts(&points).len();
        assert!(points.iter().all(|point| point.lower >= 0.0 && point.upper.fract() == 0.0));
    }
    assert!(f64::from(found as u32) / f64::from(rows) < 1.0, "{found} alerts in {rows} series-weeks");
}

#[test]
fn the_band_holds_ordinary_values() {
    let mut noise = Noise(7);
    let values: Vec<f64> = (0..8000).map(|_| noise.normal()).collect();
    let points = run(5 * MINUTE, values.iter().copied());
    let inside = |i: &usize| values[*i] >= points[*i].lower && values[*i] <= points[*i].upper;
    let coverage = (2000..8000).filter(inside).count() as f64 / 6000.0;
    assert!((0.98..0.998).contains(&coverage), "{coverage}");
}

#[test]
fn noise_alone_is_quiet() {
    let mut found = 0;
    for seed in 0..5 {
        let mut noise = Noise(100 + seed);
        found += alerts(&run(5 * MINUTE, (0..12 * 24 * 28).map(|_| noise.normal()))).len();
    }
    assert!(found <= 20, "{found} alerts in 20 series-weeks");
}

#[test]
fn a_constant_series_is_quiet_until_it_moves() {
    let points = run(MINUTE, (0..2000).map(|i| if i == 1500 { 46.0 } else { 45.0 }));
    assert_eq!(alerts(&points), [1500]);
    let last = points.last().expect("points");
    assert!((last.expected - 45.0).abs() < 0.01 && last.upper < 50.0, "{last:?}");
}

#[test]
fn a_perfect_square_wave_is_quiet_once_a_few_days_are_known() {
    let wave = |i: i64| if (9..18).contains(&((i / 12) % 24)) { 80.0 } else { 20.0 };
    let points = run(5 * MINUTE, (0..288 * 14).map(wave));
    let late: Vec<usize> = alerts(&points).into_iter().filter(|row| *row >= 288 * 3).collect();
    assert!(late.is_empty(), "{late:?}");
}

#[test]
fn a_negative_value_among_counts_is_a_drop_and_the_series_goes_on() {
    let mut noise = Noise(12);
    let values: Vec<f64> = (0..1000).map(|i| if i == 900 { -50.0 } else { noise.poisson(6.0) }).collect();
    let points = run(5 * MINUTE, values);
    assert_eq!(points[900].kind, Some(Kind::Drop), "{:?}", points[900]);
    assert!(points[950].expected > 2.0 && points[950].expected < 10.0, "{:?}", points[950]);
}

#[test]
fn bad_points_are_refused_and_do_not_stop_the_series() {
    let mut detector = Detector::new();
    detector.observe(0, Some(1.0)).expect("a good point");
    let code = |result: Result<Point, Error>| result.map(|_| "").unwrap_or_else(|error| error.code());
    assert_eq!(code(detector.observe(0, Some(1.0))), "out_of_order");
    assert_eq!(code(detector.observe(-5, Some(1.0))), "out_of_order");
    assert_eq!(code(detector.observe(5, Some(f64::INFINITY))), "out_of_range");
    assert_eq!(code(detector.observe(5, Some(-1e31))), "out_of_range");
    assert_eq!(detector.observe(5, Some(f64::NAN)).expect("missing").kind, Some(Kind::Missing));
    assert_eq!(code(detector.observe(6, Some(2.0))), "");
}

#[test]
fn a_saved_detector_goes_on_as_if_nothing_happened() {
    let mut noise = Noise(8);
    let values: Vec<f64> = (0..3000).map(|_| noise.normal() * 4.0 + 20.0).collect();
    let whole = run(HOUR, values.iter().copied());
    let mut detector = Detector::new();
    for (row, value) in values.iter().enumerate() {
        if row % 700 == 0 {
            let bytes = postcard::to_stdvec(&detector).expect("serialises");
            assert!(bytes.len() <= 4096, "{} bytes", bytes.len());
            detector = postcard::from_bytes(&bytes).expect("reads back");
        }
        assert_eq!(detector.observe(row as i64 * HOUR, Some(*value)).expect("a good point"), whole[row]);
    }
    // What the process holds: the struct, eight tails of 128 two-byte counts, 108 bins of 12 bytes.
    assert!(size_of::<Detector>() + 8 * 256 + 108 * 12 <= 4096, "{} on the stack", size_of::<Detector>());
}

fn values() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        4 => (-5..6i32).prop_map(|v| Some(f64::from(v))),
        2 => any::<f64>().prop_map(Some),
        1 => Just(None),
        1 => Just(Some(0.0)),
        1 => (-1e30..1e30f64).prop_map(Some),
        1 => Just(Some(f64::MIN_POSITIVE)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever comes, in whatever order: an error, or an answer of finite numbers.
    #[test]
    fn every_answer_is_finite(points in prop::collection::vec((any::<i64>(), values(), any::<bool>()), 0..300)) {
        let mut detector = Detector::new();
        let mut clock = i64::MIN / 2;
        for (at, value, jump) in points {
            clock = if jump { at } else { clock.saturating_add(at.rem_euclid(HOUR)) };
            if let Ok(point) = detector.observe(clock, value) {
                prop_assert!((0.0..=1.0).contains(&point.score), "{point:?}");
                prop_assert!(point.lower.is_finite() && point.upper.is_finite(), "{point:?}");
                prop_assert!(point.lower <= point.expected && point.expected <= point.upper, "{point:?}");
                prop_assert_eq!(point.reason.is_some(), point.score >= Sensitivity::Medium.threshold());
            }
        }
    }

    /// Causal: what comes later does not change an answer.
    #[test]
    fn the_future_changes_nothing(values in prop::collection::vec(-100..100i32, 2..200), cut in 1usize..100) {
        let cut = cut.min(values.len());
        let all = run(HOUR, values.iter().map(|v| f64::from(*v)));
        let part = run(HOUR, values[..cut].iter().map(|v| f64::from(*v)));
        prop_assert_eq!(&all[..cut], &part[..]);
    }
}
