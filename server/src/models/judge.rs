//! Which steps of a metric's course are strange, each judged by the steps before it.
//!
//! The detector begins with the steps before the range that was asked about, so that it knows the series
//! when the range begins. A step without a value is not judged.
//!
//! Wrong when: as the detector is; and where events come later than the step that is judged: the answer
//! is about the figures as they are now, not as they were when the step ended.

use jiff::civil::DateTime;
use opentrace_models::anomaly::{Detector, Point, Sensitivity};
use opentrace_query::catalogue::Grain;

use super::course::{begun, millis};

/// Steps before the range that the detector begins with: enough for the seasons that it learns.
pub(crate) fn before(grain: Grain) -> usize {
    match grain {
        Grain::Minute => 3 * 1_440,
        Grain::Hour => 5 * 168,
        Grain::Day => 180,
        Grain::Week => 104,
        Grain::Month => 36,
    }
}

/// How loud a step must be if nobody says: of days and longer steps there are few, so that a quarter of a year goes
/// by before one may be surer, and one more alert among them costs nobody much.
pub(crate) fn usual(grain: Grain) -> Sensitivity {
    match grain {
        Grain::Minute | Grain::Hour => Sensitivity::Medium,
        Grain::Day | Grain::Week | Grain::Month => Sensitivity::High,
    }
}

/// What is said of each step from `first` on that has a value: its place and the verdict.
pub(crate) fn judge(steps: &[DateTime], values: &[Option<f64>], first: usize) -> Vec<(usize, Point)> {
    let mut detector = Detector::new();
    let mut said = Vec::new();
    for place in begun(values)..values.len() {
        let Some(value) = values[place].filter(|value| value.is_finite()) else { continue };
        // Steps are in order, and no figure is beyond what the detector takes.
        let Ok(point) = detector.observe(millis(steps[place]), Some(value)) else { continue };
        if place >= first {
            said.push((place, point));
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_is_found_by_what_was_before_it_alone() {
        let hour = |place: usize| {
            let start = jiff::civil::date(2026, 3, 1).at(0, 0, 0, 0);
            Grain::Hour.after(start, place as i64).expect("an hour")
        };
        let steps: Vec<DateTime> = (0..600).map(hour).collect();
        let usual =
            |place: usize| 100.0 + 20.0 * ((place % 24) as f64 / 4.0).sin().round() + (place * 7 % 5) as f64;
        let mut values: Vec<Option<f64>> = (0..600).map(|place| Some(usual(place))).collect();
        values[..30].fill(Some(0.0));
        values[570] = Some(900.0);
        values[400] = None;
        let said = judge(&steps, &values, 300);
        assert_eq!((said[0].0, said.len()), (300, 299));
        let strange: Vec<usize> =
            said.iter().filter(|(_, point)| point.score >= 0.97).map(|(place, _)| *place).collect();
        assert_eq!(strange, [570]);
        // What comes later changes nothing.
        let early = judge(&steps[..500], &values[..500], 300);
        assert_eq!(early[..], said[..early.len()]);
        assert!(judge(&steps, &vec![Some(0.0); 600], 0).is_empty(), "nothing was ever there");
    }
}
