//! What the recommender promises.

use opentrace_models::recommend::Recommender;
use proptest::prelude::*;

#[test]
fn what_goes_together_is_recommended() {
    // Items 0-1-2 are had together, 3-4 as well, and everybody has 5.
    let people: Vec<Vec<usize>> = (0..200)
        .map(|person| match person % 4 {
            0 => vec![0, 1, 2, 5],
            1 => vec![0, 1, 5],
            2 => vec![3, 4, 5],
            _ => vec![5],
        })
        .collect();
    let model = Recommender::fit(&people, 7).expect("a model");
    let items = |basket: &[usize], k| -> Vec<usize> {
        model.recommend(basket, k).iter().map(|best| best.item).collect()
    };
    assert_eq!(items(&[3, 5], 1), [4]);
    assert_eq!(items(&[0, 5], 1), [1]);
    assert_eq!(items(&[], 1), [5], "who is new gets what most have");
    assert_eq!(items(&[0, 1, 2, 3, 4, 5], 10), [6], "nothing that the person has");
    assert_eq!(items(&[99], 1), [5], "an unknown item says nothing");
}

#[test]
fn what_cannot_be_learned_is_refused() {
    let code = |people: &[Vec<usize>], items| Recommender::fit(people, items).expect_err("an error").code();
    assert_eq!(code(&[], 3), "too_few");
    assert_eq!(code(&[vec![]], 3), "too_few");
    assert_eq!(code(&[vec![3]], 3), "out_of_range");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Finite scores in order, nothing twice, nothing that is there already.
    #[test]
    fn answers_are_finite_and_new(
        people in prop::collection::vec(prop::collection::vec(0usize..12, 0..6), 1..40),
        basket in prop::collection::vec(0usize..12, 0..6),
        k in 0usize..20,
    ) {
        let Ok(model) = Recommender::fit(&people, 12) else { return Ok(()) };
        let best = model.recommend(&basket, k);
        prop_assert!(best.iter().all(|one| one.score.is_finite() && !basket.contains(&one.item)));
        prop_assert!(best.windows(2).all(|pair| pair[0].score >= pair[1].score && pair[0].item != pair[1].item));
        prop_assert!(best.len() <= k);
    }
}
