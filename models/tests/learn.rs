//! Every model answers to the same two traits, and comes back from disk as it was.

use opentrace_models::anomaly::Detector;
use opentrace_models::artefact::{self, Manifest, Sound};
use opentrace_models::forecast::{Forecaster, Training};
use opentrace_models::predict::{Customer, Purchases, Table, Target};
use opentrace_models::recommend::Items;
use opentrace_models::segment::Search;
use opentrace_models::{Fit, Predict};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt::Debug;

/// Learns, saves, loads, and answers; the answer of what was loaded is the answer of what was learned.
fn round<Asked, Data, Input>(
    asked: &Asked,
    data: &Data,
    input: &Input,
) -> <Asked::Model as Predict<Input>>::Output
where
    Asked: Fit<Data>,
    Data: ?Sized,
    Input: ?Sized,
    Asked::Model: Predict<Input> + Serialize + DeserializeOwned + Sound,
    <Asked::Model as Predict<Input>>::Output: PartialEq + Debug,
{
    let model = asked.fit(data).expect("a model");
    let folder = tempfile::tempdir().expect("a folder");
    let manifest = Manifest {
        kind: "any".into(),
        seed: 1,
        rows: 0,
        fingerprint: String::new(),
        window: None,
        metrics: BTreeMap::new(),
    };
    artefact::save(folder.path(), &manifest, &model).expect("saves");
    let (_, loaded): (_, Asked::Model) = artefact::load(folder.path(), &["any"]).expect("loads");
    let answer = model.predict(input).expect("an answer");
    assert_eq!(loaded.predict(input).expect("an answer"), answer);
    assert_eq!(
        asked.fit(data).expect("a model").predict(input).expect("an answer"),
        answer,
        "not the same again"
    );
    answer
}

fn table(rows: usize) -> Table {
    let cells = |row: usize| {
        let visits = (row * 37) % 20;
        let bought = visits * visits + (row * 13) % 50 > 120;
        vec![
            visits.to_string(),
            ["mail", "search", ""][row % 3].to_owned(),
            if bought { "yes" } else { "no" }.into(),
        ]
    };
    let names = ["visits", "source", "bought"].map(str::to_owned);
    Table::from_cells(&names, &(0..rows).map(cells).collect::<Vec<_>>()).expect("a table")
}

#[test]
fn every_model_is_asked_learned_kept_and_answers_alike() {
    let target = Target { column: "bought".into(), seed: 3 };
    let predictions = round(&target, &table(200), &table(30));
    assert_eq!(predictions.len(), 30);

    let ids = round(&Search { seed: 3, ..Search::default() }, &table(200), &table(30));
    assert_eq!(ids.len(), 30);

    let baskets: Vec<Vec<usize>> = (0..50).map(|person| vec![person % 4, (person % 4 + 1) % 5]).collect();
    let best = round(&Items(5), &baskets[..], &[0usize][..]);
    assert_eq!((best.len(), best[0].item), (4, 1));

    let customers: Vec<Customer> = (0..60)
        .map(|i| Customer {
            repeats: f64::from(i % 5),
            last: if i % 5 == 0 { 0.0 } else { f64::from(10 + i % 17) },
            observed: 30.0,
            value: f64::from(10 + i % 7),
        })
        .collect();
    let expected = round(&Purchases, &customers[..], &(customers.clone(), 10.0));
    assert!(expected.iter().all(|one| one.purchases >= 0.0 && one.purchases.is_finite()));

    let histories: Vec<Vec<Option<f64>>> = (0..24)
        .map(|of| (0..40).map(|at| Some(f64::from(100 + of + (at * (of + 3)) % 7))).collect())
        .collect();
    let forecast =
        round(&Training { forecaster: Forecaster::new(4, &[7]), seed: 3 }, &histories[..], &histories[0][..]);
    assert_eq!((forecast.mean.len(), forecast.bands.len()), (4, 2));

    let points: Vec<(i64, Option<f64>)> =
        (0..300).map(|at| (at * 60_000, Some((10 + (at * 7) % 5) as f64))).collect();
    let judged = round(&Detector::new(), &points[..200], &points[200..]);
    assert_eq!(judged.len(), 100);
}
