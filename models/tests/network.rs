//! The global network: it learns what series share, is left out where there is nothing, and never breaks a
//! forecast.

use opentrace_models::forecast::{Forecaster, Member};
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::LazyLock;

type History = Vec<Option<f64>>;

/// After every push a series answers in the same way: up at once, twice as far back four steps later. What
/// comes when is chance; no method that sees one short series can know the answer.
fn answering(seed: u64, n: usize) -> Vec<f64> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut effects = vec![0.0; n + 20];
    for at in 0..n {
        if random.random::<f64>() < 0.12 {
            let size = 8.0 + 4.0 * random.random::<f64>();
            for (after, share) in [1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0].into_iter().enumerate() {
                effects[at + after] += size * share;
            }
        }
    }
    (0..n).map(|at| 200.0 + effects[at] + random.random::<f64>()).collect()
}

fn histories(from: u64, count: u64) -> Vec<History> {
    (from..from + count).map(|seed| answering(seed, 60).into_iter().map(Some).collect()).collect()
}

static TRAINED: LazyLock<Forecaster> = LazyLock::new(|| {
    let mut forecaster = Forecaster::new(4, &[]);
    let worth = forecaster.train(histories(0, 40).iter().map(Vec::as_slice), 1).expect("trains");
    let worth = worth.expect("enough to learn from");
    assert!(worth.share > 0.0 && worth.with < 0.95 * worth.without, "{worth:?}");
    forecaster
});

#[test]
fn what_series_share_is_learned_and_helps_with_new_ones() {
    let plain = Forecaster::new(4, &[]);
    let (mut with, mut without, mut believed) = (0.0, 0.0, 0.0);
    for history in histories(1_000, 60) {
        let (known, truth) = history.split_at(56);
        let forecast = TRAINED.forecast(known).expect("an answer");
        let other = plain.forecast(known).expect("an answer");
        for (step, truth) in truth.iter().flatten().enumerate() {
            with += (forecast.mean[step] - truth).abs();
            without += (other.mean[step] - truth).abs();
        }
        believed += forecast.weights.iter().find(|(of, _)| *of == Member::Network).map_or(0.0, |of| of.1);
    }
    assert!(with < 0.95 * without, "{with} {without}");
    assert!(believed / 60.0 > 0.2, "{believed}");
}

#[test]
fn the_same_seed_gives_the_same_network() {
    let series = histories(0, 8);
    let train = |seed| {
        let mut forecaster = Forecaster::new(4, &[]);
        forecaster.train(series.iter().map(Vec::as_slice), seed).expect("trains");
        forecaster
    };
    assert_eq!(train(5), train(5));
}

#[test]
fn too_little_to_learn_from_leaves_the_network_out() {
    let mut forecaster = Forecaster::new(4, &[]);
    assert_eq!(forecaster.train(histories(0, 2).iter().map(Vec::as_slice), 1).expect("no error"), None);
    assert_eq!(forecaster.network, None);
    assert_eq!(forecaster.train([&[None, None][..]], 1).expect("no error"), None);
    assert_eq!(
        Forecaster::new(0, &[]).train([&[Some(1.0)][..]], 1).expect_err("no steps").code(),
        "out_of_range"
    );
}

#[test]
fn a_longer_horizon_than_was_learned_is_forecast_without_it() {
    let mut longer = TRAINED.clone();
    longer.horizon = 9;
    let forecast = longer.forecast(&histories(2_000, 1)[0]).expect("an answer");
    assert_eq!(forecast.mean.len(), 9);
    assert!(forecast.weights.iter().all(|(of, _)| *of != Member::Network));
}

fn value() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        6 => (-50.0..1_000.0f64).prop_map(Some),
        2 => Just(None),
        1 => any::<f64>().prop_map(Some),
        1 => Just(Some(0.0)),
        1 => Just(Some(f64::NAN)),
        1 => Just(Some(1e-300)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Whatever the history, a typed error or finite numbers in order.
    #[test]
    fn a_trained_forecaster_answers_or_says_why_not(
        values in prop::collection::vec(value(), 0..70),
        horizon in 1usize..5,
    ) {
        let mut forecaster = TRAINED.clone();
        forecaster.horizon = horizon;
        match forecaster.forecast(&values) {
            Ok(forecast) => {
                for band in &forecast.bands {
                    for step in 0..horizon {
                        let (low, mean, high) = (band.lower[step], forecast.mean[step], band.upper[step]);
                        prop_assert!(low.is_finite() && high.is_finite() && low <= mean && mean <= high);
                    }
                }
            }
            Err(error) => prop_assert!(["too_few", "out_of_range"].contains(&error.code()), "{error}"),
        }
    }
}
