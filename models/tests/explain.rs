//! Root causes are found where they were put.

use opentrace_models::anomaly::explain::{Amount, Cell, Explanation, explain};
use proptest::prelude::*;

/// Country, device, source, browser.
const SIZES: [u32; 4] = [8, 3, 6, 4];

struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, n: u32) -> u32 {
        ((self.uniform() * f64::from(n)) as u32).min(n - 1)
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

type Keys = Vec<(usize, u32)>;

fn inside(keys: &[u32], slice: &Keys) -> bool {
    slice.iter().all(|(dimension, value)| keys[*dimension] == *value)
}

fn grid() -> Vec<Vec<u32>> {
    let mut rows = vec![vec![]];
    for size in SIZES {
        rows = rows
            .into_iter()
            .flat_map(|row: Vec<u32>| (0..size).map(move |v| [row.clone(), vec![v]].concat()))
            .collect();
    }
    rows
}

/// Cells with uneven sizes, the noise of counts, and the causes' factors.
fn cells(random: &mut Random, causes: &[(Keys, f64)], ratio: bool) -> Vec<Cell> {
    let popularity: Vec<Vec<f64>> =
        SIZES.iter().map(|size| (0..*size).map(|_| 0.3 + random.uniform()).collect()).collect();
    let cell = |keys: Vec<u32>| {
        let size: f64 = keys.iter().zip(&popularity).map(|(key, of)| of[*key as usize]).product();
        let visits = 400.0 * size;
        let factor: f64 =
            causes.iter().filter(|(slice, _)| inside(&keys, slice)).map(|(_, factor)| factor).product();
        let noisy = |mean: f64, normal: f64| (mean + mean.sqrt() * normal).round().max(0.0);
        let (actual, expected) = if ratio {
            let (seen, rate) = (noisy(visits, random.normal()), 0.2);
            let sum = noisy(seen * rate * factor, random.normal()).min(seen);
            (Amount::ratio(sum, seen), Amount::ratio(visits * rate, visits))
        } else {
            (Amount::sum(noisy(visits * factor, random.normal())), Amount::sum(visits))
        };
        Cell { keys, actual, expected }
    };
    grid().into_iter().map(cell).collect()
}

/// A slice of one or two dimensions.
fn slice(random: &mut Random, depth: usize) -> Keys {
    let first = random.below(4) as usize;
    let second = (first + 1 + random.below(3) as usize) % 4;
    let mut dimensions = [first, second][..depth].to_vec();
    dimensions.sort_unstable();
    dimensions.into_iter().map(|dimension| (dimension, random.below(SIZES[dimension]))).collect()
}

/// How many of 100 generated cases have their cause, and nothing else, first.
fn found(depth: usize, factor: f64, ratio: bool) -> usize {
    let mut random = Random(9);
    let hit = |_: &usize| {
        let cause = slice(&mut random, depth);
        let explanation =
            explain(&cells(&mut random, &[(cause.clone(), factor)], ratio)).expect("good cells");
        explanation.slices.first().is_some_and(|slice| slice.keys == cause)
    };
    (0..100).filter(hit).count()
}

#[test]
fn one_cause_is_found_among_sums() {
    let counts = [found(1, 0.5, false), found(1, 1.6, false), found(2, 0.2, false), found(2, 2.5, false)];
    assert!(counts.iter().all(|count| *count >= 95), "{counts:?}");
}

#[test]
fn one_cause_is_found_among_ratios() {
    let counts = [found(1, 0.5, true), found(1, 1.8, true), found(2, 0.3, true), found(2, 2.5, true)];
    assert!(counts.iter().all(|count| *count >= 90), "{counts:?}");
}

#[test]
fn two_causes_in_different_dimensions_are_both_found() {
    let mut random = Random(4);
    let mut both = 0;
    for _ in 0..100 {
        let causes: Vec<(Keys, f64)> =
            vec![(vec![(0, random.below(8))], 0.4), (vec![(1, random.below(3)), (2, random.below(6))], 0.3)];
        let explanation = explain(&cells(&mut random, &causes, false)).expect("good cells");
        both +=
            usize::from(causes.iter().all(|(keys, _)| explanation.slices.iter().any(|s| s.keys == *keys)));
    }
    assert!(both >= 90, "{both}");
}

#[test]
fn a_change_of_everything_is_not_blamed_on_a_slice() {
    let mut random = Random(5);
    let explanation = explain(&cells(&mut random, &[(vec![], 0.6)], false)).expect("good cells");
    assert!(explanation.slices[0].keys.is_empty() && explanation.slices.len() == 1, "{explanation:?}");
}

#[test]
fn noise_alone_has_no_cause() {
    let mut random = Random(6);
    let quiet = |_: &usize| explain(&cells(&mut random, &[], false)).expect("good cells").slices.is_empty();
    let quiet = (0..100).filter(quiet).count();
    assert!(quiet >= 95, "{quiet}");
}

#[test]
fn a_new_value_is_a_cause() {
    let mut random = Random(7);
    let mut all = cells(&mut random, &[], false);
    for cell in all.iter_mut().filter(|cell| cell.keys[2] == 5) {
        cell.expected = Amount::sum(0.0);
    }
    assert_eq!(explain(&all).expect("good cells").slices[0].keys, [(2, 5)]);
}

/// A small site: few come in an hour, and then sixty from where nobody came from before.
#[test]
fn a_rush_from_a_new_source_is_a_cause_among_small_counts() {
    // Page, source, country, device, browser; the browser follows the device, the country is one.
    let key = |page: u32, source: u32, device: u32| vec![page, source, 0, device, device];
    let mut found = 0;
    for seed in 0..50 {
        let mut random = Random(seed);
        let mut cells = Vec::new();
        let mut expected_of_all = 0.0;
        for page in 0..4 {
            // Who reads a page comes from one place: half of all cells will be new.
            for source in [page % 2] {
                for device in 0..2 {
                    let share = if device == 0 { 2.0 / 3.0 } else { 1.0 / 3.0 };
                    let (visits, week) = (2.0 * share, (14.0 * share + random.normal()).round().max(0.0));
                    let now = (visits + visits.sqrt() * random.normal()).round().max(0.0);
                    if week == 0.0 && now == 0.0 {
                        continue;
                    }
                    expected_of_all += week / 7.0;
                    let (actual, expected) = (Amount::sum(now), Amount::sum(week / 7.0));
                    cells.push(Cell { keys: key(page, source, device), actual, expected });
                }
            }
            for (device, people) in [(0, 10.0), (1, 5.0)] {
                let actual = Amount::sum(people);
                cells.push(Cell { keys: key(page, 2, device), actual, expected: Amount::sum(0.0) });
            }
        }
        assert!(expected_of_all < 12.0);
        let told = explain(&cells).expect("an explanation");
        let first = told.slices.first();
        found += usize::from(
            first.is_some_and(|slice| slice.keys == [(1, 2)] && (0.8..1.3).contains(&slice.share)),
        );
    }
    assert!(found >= 48, "{found} of 50");
}

#[test]
fn a_ratio_that_moves_because_the_mix_did_names_the_slice_that_grew() {
    let mut all = Vec::new();
    for (country, rate) in [0.02, 0.2, 0.21, 0.19].into_iter().enumerate() {
        for device in 0..3u32 {
            let visits = 1000.0 + f64::from(device) * 100.0;
            let now = if country == 0 { 6.0 * visits } else { visits };
            all.push(Cell {
                keys: vec![country as u32, device],
                actual: Amount::ratio(now * rate, now),
                expected: Amount::ratio(visits * rate, visits),
            });
        }
    }
    let Explanation { slices, actual, expected } = explain(&all).expect("good cells");
    assert!(actual < expected);
    assert_eq!(slices[0].keys, [(0, 0)]);
    assert!((slices[0].share - 1.0).abs() < 1e-9, "{slices:?}");
}

#[test]
fn bad_cells_are_refused() {
    let cell = |keys: &[u32], sum: f64| Cell {
        keys: keys.to_vec(),
        actual: Amount::sum(sum),
        expected: Amount::sum(1.0),
    };
    let code = |cells: &[Cell]| explain(cells).expect_err("bad cells").code();
    assert_eq!(code(&[]), "too_few");
    assert_eq!(code(&[cell(&[], 1.0)]), "shape");
    assert_eq!(code(&[cell(&[0; 9], 1.0)]), "shape");
    assert_eq!(code(&[cell(&[0], 1.0), cell(&[0, 1], 1.0)]), "shape");
    assert_eq!(code(&[cell(&[0], f64::NAN)]), "out_of_range");
    let mut ratio = cell(&[0], 1.0);
    ratio.actual = Amount::ratio(1.0, 1.0);
    assert_eq!(code(std::slice::from_ref(&ratio)), "shape");
    ratio.expected = Amount::ratio(1.0, -1.0);
    assert_eq!(code(&[ratio]), "out_of_range");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever the numbers: finite answers, and every slice exists.
    #[test]
    fn every_answer_is_finite(
        rows in prop::collection::vec((0..4u32, 0..3u32, any::<f64>(), -1e100..1e100f64, 0..9i32), 1..40)
    ) {
        let cells: Vec<Cell> = rows
            .iter()
            .map(|(a, b, x, y, small)| Cell {
                keys: vec![*a, *b],
                actual: Amount::sum(if *small > 2 { f64::from(*small) } else { *x }),
                expected: Amount::sum(if *small > 4 { f64::from(*small - 4) } else { *y }),
            })
            .collect();
        if let Ok(explanation) = explain(&cells) {
            prop_assert!(explanation.actual.is_finite() && explanation.expected.is_finite());
            for slice in explanation.slices {
                prop_assert!(slice.share.is_finite() && (0.0..=1.0).contains(&slice.surprise));
                prop_assert!(cells.iter().any(|cell| inside(&cell.keys, &slice.keys)));
            }
        }
    }
}
