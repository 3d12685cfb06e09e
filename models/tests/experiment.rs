//! The experiment statistics from outside: published figures, laws that must hold, and hostile numbers.

use opentrace_models::experiment::{
    Arm, Before, DEFAULT_TUNING, Prior, Scale, Sums, bayes, benjamini_hochberg, cuped, holm, mismatch,
    proportions, sequential, welch,
};
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

fn near(given: f64, want: f64, within: f64) {
    assert!((given - want).abs() <= within, "{given} is not {want}");
}

/// The Cookie Cats experiment (44,700 and 45,489 players) as another program reports it.
#[test]
fn agrees_with_published_figures() {
    let control = Arm::proportion(44_700, 8_502).expect("control");
    let variant = Arm::proportion(45_489, 8_279).expect("variant");
    let test = welch(&control, &variant, Scale::Relative, 0.05).expect("test");
    near(test.estimate, -0.043_119, 1e-6);
    near(test.p, 0.001_218, 1e-6);
    let always = sequential(&control, &variant, Scale::Relative, 0.05, DEFAULT_TUNING).expect("test");
    near(always.p, 0.066_514, 1e-6);
    near(always.interval.0, -0.087_406, 1e-6);
    near(always.interval.1, 0.001_168, 1e-6);
    let belief = bayes(&control, &variant, Scale::Relative, Prior::Flat, 0.05).expect("belief");
    near(belief.chance_to_win, 0.000_609, 1e-6);
    let split = mismatch(&[44_700, 45_489], &[1.0, 1.0]).expect("split");
    near(split.p, 0.008_608, 1e-6);
    assert!(!split.broken());
}

/// Newcombe 1998, table II, example (a): 56/70 against 48/80, method 10 gives 0.0524 to 0.3339.
#[test]
fn proportions_agree_with_newcombe() {
    let test = proportions((80, 48), (70, 56), 0.05).expect("test");
    near(test.interval.0, 0.0524, 5e-5);
    near(test.interval.1, 0.3339, 5e-5);
}

#[test]
fn corrections_agree_with_worked_examples() {
    let p = [0.01, 0.04, 0.03, 0.005];
    for (given, want) in holm(&p).expect("holm").iter().zip([0.03, 0.06, 0.06, 0.02]) {
        near(*given, want, 1e-12);
    }
    for (given, want) in benjamini_hochberg(&p).expect("bh").iter().zip([0.02, 0.04, 0.04, 0.02]) {
        near(*given, want, 1e-12);
    }
    assert!(holm(&[]).expect("nothing").is_empty());
    assert_eq!(holm(&[f64::NAN]).expect_err("not a number").code(), "out_of_range");
}

#[test]
fn looking_often_does_not_raise_false_findings() {
    let mut random = StdRng::seed_from_u64(7);
    let experiments = 1000;
    let mut found = 0;
    for _ in 0..experiments {
        let (mut n, mut successes) = (0, [0; 2]);
        let stopped = (0..100).any(|_| {
            n += 50;
            for arm in &mut successes {
                *arm += (0..50).filter(|_| random.random::<f64>() < 0.3).count() as u64;
            }
            let control = Arm::proportion(n, successes[0]).expect("control");
            let variant = Arm::proportion(n, successes[1]).expect("variant");
            sequential(&control, &variant, Scale::Absolute, 0.05, DEFAULT_TUNING)
                .is_ok_and(|test| test.p <= 0.05)
        });
        found += u32::from(stopped);
    }
    assert!(found <= experiments / 20, "{found} of {experiments}");
}

