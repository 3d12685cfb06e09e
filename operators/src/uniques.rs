//! Unique visitors: how many people were on a site in a day, a week, a month. Exact.
//!
//! In:    changed stretches of history (`change`).
//! Out:   per `(site, period, start)` the difference of the number of people.
//! State: none beside the histories.
//! Retraction: removing a person's last act of a period takes the person out of it. Late data puts
//!        a person into a past period.
//! Cost:  when a stretch begins or ceases to touch a period, the rest of the person's history is
//!        looked through once for that period.
//! Wrong when: a day is derived with another time zone than the site's. The fact carries it.

use serde::{Deserialize, Serialize};

use crate::calendar::Period;
use crate::change::Change;
use crate::fact::{Act, Diff};

/// A period of a site. `start` is its first day in the site's time zone, in days since 1970-01-01.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UniquesCell {
    pub site: u32,
    pub period: Period,
    pub start: i32,
}

/// Emits the periods in which the person becomes or is no longer a visitor.
pub(crate) fn unique_diffs(change: &Change<'_>, mut emit: impl FnMut(UniquesCell, Diff)) {
    for period in Period::ALL {
        change.distinct(
            Act::is_counted,
            |act| period.start_of(act),
            |start, diff| {
                emit(UniquesCell { site: change.person.site, period, start }, diff);
            },
        );
    }
}
