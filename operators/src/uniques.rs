//! Unique visitors: how many people were on a site in a day, a week, a month. Exact.
//!
//! In:    changed stretches of history (`keyed`).
//! Out:   per `(site, period, start)` the difference of the number of people, consolidated per time.
//! State: none beside the histories.
//! Retraction: removing a person's last act of a period takes the person out of it. Late data puts
//!        a person into a past period.
//! Cost:  when a stretch begins or ends to touch a period, the rest of the person's history is
//!        looked through once for that period.
//! Wrong when: a day is derived with another time zone than the site's. The fact carries it.

use differential_dataflow::VecCollection;
use serde::{Deserialize, Serialize};

use crate::fact::{Act, Diff, Kind, Time};
use crate::keyed::{Change, Counted, Emit};

/// How long a cell of [`uniques`] is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Period {
    #[default]
    Day,
    Week,
    Month,
}

/// A period of a site. `start` is its first day in the site's time zone, in days since 1970-01-01.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UniquesCell {
    pub site: u32,
    pub period: Period,
    pub start: i32,
}

/// People per cell, from the periods people are active in.
pub fn uniques<'s>(
    active: VecCollection<'s, Time, UniquesCell, Diff>,
) -> VecCollection<'s, Time, UniquesCell, Diff> {
    active.consolidate()
}

/// Emits the periods in which the person becomes or is no longer a visitor.
pub fn active_period_diffs(change: &Change<'_>, emit: Emit<'_, UniquesCell>) {
    let (before, after) = (periods(change.before), periods(change.after));
    let mut moved = |(period, start): (Period, i32), diff| {
        if !change.elsewhere().any(|act| is_counted(act) && start_of(period, act) == start) {
            emit(UniquesCell { site: change.person.site, period, start }, diff);
        }
    };
    for gone in before.iter().filter(|active| !after.contains(active)) {
        moved(*gone, -1);
    }
    for new in after.iter().filter(|active| !before.contains(active)) {
        moved(*new, 1);
    }
}

/// The periods a stretch touches. Few: a stretch seldom spans two days.
fn periods(stretch: &[Counted]) -> Vec<(Period, i32)> {
    let mut found = Vec::new();
    let mut last_day = None;
    for (act, _) in stretch.iter().filter(|(act, _)| is_counted(act)) {
        if last_day.replace(act.day) == Some(act.day) {
            continue;
        }
        for period in [Period::Day, Period::Week, Period::Month] {
            let active = (period, start_of(period, act));
            if !found.contains(&active) {
                found.push(active);
            }
        }
    }
    found
}

fn is_counted(act: &Act) -> bool {
    act.kind != Kind::Engagement
}

fn start_of(period: Period, act: &Act) -> i32 {
    match period {
        Period::Day => act.day,
        Period::Week => act.week,
        Period::Month => first_of_month(act.day),
    }
}

/// The first day of the month that holds `day`, in the proleptic Gregorian calendar. Counts from
/// 1 March of year 0, so that the leap day ends a year and months follow one formula.
pub fn first_of_month(day: i32) -> i32 {
    const DAYS_TO_1970: i32 = 719_468;
    let since = day + DAYS_TO_1970;
    let of_era = since.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * month + 2) / 5;
    day - day_of_month
}

#[cfg(test)]
mod tests {
    use super::first_of_month;

    #[test]
    fn months_begin_on_their_first() {
        // 400 years of days, with the calendar counted off day by day.
        let (mut year, mut month, mut day) = (1970, 1, 1);
        let mut first = 0;
        for number in 0..146_097 {
            if day == 1 {
                first = number;
            }
            assert_eq!(first_of_month(number), first, "{year}-{month}-{day}");
            day += 1;
            if day > days_in(year, month) {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
    }

    fn days_in(year: i32, month: i32) -> i32 {
        match month {
            2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }
}
