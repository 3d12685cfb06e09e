//! What changed between two stretches of time, and how sure that is.
//!
//! A metric is judged by its steps: Welch's test of their means. A group of the traffic is judged by its
//! share of the visits: the test of two proportions. All of them together are then held to one rate of
//! false findings (Benjamini and Hochberg), so that a long list of small changes says nothing.
//!
//! Wrong when: days of one week are like those of no other; a change that every year brings is one, too.

use opentrace_models::experiment::{Arm, Scale, Sums, benjamini_hochberg, proportions, welch};
use serde::Serialize;

use super::slices::Slice;

/// The level of intervals and of findings.
const ALPHA: f64 = 0.05;

/// How sure a change is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Evidence {
    /// `welch` over steps, or `proportions` of visits.
    pub(crate) method: &'static str,
    /// Probability of a difference as large where there is none, with all others looked at beside it.
    pub(crate) p: f64,
    /// That of the test alone.
    pub(crate) p_alone: f64,
    /// The difference and its interval of 95 %: of a step's mean, or of the share.
    pub(crate) difference: f64,
    pub(crate) interval: [f64; 2],
    /// Steps of each stretch, or visits.
    pub(crate) n: [u64; 2],
}

/// Something that changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Change {
    /// `metric`, or `group` for a group of the traffic.
    pub(crate) kind: &'static str,
    pub(crate) metric: String,
    /// The group, by its dimension.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<(String, String)>,
    pub(crate) before: f64,
    pub(crate) after: f64,
    /// In percent; none where nothing was before.
    pub(crate) change: Option<f64>,
    /// Whether it is more than noise.
    pub(crate) significant: bool,
    pub(crate) evidence: Option<Evidence>,
    /// Where it comes from, the best explanation first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) causes: Vec<Slice>,
    pub(crate) sentence: String,
    /// The figures behind it, as a query.
    pub(crate) query: serde_json::Value,
}

/// How a metric is said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said<'a> {
    pub(crate) name: &'a str,
    pub(crate) percent: bool,
    pub(crate) currency: Option<&'a str>,
}

/// The change of a metric by the values of its steps.
pub(crate) fn of_steps(before: &[Option<f64>], after: &[Option<f64>]) -> Option<Evidence> {
    let arm = |values: &[Option<f64>]| {
        let values: Vec<f64> = values.iter().flatten().copied().collect();
        Some((Arm::mean(Sums::of(&values)).ok()?, values.len() as u64))
    };
    let ((control, n), (variant, m)) = (arm(before)?, arm(after)?);
    let test = welch(&control, &variant, Scale::Absolute, ALPHA).ok()?;
    Some(Evidence {
        method: "welch",
        p: test.p,
        p_alone: test.p,
        difference: test.estimate,
        interval: [test.interval.0, test.interval.1],
        n: [n, m],
    })
}

/// The change of a group's share: visits of the group and all visits, before and after.
pub(crate) fn of_shares(before: (u64, u64), after: (u64, u64)) -> Option<Evidence> {
    let test = proportions((before.1, before.0), (after.1, after.0), ALPHA).ok()?;
    Some(Evidence {
        method: "proportions",
        p: test.p,
        p_alone: test.p,
        difference: test.estimate,
        interval: [test.interval.0, test.interval.1],
        n: [before.1, after.1],
    })
}

/// In percent of what was before.
pub(crate) fn relative(before: f64, after: f64) -> Option<f64> {
    (before != 0.0).then(|| ((after - before) / before * 1_000.0).round() / 10.0)
}

/// Holds all of them to one rate of false findings, and puts them in order: what is sure and large first.
pub(crate) fn ranked(mut changes: Vec<Change>, limit: usize) -> Vec<Change> {
    let alone: Vec<f64> = changes
        .iter()
        .map(|change| change.evidence.as_ref().map_or(1.0, |evidence| evidence.p_alone))
        .collect();
    if let Ok(adjusted) = benjamini_hochberg(&alone) {
        for (change, p) in changes.iter_mut().zip(adjusted) {
            if let Some(evidence) = &mut change.evidence {
                evidence.p = p;
            }
            change.significant = change.evidence.is_some() && p < ALPHA;
        }
    }
    // The metrics themselves stand before the groups that they are made of, where both are sure.
    let size = |change: &Change| {
        let ratio = ((change.after.abs() + 1.0) / (change.before.abs() + 1.0)).ln().abs();
        let p = change.evidence.as_ref().map_or(1.0, |evidence| evidence.p).max(1e-12);
        ratio * (1.0 - p.log10())
    };
    changes.sort_by(|a, b| {
        b.significant
            .cmp(&a.significant)
            .then((a.kind == "group").cmp(&(b.kind == "group")))
            .then(size(b).total_cmp(&size(a)))
    });
    changes.truncate(limit);
    changes
}

