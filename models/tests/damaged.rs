//! Models whose files were damaged, or made up by somebody: refused, or of finite answers; never a panic.

use opentrace_models::anomaly::Detector;
use opentrace_models::artefact::{self, Manifest, Sound};
use opentrace_models::forecast::{Grid, Learned};
use opentrace_models::predict::{Customer, Lifetime, Predictor, Table};
use opentrace_models::recommend::Recommender;
use opentrace_models::segment::{Method, Segments};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;
use tempfile::TempDir;

/// A model on disk, and what must hold of its answers.
struct Kept {
    folder: TempDir,
    answers: fn(&Path) -> bool,
}

fn keep<M: Serialize>(model: &M, answers: fn(&Path) -> bool) -> Kept {
    let folder = tempfile::tempdir().expect("a folder");
    let (kind, fingerprint) = ("any".to_owned(), String::new());
    let manifest = Manifest { kind, seed: 1, rows: 9, fingerprint, window: None, metrics: BTreeMap::new() };
    artefact::save(folder.path(), &manifest, model).expect("saves");
    Kept { folder, answers }
}

/// What a model answers, if it is taken for one at all.
fn loaded<M: DeserializeOwned + Sound>(folder: &Path) -> Option<M> {
    artefact::load(folder, &["any"]).ok().map(|(_, model)| model)
}

fn table() -> Table {
    let row = |row: usize| {
        let visits = (row * 37) % 20;
        let bought = visits * visits + (row * 13) % 50 > 120;
        let source = ["mail", "search", ""][row % 3];
        vec![visits.to_string(), source.to_owned(), if bought { "yes" } else { "no" }.to_owned()]
    };
    let names = ["visits", "source", "bought"].map(str::to_owned);
    Table::from_cells(&names, &(0..120).map(row).collect::<Vec<_>>()).expect("a table")
}

/// Rows unlike those that were learned from, too.
fn asked() -> Table {
    let names = ["visits", "source"].map(str::to_owned);
    let rows = [["3", "mail"], ["", "post"], ["1e30", ""], ["-1e30", "search"]];
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
    Table::from_cells(&names, &rows).expect("a table")
}

fn daily() -> Grid {
    let values = (0..90).map(|day| Some(f64::from(40 + (day % 7) * 9 + (day * 13) % 5)));
    let points: Vec<(i64, Option<f64>)> =
        values.enumerate().map(|(day, value)| (day as i64 * 86_400_000, value)).collect();
    Grid::of(&points)
}

static KEPT: LazyLock<Vec<Kept>> = LazyLock::new(|| {
    let predictor = Predictor::fit(&table(), "bought", 1).expect("a model");
    let segments = Segments::fit(&table(), Method::KMeans, 1, None).expect("segments");
    let people: Vec<Vec<usize>> = (0..60).map(|one| vec![one % 5, (one * 7 + 1) % 9, 4]).collect();
    let pages = Recommender::fit(&people, 9).expect("a model");
    let forecaster = Learned::fit(&[daily()], 7, &[7], &[0.8, 0.95]).expect("a model");
    let customer = |at: usize| Customer {
        repeats: (at % 4) as f64,
        last: if at.is_multiple_of(4) { 0.0 } else { 10.0 + (at % 7) as f64 },
        observed: 40.0,
        value: 5.0 + (at % 3) as f64,
    };
    let lifetime = Lifetime::fit(&(0..60).map(customer).collect::<Vec<_>>()).expect("a model");
    let mut detector = Detector::new();
    for at in 0..200 {
        detector.observe(at * 60_000, Some((at % 7) as f64)).expect("a point");
    }
    vec![
        keep(&predictor, |folder| {
            let Some(model) = loaded::<Predictor>(folder) else { return true };
            model.predict(&asked()).is_ok_and(|said| said.iter().all(|one| one.prediction.is_finite()))
        }),
        keep(&segments, |folder| {
            let Some(model) = loaded::<Segments>(folder) else { return true };
            model.assign(&asked()).is_ok_and(|ids| ids.len() == 4) && model.cohesion(&asked()).is_ok()
        }),
        keep(&pages, |folder| {
            let Some(model) = loaded::<Recommender>(folder) else { return true };
            model.recommend(&[4, 900], 3).iter().all(|one| one.score.is_finite())
        }),
        keep(&forecaster, |folder| {
            let Some(model) = loaded::<Learned>(folder) else { return true };
            let Ok(said) = model.forecast(&daily(), 7, &[]) else { return true };
            let ends = said.bands.iter().flat_map(|band| band.lower.iter().chain(&band.upper));
            said.mean.iter().chain(ends).all(|value| value.is_finite())
        }),
        keep(&lifetime, |folder| {
            let Some(model) = loaded::<Lifetime>(folder) else { return true };
            let asked = Customer { repeats: 3.0, last: 12.0, observed: 40.0, value: 6.0 };
            model.purchases(&asked, 30.0).is_ok_and(f64::is_finite)
                && model.spend(&asked).is_none_or(f64::is_finite)
        }),
        keep(&detector, |folder| {
            let Some(mut model) = loaded::<Detector>(folder) else { return true };
            let Ok(point) = model.observe(1_000 * 60_000, Some(3.0)) else { return true };
            (0.0..=1.0).contains(&point.score)
        }),
    ]
});

