//! Density clustering (DBSCAN: Ester, Kriegel, Sander and Xu, KDD 1996) by the library linfa: groups of any
//! shape, and points that belong to none.

use super::points::{Points, distance};
use crate::error::{Error, Result};
use linfa::ParamGuard;
use linfa::prelude::Transformer;
use linfa_clustering::Dbscan;

/// Points that are compared with each other; the others follow their nearest core point.
const COMPARED: usize = 4_000;
/// Share of points that are near enough to their neighbours to lie in a group.
const INSIDE: f64 = 0.9;

/// The group of each point, numbered from 0; `None` belongs to none.
///
/// A core point has `neighbours` others within a radius, which is the distance within which nine of ten
/// points have them. Above 4,000 points the groups are those of an even sample.
///
/// # Errors
/// [`Error::Degenerate`] if the library refuses the radius.
pub fn density(points: &Points, neighbours: usize) -> Result<Vec<Option<usize>>> {
    let sample = points.sample(COMPARED);
    let n = sample.len();
    let neighbours = neighbours.clamp(1, n);
    let own: Vec<f64> = (0..n)
        .map(|at| {
            let mut away: Vec<f64> = sample.iter().map(|other| distance(sample.get(at), other)).collect();
            *away.select_nth_unstable_by(neighbours.min(n - 1), f64::total_cmp).1
        })
        .collect();
    let mut reach = own.clone();
    reach.sort_by(f64::total_cmp);
    // Points that lie upon each other have no distance; the library wants one.
    let radius = (reach[((n - 1) as f64 * INSIDE) as usize] * (1.0 + 1e-9)).max(1e-18);
    let search = Dbscan::params(neighbours + 1).tolerance(radius.sqrt()).check();
    let search = search.map_err(|_| Error::Degenerate { why: "the points have no density" })?;
    let groups = search.transform(&sample.view()).to_vec();
    if points.len() == n {
        return Ok(groups);
    }
    let follow = |point: &[f64]| {
        let cores = (0..n).filter(|at| own[*at] <= radius).map(|at| (at, distance(point, sample.get(at))));
        let near = cores.min_by(|a, b| a.1.total_cmp(&b.1))?;
        if near.1 <= radius { groups[near.0] } else { None }
    };
    Ok(points.iter().map(follow).collect())
}
