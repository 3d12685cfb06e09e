//! What predictions promise, on tables whose truth is known.

use opentrace_models::predict::{Column, Metrics, Predictor, Table, Task, Values};
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Who pays monthly and is new churns; an id and a constant say nothing; some cells are missing.
fn customers(seed: u64, rows: usize) -> Table {
    let mut random = StdRng::seed_from_u64(seed);
    let (mut months, mut contract, mut churn, mut spent) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rows {
        let tenure = 60.0 * random.random::<f64>();
        let monthly = random.random::<f64>() < 0.5;
        let chance = 0.05 + if monthly { 0.6 } else { 0.1 } * (1.0 - tenure / 60.0);
        churn.push(Some(if random.random::<f64>() < chance { "Yes" } else { "No" }.to_owned()));
        spent.push(10.0 * tenure + if monthly { 100.0 } else { 0.0 } + 20.0 * random.random::<f64>());
        months.push(if random.random::<f64>() < 0.05 { f64::NAN } else { tenure });
        let known = random.random::<f64>() > 0.05;
        contract.push(known.then(|| if monthly { "monthly" } else { "yearly" }.to_owned()));
    }
    let ids = (0..rows).map(|row| Some(format!("id-{row}"))).collect();
    let column = |name: &str, values| Column { name: name.into(), values };
    let columns = vec![
        column("id", Values::Categories(ids)),
        column("months", Values::Numbers(months)),
        column("contract", Values::Categories(contract)),
        column("same", Values::Numbers(vec![1.0; rows])),
        column("spent", Values::Numbers(spent)),
        column("churn", Values::Categories(churn)),
    ];
    Table { columns, rows }
}

fn without(mut table: Table, name: &str) -> Table {
    table.columns.retain(|column| column.name != name);
    table
}

#[test]
fn probabilities_are_calibrated_and_explained() {
    let train = without(customers(1, 1500), "spent");
    let model = Predictor::fit(&train, "churn", 7).expect("a model");
    assert_eq!((model.task, model.positive.as_deref()), (Task::Class, Some("Yes")));
    assert_eq!(model.columns().collect::<Vec<_>>(), ["months", "contract"]);
    let Metrics::Class { auc, calibration_error, .. } = model.metrics else { panic!("a class") };
    assert!(auc > 0.72 && calibration_error < 0.05, "{:?}", model.metrics);

    let test = customers(2, 1500);
    let predictions = model.predict(&test).expect("predictions");
    let mean = predictions.iter().map(|p| p.prediction).sum::<f64>() / 1500.0;
    let Values::Categories(truth) = &test.column("churn").expect("the target").values else { panic!() };
    let rate = truth.iter().filter(|t| t.as_deref() == Some("Yes")).count() as f64 / 1500.0;
    assert!((mean - rate).abs() < 0.04, "{mean} {rate}");
    for one in &predictions {
        let logit = one.base + one.contributions.iter().sum::<f64>();
        assert!((one.prediction - 1.0 / (1.0 + (-logit).exp())).abs() < 1e-9);
    }
}

#[test]
fn values_are_predicted() {
    let train = without(customers(3, 800), "churn");
    let model = Predictor::fit(&train, "spent", 7).expect("a model");
    let Metrics::Value { r2, .. } = model.metrics else { panic!("a value") };
    assert!(model.task == Task::Value && r2 > 0.8, "{:?}", model.metrics);
}

#[test]
fn the_same_seed_gives_the_same_model_and_it_survives_saving() {
    let train = without(customers(4, 300), "spent");
    let model = Predictor::fit(&train, "churn", 5).expect("a model");
    let again = Predictor::fit(&train, "churn", 5).expect("a model");
    let text = serde_json::to_string(&model).expect("serialises");
    assert_eq!(text, serde_json::to_string(&again).expect("serialises"));
    let back: Predictor = serde_json::from_str(&text).expect("reads back");
    // Text rounds a number in its last place at most.
    let (ours, theirs) = (model.predict(&train).expect("a"), back.predict(&train).expect("b"));
    let gap = ours.iter().zip(&theirs).map(|(a, b)| (a.prediction - b.prediction).abs()).fold(0.0, f64::max);
    assert!(gap < 1e-12, "{gap}");
}

#[test]
fn a_model_that_goes_by_what_is_missing_survives_saving() {
    let mut random = StdRng::seed_from_u64(6);
    let known: Vec<bool> = (0..400).map(|_| random.random::<f64>() < 0.5).collect();
    let values = known.iter().map(|known| if *known { random.random::<f64>() } else { f64::NAN }).collect();
    let spent = known.iter().map(|known| if *known { 10.0 } else { 50.0 }).collect();
    let column = |name: &str, numbers| Column { name: name.into(), values: Values::Numbers(numbers) };
    let table = Table { columns: vec![column("age", values), column("spent", spent)], rows: 400 };
    let model = Predictor::fit(&table, "spent", 1).expect("a model");
    let text = serde_json::to_string(&model).expect("serialises");
    let back: Predictor = serde_json::from_str(&text).expect("reads back");
    for (one, known) in back.predict(&table).expect("predictions").iter().zip(&known) {
        assert!((one.prediction - if *known { 10.0 } else { 50.0 }).abs() < 1.0, "{one:?}");
    }
}

#[test]
fn strange_tables_are_predicted_all_the_same() {
    let model = Predictor::fit(&without(customers(5, 300), "spent"), "churn", 5).expect("a model");
    let cells = |rows: &[[&str; 2]]| {
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
        Table::from_cells(&["contract".into(), "months".into()], &rows).expect("a table")
    };
    let odd =
        model.predict(&cells(&[["never seen", "12"], ["", ""], ["monthly", "1e20"]])).expect("predictions");
    assert!(odd.iter().all(|one| (0.0..=1.0).contains(&one.prediction)), "{odd:?}");
    let other = Table::from_cells(&["x".into()], &[vec!["1".into()]]).expect("a table");
    assert_eq!(model.predict(&other).expect_err("no column").code(), "column");
}

#[test]
fn what_cannot_be_learned_is_refused() {
    let table = customers(6, 100);
    let code = |table: &Table, target: &str| Predictor::fit(table, target, 1).expect_err("an error").code();
    assert_eq!(code(&table, "nothing"), "column");
    assert_eq!(code(&table, "id"), "column");
    assert_eq!(code(&table.select(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), "churn"), "too_few");
    let mut alone = table;
    alone.columns.retain(|column| column.name == "churn" || column.name == "same");
    assert_eq!(code(&alone, "churn"), "degenerate");
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (-9..9i32).prop_map(|n| n.to_string()),
        1 => "[ab]{0,2}".prop_map(String::from),
        1 => any::<f64>().prop_map(|n| n.to_string()),
        1 => Just(String::new()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever the cells: an error, or finite predictions.
    #[test]
    fn every_prediction_is_finite(cells in prop::collection::vec((cell(), cell(), any::<bool>()), 60..90)) {
        let names = ["a", "b", "y"].map(str::to_owned);
        let rows: Vec<Vec<String>> = cells.into_iter().map(|(a, b, y)| vec![a, b, y.to_string()]).collect();
        let table = Table::from_cells(&names, &rows).expect("a table");
        if let Ok(model) = Predictor::fit(&table, "y", 1) {
            for one in model.predict(&table).expect("predictions") {
                prop_assert!((0.0..=1.0).contains(&one.prediction) && one.base.is_finite(), "{one:?}");
            }
        }
    }
}
