//! What segments promise, on groups that are known.

use opentrace_models::predict::{Column, Table, Values};
use opentrace_models::segment::{Method, Points, Segments, density, kmeans};
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Three kinds of people: buyers from newsletters, readers from search, passers-by.
fn people(seed: u64, rows: usize) -> (Table, Vec<usize>) {
    let mut random = StdRng::seed_from_u64(seed);
    let kinds: Vec<usize> = (0..rows).map(|row| row % 3).collect();
    let mut number = |centres: [f64; 3]| -> Vec<f64> {
        kinds.iter().map(|kind| centres[*kind] * (0.8 + 0.4 * random.random::<f64>())).collect()
    };
    let (revenue, visits) = (number([90.0, 1.0, 1.0]), number([8.0, 20.0, 1.0]));
    let channels = ["newsletter", "search", "direct"];
    let channel = kinds.iter().map(|kind| Some(channels[*kind].to_owned())).collect();
    let columns = vec![
        Column { name: "revenue".into(), values: Values::Numbers(revenue) },
        Column { name: "visits".into(), values: Values::Numbers(visits) },
        Column { name: "channel".into(), values: Values::Categories(channel) },
    ];
    (Table { columns, rows }, kinds)
}

#[test]
fn groups_are_found_named_and_explained_by_every_method() {
    let (table, kinds) = people(1, 300);
    for method in [Method::KMeans, Method::Mixture, Method::Density] {
        let model = Segments::fit(&table, method, 1, None).expect("segments");
        let of = model.assign(&table).expect("ids");
        let pure = (0..300).all(|row| of[row] == of[row % 3]) && of[0] != of[1] && of[1] != of[2];
        if method == Method::KMeans {
            assert_eq!(model.segments.len(), 3);
            assert!(pure, "{method:?}");
        }
        let wrong = (0..300).filter(|row| of[*row] != of[kinds[*row]]).count();
        assert!(wrong <= 30, "{method:?}: {wrong}");
        let buyers = model.segments.iter().find(|segment| segment.id == of[0]).expect("buyers");
        assert!(buyers.name.contains("revenue") || buyers.name.contains("newsletter"), "{}", buyers.name);
        let shares: f64 = model.segments.iter().map(|segment| segment.share).sum();
        assert!((shares - 1.0).abs() < 1e-9);
    }
}

#[test]
fn ids_keep_their_meaning_across_retraining() {
    let (first, _) = people(1, 300);
    let (second, _) = people(2, 360);
    let before = Segments::fit(&first, Method::KMeans, 1, None).expect("segments");
    let after = Segments::fit(&second, Method::KMeans, 99, Some(&before)).expect("segments");
    assert_eq!(before.assign(&second).expect("ids"), after.assign(&second).expect("ids"));
    let mut names: Vec<&str> = after.segments.iter().map(|segment| segment.name.as_str()).collect();
    for segment in &after.segments {
        let old = before.segments.iter().find(|old| old.id == segment.id).expect("an old segment");
        assert_eq!(old.name, segment.name, "what is filtered by its name still is");
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), after.segments.len());
}

#[test]
fn noise_is_one_segment() {
    let mut random = StdRng::seed_from_u64(3);
    let mut noise = || (0..500).map(|_| (0..12).map(|_| random.random::<f64>()).sum::<f64>()).collect();
    let column = |name: &str, values| Column { name: name.into(), values: Values::Numbers(values) };
    let columns =
        vec![column("a", noise()), column("b", noise()), column("c", noise()), column("d", noise())];
    let model = Segments::fit(&Table { columns, rows: 500 }, Method::Mixture, 1, None).expect("segments");
    assert_eq!(model.segments.len(), 1, "{:?}", model.silhouette);
}

#[test]
fn rings_are_found_by_density_only() {
    let point = |i: usize, radius: f64| {
        let angle = i as f64 * 0.063;
        [radius * angle.cos(), radius * angle.sin()]
    };
    let values: Vec<f64> = (0..200).flat_map(|i| point(i, if i < 100 { 1.0 } else { 4.0 })).collect();
    let groups = density(&Points::new(2, values).expect("points"), 3).expect("groups");
    assert!((0..100).all(|i| groups[i].is_none() || groups[i] == groups[1]));
    assert!(groups[1].is_some() && groups[150].is_some() && groups[1] != groups[150]);
}

#[test]
fn what_has_no_segments_is_refused() {
    let (table, _) = people(1, 6);
    assert_eq!(Segments::fit(&table, Method::KMeans, 1, None).expect_err("few").code(), "too_few");
    let flat = Column { name: "a".into(), values: Values::Numbers(vec![1.0; 50]) };
    let table = Table { columns: vec![flat], rows: 50 };
    assert_eq!(Segments::fit(&table, Method::KMeans, 1, None).expect_err("flat").code(), "degenerate");
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![4 => -5.0..5.0f64, 1 => any::<f64>(), 1 => Just(f64::NAN), 1 => Just(0.0)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever the numbers: an error, or every row in a segment and finite numbers about it.
    #[test]
    fn every_row_gets_a_segment(a in prop::collection::vec(number(), 40), b in prop::collection::vec(number(), 40)) {
        let columns = vec![
            Column { name: "a".into(), values: Values::Numbers(a) },
            Column { name: "b".into(), values: Values::Numbers(b) },
        ];
        let table = Table { columns, rows: 40 };
        for method in [Method::KMeans, Method::Mixture, Method::Density] {
            if let Ok(model) = Segments::fit(&table, method, 7, None) {
                let ids = model.assign(&table).expect("ids");
                prop_assert!(ids.iter().all(|id| model.segments.iter().any(|segment| segment.id == *id)));
                prop_assert!(model.silhouette.is_finite() && model.segments.iter().all(|s| s.share > 0.0));
            }
        }
    }

    /// No point is nearer to another centre than to its own.
    #[test]
    fn points_belong_to_the_nearest_centre(values in prop::collection::vec(-9.0..9.0f64, 60), k in 1usize..6) {
        let points = Points::new(2, values).expect("points");
        let clusters = kmeans(&points, k, 5).expect("clusters");
        let away = |point: &[f64], at: usize| -> f64 {
            point.iter().zip(&clusters.centres[at]).map(|(a, b)| (a - b) * (a - b)).sum()
        };
        for (point, of) in points.iter().zip(&clusters.of) {
            let least = (0..clusters.centres.len()).map(|at| away(point, at)).fold(f64::INFINITY, f64::min);
            prop_assert!(away(point, *of) <= least + 1e-6);
        }
    }
}
