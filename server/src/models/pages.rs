//! Recommendations by name: the model knows numbers, people know pages.

use std::collections::HashMap;

use opentrace_models::artefact::Sound;
use opentrace_models::recommend::Recommender;
use serde::{Deserialize, Serialize};

/// Items that a held-out basket is judged by.
const BEST: usize = 10;

/// A recommender and the names of its items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Pages {
    names: Vec<String>,
    recommender: Recommender,
}

/// An item and how much speaks for it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Recommended {
    pub(crate) item: String,
    pub(crate) score: f64,
}

impl Sound for Pages {
    fn sound(&self) -> Result<(), &'static str> {
        self.recommender.sound()?;
        if self.names.len() == self.recommender.items() {
            Ok(())
        } else {
            Err("its names are not those of its items")
        }
    }
}

impl Pages {
    pub(super) fn fit(names: &[String], baskets: &[Vec<usize>]) -> opentrace_models::Result<Self> {
        Ok(Self { names: names.to_vec(), recommender: Recommender::fit(baskets, names.len())? })
    }

    /// What most likely follows from what somebody has seen; what nobody has seen is passed over.
    pub(super) fn recommend(&self, has: &[String], k: usize) -> Vec<Recommended> {
        let places = self.places();
        let basket: Vec<usize> = has.iter().filter_map(|item| places.get(item.as_str()).copied()).collect();
        let best = self.recommender.recommend(&basket, k).into_iter();
        best.map(|best| Recommended { item: self.names[best.item].clone(), score: best.score }).collect()
    }

    /// The share of held-out items that are among the ten best when the rest of their basket is known; 0
    /// where no basket has two.
    pub(super) fn hit_rate(&self, names: &[String], baskets: &[Vec<usize>]) -> f64 {
        let places = self.places();
        let (mut hits, mut tries) = (0.0, 0.0);
        for basket in baskets {
            let known: Vec<usize> =
                basket.iter().filter_map(|item| places.get(names[*item].as_str()).copied()).collect();
            if known.len() < 2 {
                continue;
            }
            for item in &known {
                let rest: Vec<usize> = known.iter().copied().filter(|other| other != item).collect();
                let best = self.recommender.recommend(&rest, BEST);
                hits += f64::from(u8::from(best.iter().any(|best| best.item == *item)));
                tries += 1.0;
            }
        }
        if tries > 0.0 { hits / tries } else { 0.0 }
    }

    fn places(&self) -> HashMap<&str, usize> {
        self.names.iter().enumerate().map(|(place, name)| (name.as_str(), place)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_together_is_recommended_by_name() {
        let names: Vec<String> = ["/tea", "/cup", "/nail", "/hammer"].map(str::to_owned).to_vec();
        let baskets: Vec<Vec<usize>> =
            (0..60).map(|at| if at % 2 == 0 { vec![0, 1] } else { vec![2, 3] }).collect();
        let pages = Pages::fit(&names, &baskets).expect("a model");
        assert_eq!(pages.recommend(&["/tea".to_owned(), "/gone".to_owned()], 1)[0].item, "/cup");
        assert_eq!(pages.hit_rate(&names, &baskets), 1.0);
        assert_eq!(pages.hit_rate(&names, &[vec![0]]), 0.0, "nothing to hold out");
    }
}
