//! What shape does an event have, and is it over?
//!
//! Keeps a handful of numbers. An event opens with an alert, and closes when five values in a row are
//! inside the band, or when it is as old as the levels need to adapt. A value that stays away for eight
//! points makes it a level shift. An event that only the slow memories noticed is a trend.

use super::point::Kind;
use serde::{Deserialize, Serialize};

/// Points outside the opening band before an event is a level shift.
const STAYS: u32 = 8;
/// Points inside it before an event is over.
const CALM: u32 = 5;
/// An event ends after this many points: by then the new level is the level.
const LONGEST: u32 = 200;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Event {
    open: Option<Open>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Open {
    kind: Kind,
    /// The band when the event opened.
    lower: f64,
    upper: f64,
    age: u32,
    calm: u32,
    away: u32,
}

impl Event {
    /// An alert at `value`: opens an event, or renames the one that is open.
    pub(crate) fn raise(&mut self, kind: Kind, lower: f64, upper: f64) -> Kind {
        let (lower, upper) = self.open.as_ref().map_or((lower, upper), |open| (open.lower, open.upper));
        self.open = Some(Open { kind, lower, upper, age: 0, calm: 0, away: 0 });
        kind
    }

    /// A point without an alert: the kind of the event that goes on, if one does.
    pub(crate) fn follow(&mut self, value: f64) -> Option<Kind> {
        let open = self.open.as_mut()?;
        open.age += 1;
        // Below what a spike rose from is no spike, and above what a drop fell from no drop.
        let back = match open.kind {
            Kind::Spike => value <= open.upper,
            Kind::Drop => value >= open.lower,
            _ => (open.lower..=open.upper).contains(&value),
        };
        if back {
            open.calm += 1;
            open.away = 0;
        } else {
            open.calm = 0;
            open.away += 1;
        }
        if open.away >= STAYS && matches!(open.kind, Kind::Spike | Kind::Drop) {
            open.kind = Kind::LevelShift;
        }
        if open.calm > 0 || open.age >= LONGEST {
            if open.calm >= CALM || open.age >= LONGEST {
                self.open = None;
            }
            return None;
        }
        Some(open.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_falls_after_a_spike_is_no_spike() {
        let mut event = Event::default();
        event.raise(Kind::Spike, 21.0, 29.0);
        assert_eq!((event.follow(20.0), event.follow(30.0)), (None, Some(Kind::Spike)));
        event.raise(Kind::Drop, 21.0, 29.0);
        assert_eq!((event.follow(30.0), event.follow(20.0)), (None, Some(Kind::Drop)));
    }

    #[test]
    fn a_spike_that_stays_becomes_a_shift_and_ends() {
        let mut event = Event::default();
        assert_eq!(event.raise(Kind::Spike, 0.0, 10.0), Kind::Spike);
        assert_eq!(event.follow(50.0), Some(Kind::Spike));
        let kinds: Vec<_> = (0..10).map(|_| event.follow(50.0)).collect();
        assert_eq!(kinds.last(), Some(&Some(Kind::LevelShift)));
        assert_eq!(event.follow(5.0), None);
        assert_eq!(event.follow(50.0), Some(Kind::LevelShift));
        (0..5).for_each(|_| assert_eq!(event.follow(5.0), None));
        assert_eq!(event.follow(50.0), None);
    }
}