/// Calls `change` with one of all places of a value, by its number; answers how many there are.
fn visit(value: &mut Value, at: &mut usize, change: &mut impl FnMut(&mut Value)) {
    if *at == 0 {
        change(value);
    }
    *at = at.wrapping_sub(1);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, at, change)),
        Value::Object(entries) => entries.values_mut().for_each(|item| visit(item, at, change)),
        _ => {}
    }
}

fn places(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(places).sum(),
        Value::Object(entries) => entries.values().map(places).sum(),
        _ => 0,
    }
}

/// Something else in place of a value.
fn other(value: &mut Value, how: u8) {
    let strange = [
        json!(0),
        json!(1),
        json!(2),
        json!(-1),
        json!(0.5),
        json!(1e300),
        json!(-1e300),
        json!(1e-300),
        json!(u64::MAX),
        json!(4_000_000_000_u32),
        json!(null),
        json!(""),
        json!([]),
        json!({}),
        json!(true),
    ];
    match value {
        Value::Array(items) if how.is_multiple_of(3) => drop(items.pop()),
        Value::Array(items) if how % 3 == 1 => items.extend(items.first().cloned()),
        Value::Object(entries) if how.is_multiple_of(2) => {
            let first = entries.keys().next().cloned();
            first.map(|key| entries.remove(&key));
        }
        _ => *value = strange[usize::from(how) % strange.len()].clone(),
    }
}

/// Cuts off the end of the numbers of a tensor, or doubles it, or changes one of them.
fn bent(bytes: &[u8], how: u8, place: usize) -> Vec<u8> {
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("a header")) as usize;
    let mut header: Value = serde_json::from_slice(&bytes[8..8 + length]).expect("a header");
    let mut data = bytes[8 + length..].to_vec();
    if how.is_multiple_of(2) && !data.is_empty() {
        let at = place % (data.len() / 8) * 8;
        let number =
            [0.0, -1.0, 1e300, -1e300, 1e-300, f64::NAN, f64::INFINITY, 7.0][usize::from(how / 2) % 8];
        data[at..at + 8].copy_from_slice(&f64::to_le_bytes(number));
    } else if let Some(entries) = header.as_object_mut() {
        let name = entries.keys().nth(place % entries.len().max(1)).cloned().unwrap_or_default();
        if let Some(tensor) = entries.get_mut(&name).filter(|tensor| tensor["shape"].is_array()) {
            let (from, to) = (tensor["data_offsets"][0].as_u64(), tensor["data_offsets"][1].as_u64());
            // Longer ones read into what comes after.
            let to = if how % 4 == 1 { from.map(|from| from + 8) } else { to.map(|to| to + 8) };
            let count = to.zip(from).map_or(0, |(to, from)| to.saturating_sub(from) / 8);
            tensor["data_offsets"] = json!([from, to]);
            tensor["shape"] = json!([count]);
        }
    }
    let header = header.to_string();
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(1_500), ..ProptestConfig::default() })]

    #[test]
    fn what_does_not_fit_is_refused_and_what_is_taken_answers(
        kind in 0_usize..6,
        changes in prop::collection::vec((any::<bool>(), any::<usize>(), any::<u8>()), 0..3),
    ) {
        let kept = &KEPT[kind];
        let folder = tempfile::tempdir().expect("a folder");
        let read = |file: &str| std::fs::read(kept.folder.path().join(file)).expect("a file");
        let mut model: Value = serde_json::from_slice(&read("model.json")).expect("JSON");
        let mut weights = read("model.safetensors");
        for (in_json, place, how) in &changes {
            if *in_json {
                let parameters = &mut model["parameters"];
                let mut at = place % places(parameters);
                visit(parameters, &mut at, &mut |value| other(value, *how));
            } else {
                weights = bent(&weights, *how, *place);
            }
        }
        std::fs::write(folder.path().join("model.json"), model.to_string()).expect("writes");
        std::fs::write(folder.path().join("model.safetensors"), weights).expect("writes");
        prop_assert!((kept.answers)(folder.path()), "{changes:?}");
    }
}

#[test]
fn undamaged_models_are_taken() {
    assert!(loaded::<Predictor>(KEPT[0].folder.path()).is_some());
    assert!(loaded::<Segments>(KEPT[1].folder.path()).is_some());
    assert!(loaded::<Recommender>(KEPT[2].folder.path()).is_some());
    assert!(loaded::<Learned>(KEPT[3].folder.path()).is_some());
    assert!(loaded::<Lifetime>(KEPT[4].folder.path()).is_some());
    assert!(loaded::<Detector>(KEPT[5].folder.path()).is_some());
}
