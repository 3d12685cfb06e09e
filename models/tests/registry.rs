//! Models on disk and their versions.

use opentrace_models::artefact::{self, Manifest, fingerprint};
use opentrace_models::recommend::Recommender;
use opentrace_models::registry::{Registry, Stage};
use std::collections::BTreeMap;
use std::path::Path;

fn manifest(kind: &str) -> Manifest {
    Manifest {
        kind: kind.into(),
        seed: 7,
        rows: 3,
        fingerprint: fingerprint(b"rows"),
        window: Some((0, 1)),
        metrics: BTreeMap::from([("auc".into(), 0.75)]),
    }
}

fn model() -> Recommender {
    let people: Vec<Vec<usize>> = (0..60).map(|person| vec![person % 5, (person * 7 + 1) % 9, 4]).collect();
    Recommender::fit(&people, 9).expect("a model")
}

#[test]
fn a_model_comes_back_as_it_was_saved() {
    let folder = tempfile::tempdir().expect("a folder");
    artefact::save(folder.path(), &manifest("recommend"), &model()).expect("saves");
    let (read, back): (_, Recommender) = artefact::load(folder.path(), &["recommend"]).expect("reads");
    assert_eq!((read, back), (manifest("recommend"), model()));
    let text = std::fs::read_to_string(folder.path().join("model.json")).expect("the file");
    assert!(text.contains("$tensor") && text.contains("fingerprint"), "{text}");
}

#[test]
fn a_broken_model_is_an_error_whatever_is_broken() {
    let folder = tempfile::tempdir().expect("a folder");
    let code =
        |kinds: &[&str]| artefact::load::<Recommender>(folder.path(), kinds).expect_err("an error").code();
    assert_eq!(code(&["recommend"]), "io");
    artefact::save(folder.path(), &manifest("recommend"), &model()).expect("saves");
    assert_eq!(code(&["churn"]), "artefact");
    for file in ["model.json", "model.safetensors"] {
        let path = folder.path().join(file);
        let good = std::fs::read(&path).expect("the file");
        for end in [0, 1, 9, good.len() / 2, good.len() - 3] {
            std::fs::write(&path, &good[..end]).expect("writes");
            assert_eq!(code(&["recommend"]), "artefact", "{file} cut at {end}");
        }
        std::fs::write(&path, good).expect("writes");
    }
}

#[test]
fn only_a_better_model_goes_live() {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = Registry::new(folder.path());
    assert!(registry.names().expect("names").is_empty());
    for number in 1..=3 {
        assert_eq!(registry.add("churn-30d", &manifest("churn"), &model()).expect("adds"), number);
    }
    let merits = [0.7, 0.6, 0.8];
    let judge = |folder: &Path| {
        let number: usize =
            folder.file_name().and_then(|n| n.to_str()).and_then(|n| n.parse().ok()).expect("n");
        Ok(merits[number - 1])
    };
    let promote = |number| registry.promote("churn-30d", number, judge).expect("a trial").promoted;
    assert_eq!((promote(1), promote(2), promote(3)), (true, false, true));
    let stages: Vec<Stage> =
        registry.versions("churn-30d").expect("versions").iter().map(|version| version.stage).collect();
    assert_eq!(stages, [Stage::Candidate, Stage::Candidate, Stage::Live]);
    assert!(registry.promote("churn-30d", 9, |folder| artefact::manifest(folder).map(|_| 1.0)).is_err());
}

#[test]
fn a_version_that_was_cut_off_is_none_and_its_number_is_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = Registry::new(folder.path());
    registry.add("churn", &manifest("churn"), &model()).expect("adds");
    let cut = folder.path().join("churn").join("2");
    std::fs::create_dir_all(&cut).expect("a folder");
    std::fs::write(cut.join("model.safetensors"), b"half of").expect("writes");
    let numbers = || -> Vec<u32> {
        registry.versions("churn").expect("versions").iter().map(|version| version.number).collect()
    };
    assert_eq!(numbers(), [1]);
    assert_eq!(registry.add("churn", &manifest("churn"), &model()).expect("adds"), 3);
    assert_eq!(numbers(), [1, 3]);
    assert!(registry.set_live("churn", 2).is_err());
}

#[test]
fn names_do_not_leave_the_folder() {
    let registry = Registry::new("nowhere");
    for name in ["", "..", ".hidden", "a/b", "a\\b", "ü"] {
        assert_eq!(registry.versions(name).expect_err("an error").code(), "artefact", "{name}");
    }
}

#[test]
fn several_at_once_get_numbers_of_their_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = Registry::new(folder.path());
    let add = || registry.add("churn", &manifest("churn"), &model()).expect("adds");
    let mut numbers: Vec<u32> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(add)).collect();
        all.into_iter().map(|one| one.join().expect("a number")).collect()
    });
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=8).collect::<Vec<_>>());
    assert_eq!(registry.versions("churn").expect("versions").len(), 8);
    let refused = registry.adopt("churn", |_| Ok(()));
    assert!(refused.is_err() && !folder.path().join("churn/9").exists(), "what is no model is not kept");
}
