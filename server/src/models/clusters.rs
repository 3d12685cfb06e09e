//! The segments of a site as people read them.

use std::collections::HashMap;

use opentrace_events::Site;
use opentrace_models::segment::{Difference, Segment};
use opentrace_store::ClusterSize;
use opentrace_store::meta::ModelRecord;
use serde::Serialize;

use super::Models;
use super::desk::DeskError;
use super::kind::Kind;
use super::learned::Learned;

/// Differences that a sentence tells.
const TOLD: usize = 3;

/// A segment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Cluster {
    /// Keeps its meaning across retraining; the value of the dimension `cluster` is the name.
    id: u32,
    name: String,
    /// Visitors, and their share of all that are in a segment.
    size: u64,
    share: f64,
    /// What sets it apart, in a sentence and in numbers, strongest first.
    explanation: String,
    differences: Vec<Difference>,
    /// Means of its visitors.
    metrics: ClusterSize,
}

impl Models {
    /// The segments of a version, the largest first.
    pub(crate) async fn clusters(
        &self,
        site: &Site,
        record: &ModelRecord,
        version: u32,
    ) -> Result<Vec<Cluster>, DeskError> {
        let folder = self.shared.registry.folder(&record.id.to_string(), version)?;
        let Learned::Segments(model) = Learned::load(&folder, Kind::Segments)? else { return Ok(Vec::new()) };
        let sizes = self.shared.store.cluster_sizes(site.id.0).await?;
        let total: u64 = sizes.iter().map(|size| size.visitors).sum();
        let sizes: HashMap<i32, ClusterSize> = sizes.into_iter().map(|size| (size.cluster, size)).collect();
        let cluster = |segment: Segment| {
            let id = i32::try_from(segment.id).unwrap_or(i32::MAX);
            let metrics = sizes.get(&id).copied().unwrap_or_default();
            Cluster {
                id: segment.id,
                size: metrics.visitors,
                share: if total > 0 { metrics.visitors as f64 / total as f64 } else { 0.0 },
                explanation: sentence(&segment.differences),
                name: segment.name,
                differences: segment.differences,
                metrics,
            }
        };
        let mut clusters: Vec<Cluster> = model.segments.into_iter().map(cluster).collect();
        clusters.sort_by(|a, b| b.size.cmp(&a.size).then(a.id.cmp(&b.id)));
        Ok(clusters)
    }
}

/// The strongest differences in words.
fn sentence(differences: &[Difference]) -> String {
    let words: Vec<String> = differences.iter().take(TOLD).map(difference).collect();
    if words.is_empty() { "like everybody".to_owned() } else { words.join("; ") }
}

fn difference(one: &Difference) -> String {
    match one.feature.split_once(" = ") {
        Some((feature, value)) => {
            let (here, overall) = (100.0 * one.here, 100.0 * one.overall);
            format!("{here:.0} % have {feature} {value}, of all {overall:.0} %")
        }
        None => {
            let name = one.feature.replace('_', " ");
            let way = if one.strength < 0.0 { "fewer" } else { "more" };
            format!("{way} {name}: {:.1} on average, of all {:.1}", one.here, one.overall)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_become_a_sentence() {
        let one = |feature: &str, here: f64, overall: f64, strength: f64| Difference {
            feature: feature.to_owned(),
            here,
            overall,
            strength,
        };
        let told =
            sentence(&[one("revenue", 82.14, 20.0, 1.9), one("first_channel = Email", 0.93, 0.21, 1.1)]);
        assert_eq!(
            told,
            "more revenue: 82.1 on average, of all 20.0; 93 % have first_channel Email, of all 21 %"
        );
        assert_eq!(sentence(&[]), "like everybody");
    }
}