/// A change in words.
pub(crate) fn sentence(said: Said<'_>, group: Option<&(String, String)>, change: &Change) -> String {
    let amount = |value: f64| {
        let text = if value.fract() == 0.0 || value.abs() >= 1_000.0 {
            format!("{value:.0}")
        } else {
            format!("{value:.1}")
        };
        match said.currency {
            Some(currency) => format!("{text} {currency}"),
            None if said.percent => format!("{text} %"),
            None => text,
        }
    };
    let subject = match group {
        Some((dimension, value)) => format!("{} with {dimension} {value}", capital(said.name)),
        None => capital(said.name),
    };
    let (before, after) = (amount(change.before), amount(change.after));
    let verb = if change.after > change.before { "rose" } else { "fell" };
    let mut text = match change.change {
        _ if change.before == change.after => format!("{subject} stayed at {after}"),
        _ if change.before == 0.0 => format!("{subject} began: {after}, none before"),
        _ if change.after == 0.0 => format!("{subject} ended: none, {before} before"),
        Some(percent) => format!("{subject} {verb} by {:.0} % to {after} (before: {before})", percent.abs()),
        None => format!("{subject} {verb} to {after} (before: {before})"),
    };
    if let Some(cause) = change.causes.first().filter(|cause| !cause.slice.is_empty()) {
        let names: Vec<String> =
            cause.slice.iter().map(|(dimension, value)| format!("{dimension} {value}")).collect();
        let part = (100.0 * cause.share).clamp(0.0, 100.0);
        text.push_str(&format!("; {part:.0} % of that comes from {}", names.join(" and ")));
    }
    if !change.significant {
        text.push_str("; no more than usual variation");
    }
    text
}

fn capital(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(kind: &'static str, before: f64, after: f64, evidence: Option<Evidence>) -> Change {
        Change {
            kind,
            metric: "visitors".to_owned(),
            group: None,
            before,
            after,
            change: relative(before, after),
            significant: false,
            evidence,
            causes: Vec::new(),
            sentence: String::new(),
            query: serde_json::Value::Null,
        }
    }

    const VISITORS: Said<'_> = Said { name: "visitors", percent: false, currency: None };

    #[test]
    fn what_is_sure_comes_first_and_noise_is_called_so() {
        let steps = |mean: f64| (0..7).map(|day| Some(mean + f64::from(day % 3))).collect::<Vec<_>>();
        let sure = change("metric", 700.0, 1_400.0, of_steps(&steps(100.0), &steps(200.0)));
        let noise = change("metric", 700.0, 703.0, of_steps(&steps(100.0), &steps(100.4)));
        let group = change("group", 10.0, 200.0, of_shares((10, 700), (200, 1_400)));
        let ranked = ranked(vec![noise, group, sure], 10);
        assert_eq!(ranked.iter().map(|change| change.after).collect::<Vec<_>>(), [1_400.0, 200.0, 703.0]);
        assert_eq!(ranked.iter().map(|change| change.significant).collect::<Vec<_>>(), [true, true, false]);
        assert_eq!(sentence(VISITORS, None, &ranked[0]), "Visitors rose by 100 % to 1400 (before: 700)");
        assert!(sentence(VISITORS, None, &ranked[2]).ends_with("no more than usual variation"));
    }

    #[test]
    fn an_unlikely_pair_among_many_is_no_finding() {
        let mut changes: Vec<Change> = (0..40)
            .map(|at| change("group", 100.0, 101.0 + f64::from(at), of_shares((100, 1_000), (102, 1_000))))
            .collect();
        let lucky = of_shares((100, 1_000), (131, 1_000)).expect("a test");
        assert!((0.02..0.05).contains(&lucky.p), "{lucky:?}");
        changes.push(change("group", 100.0, 131.0, Some(lucky)));
        assert!(ranked(changes, 100).iter().all(|change| !change.significant));
    }

    #[test]
    fn without_steps_there_is_no_evidence() {
        assert_eq!(of_steps(&[Some(1.0)], &[Some(2.0)]), None);
        assert_eq!(of_steps(&[Some(1.0), Some(1.0)], &[Some(1.0), Some(1.0)]), None);
        assert_eq!(
            sentence(VISITORS, None, &change("metric", 0.0, 5.0, None)),
            "Visitors began: 5, none before; no more than usual variation"
        );
    }
}
