//! Density clustering (DBSCAN: Ester, Kriegel, Sander and Xu, KDD 1996): groups of any shape, and points
//! that belong to none.

use super::points::{Points, distance};

/// Points that are compared with each other; the others follow their nearest core point.
const COMPARED: usize = 4_000;
/// Share of points that are near enough to their neighbours to lie in a group.
const INSIDE: f64 = 0.9;

/// The group of each point, numbered from 0; `None` belongs to none.
///
/// A core point has `neighbours` others within a radius, which is the distance within which nine of ten
/// points have them. Above 4,000 points the groups are those of an even sample.
pub fn density(points: &Points, neighbours: usize) -> Vec<Option<usize>> {
    let sample = points.sample(COMPARED);
    let n = sample.len();
    let neighbours = neighbours.clamp(1, n);
    let mut reach: Vec<f64> = (0..n)
        .map(|at| {
            let mut away: Vec<f64> = sample.iter().map(|other| distance(sample.get(at), other)).collect();
            *away.select_nth_unstable_by(neighbours.min(n - 1), f64::total_cmp).1
        })
        .collect();
    let own = reach.clone();
    reach.sort_by(f64::total_cmp);
    let radius = reach[((n - 1) as f64 * INSIDE) as usize];
    let core: Vec<bool> = own.iter().map(|own| *own <= radius).collect();

    let mut groups: Vec<Option<usize>> = vec![None; n];
    let mut next = 0;
    for seed in 0..n {
        if !core[seed] || groups[seed].is_some() {
            continue;
        }
        let mut open = vec![seed];
        groups[seed] = Some(next);
        while let Some(at) = open.pop() {
            for other in 0..n {
                if groups[other].is_none() && distance(sample.get(at), sample.get(other)) <= radius {
                    groups[other] = Some(next);
                    if core[other] {
                        open.push(other);
                    }
                }
            }
        }
        next += 1;
    }
    if points.len() == n {
        return groups;
    }
    let follow = |point: &[f64]| {
        let cores = (0..n).filter(|at| core[*at]).map(|at| (at, distance(point, sample.get(at))));
        let near = cores.min_by(|a, b| a.1.total_cmp(&b.1))?;
        if near.1 <= radius { groups[near.0] } else { None }
    };
    points.iter().map(follow).collect()
}