/// Theory: a correlation of 0.7 leaves 1 − 0.49 of the variance.
#[test]
fn cuped_removes_what_the_past_explains() {
    let mut random = StdRng::seed_from_u64(3);
    let mut arm = || {
        let mut noise = || (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
        let people: Vec<(f64, f64)> = (0..20_000)
            .map(|_| {
                let past = noise();
                (past, 10.0 + 0.7 * past + 0.51_f64.sqrt() * noise())
            })
            .collect();
        let (past, now): (Vec<f64>, Vec<f64>) = people.iter().copied().unzip();
        let products = people.iter().map(|(past, now)| past * now).sum();
        Before { during: Sums::of(&now), before: Sums::of(&past), products }
    };
    let (a, b) = (arm(), arm());
    let plain = |one: &Before| Arm::mean(one.during).expect("arm");
    let raw = welch(&plain(&a), &plain(&b), Scale::Absolute, 0.05).expect("raw");
    let (control, variant) = cuped(&a, &b).expect("cuped");
    let less = welch(&control, &variant, Scale::Absolute, 0.05).expect("less noise");
    near((less.error / raw.error).powi(2), 0.51, 0.02);
    near(less.estimate, 0.0, 4.0 * less.error);
}

#[test]
fn refuses_what_has_no_answer() {
    let flat = Arm::proportion(100, 0).expect("arm");
    let arm = Arm::proportion(100, 50).expect("arm");
    let code = |scale| welch(&flat, &arm, scale, 0.05).expect_err("flat").code();
    assert_eq!(code(Scale::Absolute), "degenerate");
    assert_eq!(Arm::proportion(1, 1).expect_err("one person").code(), "too_few");
    assert_eq!(Arm::proportion(5, 6).expect_err("too many").code(), "out_of_range");
    assert_eq!(welch(&arm, &arm, Scale::Absolute, 1.0).expect_err("alpha").code(), "out_of_range");
    assert_eq!(mismatch(&[1, 2], &[1.0]).expect_err("weights").code(), "shape");
    assert_eq!(mismatch(&[0, 0], &[1.0, 1.0]).expect_err("nobody").code(), "too_few");
    assert_eq!(proportions((9, 9), (8, 8), 0.05).expect_err("all").code(), "degenerate");
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>(), -1e6..1e6_f64, 0.0..10.0_f64, Just(0.0)]
}

fn sums() -> impl Strategy<Value = Sums> {
    (prop_oneof![0..5_u64, any::<u64>(), 2..100_000_u64], number(), number())
        .prop_map(|(n, sum, squares)| Sums { n, sum, squares })
}

proptest! {
    /// Whatever the sums, an answer is made of numbers and its parts agree.
    #[test]
    fn never_answers_with_nan(
        (a, b, alpha, tuning, relative) in (sums(), sums(), number(), number(), any::<bool>()),
        (mean, deviation) in (number(), number()),
    ) {
        let (Ok(a), Ok(b)) = (Arm::mean(a), Arm::mean(b)) else { return Ok(()) };
        let scale = if relative { Scale::Relative } else { Scale::Absolute };
        for alpha in [alpha, 0.05] {
            let fixed = welch(&a, &b, scale, alpha);
            let always = sequential(&a, &b, scale, alpha, tuning);
            for test in [fixed, always].into_iter().flatten() {
                prop_assert!((0.0..=1.0).contains(&test.p), "{test:?}");
                prop_assert!(test.interval.0 <= test.estimate && test.estimate <= test.interval.1, "{test:?}");
            }
            for prior in [Prior::Flat, Prior::Normal { mean, deviation }] {
                if let Ok(belief) = bayes(&a, &b, scale, prior, alpha) {
                    prop_assert!((0.0..=1.0).contains(&belief.chance_to_win), "{belief:?}");
                    prop_assert!(belief.risk_of_control >= 0.0 && belief.risk_of_variant >= 0.0);
                    prop_assert!(belief.interval.0 <= belief.mean && belief.mean <= belief.interval.1, "{belief:?}");
                }
            }
        }
    }

    /// Holm is never milder than Benjamini-Hochberg, and neither milder than no correction.
    #[test]
    fn corrections_are_ordered(p in prop::collection::vec(0.0..=1.0_f64, 0..30)) {
        let (strict, mild) = (holm(&p).expect("holm"), benjamini_hochberg(&p).expect("bh"));
        for ((p, strict), mild) in p.iter().zip(strict).zip(mild) {
            prop_assert!(*p <= mild + 1e-12 && mild <= strict + 1e-12 && strict <= 1.0);
        }
    }
}
