//! Residents: the people whose histories are in the dataflow at the moment.
//!
//! Views are sums over people of a function of each person's history, so the dataflow needs only
//! the histories of people something happens to. Before a person's new event is fed, the person must
//! be resident with every stored event that a view could combine with it: that is the event's
//! [`Slice`]. What is missing is fetched from ClickHouse and fed at a silent time (hydration). Who
//! has been idle is fed out again the same way (eviction). Neither changes any view.
//!
//! Keeps: 56 bytes per resident event and about 100 per resident person; for each slice touched
//! lately, the visitors known to have stored events in it, 8 bytes each (about 9 with the table).
//!
//! Wrong when: a person is evicted before the epoch of their last event is committed to ClickHouse.
//! [`Residents::evict`] takes the committed epoch for that reason.

use std::collections::{BTreeMap, VecDeque};

use hashbrown::{HashMap, HashSet};
use opentrace_events::ids::DAY_MS;
use opentrace_operators::{Act, Person};
use smallvec::SmallVec;

use crate::journal::Epoch;
use crate::tables::tighten;

/// Days on either side that can hold events of the same session.
const SESSION_REACH: i32 = 1;
/// All days that an event can be of: 1970 to 2134, which ClickHouse's dates reach.
const ALL_DAYS: std::ops::Range<i32> = 0..60_000;

/// Stored history that must be at hand before an event can be counted: a site and a range of UTC
/// days, `from` inclusive to `until` exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slice {
    pub site: u32,
    pub from: i32,
    pub until: i32,
}

impl Slice {
    /// The slice of an event at `ts`. Visitors known for a day only can share views with events of
    /// the days around it; of those who are known again everything may matter.
    pub(crate) fn of(site: u32, ts: i64, known_again: bool) -> Self {
        if known_again {
            return Self::whole(site);
        }
        let day = ts.div_euclid(DAY_MS) as i32;
        Self { site, from: day - SESSION_REACH, until: day + 1 + SESSION_REACH }
    }

    /// Everything a site has.
    pub(crate) fn whole(site: u32) -> Self {
        Self { site, from: ALL_DAYS.start, until: ALL_DAYS.end }
    }

    /// The range in milliseconds, half-open.
    pub(crate) fn millis(&self) -> (i64, i64) {
        (i64::from(self.from) * DAY_MS, i64::from(self.until) * DAY_MS)
    }

    fn holds(&self, site: u32, ts: i64) -> bool {
        let (from, until) = self.millis();
        self.site == site && (from..until).contains(&ts)
    }
}

/// The minute by the coordinator's clock, and how long people may be idle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    pub minute: i64,
    pub idle_minutes: i64,
}

/// People of whom only history arrives stay this long: an import brings a person's lines close
/// together, and nothing else is to be expected of them.
const HISTORY_STAYS: i64 = 2;

impl Now {
    /// Who was last touched before this minute is idle.
    pub(crate) fn idle_since(&self) -> i64 {
        self.minute - self.idle_minutes
    }

    /// The minute in which somebody counts as touched by something that happened at `ts`.
    fn touched(&self, ts: i64) -> i64 {
        let is_history = ts.div_euclid(60_000) < self.idle_since();
        if is_history { self.idle_since() + HISTORY_STAYS } else { self.minute }
    }
}

#[derive(Debug, Default)]
struct Resident {
    acts: Vec<Act>,
    slices: SmallVec<[Slice; 1]>,
    last_epoch: Epoch,
    /// The minute, by the coordinator's clock, in which something last happened to them.
    touched: i64,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Residents {
    people: HashMap<Person, Resident>,
    /// By slice; those of a site lie together.
    stored: BTreeMap<Slice, Stored>,
    /// People by the minute they were last touched, or an earlier one.
    idle: BTreeMap<i64, VecDeque<Person>>,
    acts: usize,
}

#[derive(Debug, Default)]
struct Stored {
    visitors: HashSet<u64>,
    touched: i64,
}

impl Residents {
    /// Slices among these whose stored visitors are not known yet.
    pub(crate) fn unknown_slices(&self, wanted: impl Iterator<Item = Slice>) -> Vec<Slice> {
        let mut unknown: Vec<Slice> = wanted.filter(|slice| !self.stored.contains_key(slice)).collect();
        unknown.sort_unstable();
        unknown.dedup();
        unknown
    }

    /// Takes in who has stored events in a slice.
    pub(crate) fn learn_slice(&mut self, slice: Slice, visitors: impl Iterator<Item = u64>, minute: i64) {
        self.stored.insert(slice, Stored { visitors: visitors.collect(), touched: minute });
    }

    /// Whether this person's stored events in the slice must be fetched first: something happened to
    /// them at `ts`. From now on the slice counts as covered, so the answer is `true` once.
    pub(crate) fn needs_history(&mut self, person: Person, slice: Slice, ts: i64, now: Now) -> bool {
        let minute = now.touched(ts);
        let stored = self.stored.entry(slice).or_default();
        stored.touched = now.minute;
        let has_stored = stored.visitors.contains(&person.visitor);
        let resident = self.people.entry(person).or_insert_with(|| {
            self.idle.entry(minute).or_default().push_back(person);
            Resident { touched: minute, ..Resident::default() }
        });
        if resident.slices.contains(&slice) {
            return false;
        }
        resident.slices.push(slice);
        has_stored
    }

    /// Adds an event to a person's history; `false` when it is there already.
    pub(crate) fn add(&mut self, person: Person, act: Act, epoch: Epoch, now: Now) -> bool {
        let minute = now.touched(act.ts);
        let resident = self.people.entry(person).or_insert_with(|| {
            self.idle.entry(minute).or_default().push_back(person);
            Resident::default()
        });
        resident.touched = resident.touched.max(minute);
        resident.last_epoch = resident.last_epoch.max(epoch);
        // Events mostly come in order, so the place is near the end.
        let place = resident.acts.partition_point(|held| (held.ts, held.id) < (act.ts, act.id));
        if resident.acts.get(place).is_some_and(|held| (held.ts, held.id) == (act.ts, act.id)) {
            return false;
        }
        resident.acts.insert(place, act);
        self.acts += 1;
        true
    }

    /// Removes people who were idle since before `minute` and whose events are all committed, the
    /// longest idle first, and returns their histories. While more than `max_acts` events are
    /// resident, people who are less idle go too.
    pub(crate) fn evict(
        &mut self,
        minute: i64,
        max_acts: usize,
        committed: Epoch,
    ) -> Vec<(Person, Vec<Act>)> {
        let mut evicted = Vec::new();
        let mut still_there: Vec<(i64, Person)> = Vec::new();
        while let Some(mut entry) = self.idle.first_entry()
            && (*entry.key() < minute || self.acts > max_acts)
        {
            let bucket = *entry.key();
            // No further than needed: of a busy minute there may be more people than are looked at here.
            let Some(person) = entry.get_mut().pop_front() else {
                entry.remove();
                continue;
            };
            let Some(resident) = self.people.get(&person) else { continue };
            if resident.touched > bucket || resident.last_epoch > committed {
                still_there.push((resident.touched.max(bucket), person));
            } else {
                evicted.extend(self.take(person).map(|acts| (person, acts)));
            }
        }
        for (touched, person) in still_there {
            self.idle.entry(touched).or_default().push_back(person);
        }
        tighten(&mut self.people);
        evicted
    }

    /// Removes everyone of a site and returns their histories. All their events are committed.
    pub(crate) fn evict_site(&mut self, site: u32) -> Vec<(Person, Vec<Act>)> {
        let people: Vec<Person> = self.people.keys().copied().filter(|person| person.site == site).collect();
        people.into_iter().filter_map(|person| Some((person, self.take(person)?))).collect()
    }

    /// Whether anyone of a site is resident.
    pub(crate) fn has_site(&self, site: u32) -> bool {
        self.people.keys().any(|person| person.site == site)
    }

    /// Forgets which visitors have stored events in slices not touched since `minute`.
    pub(crate) fn forget_slices(&mut self, minute: i64) {
        self.stored.retain(|_, stored| stored.touched >= minute);
    }

    /// How many people and events are resident, and how many visitors are known to be stored.
    pub(crate) fn size(&self) -> (usize, usize, usize) {
        (self.people.len(), self.acts, self.stored.values().map(|stored| stored.visitors.len()).sum())
    }

    /// Whether somebody is resident.
    pub(crate) fn has(&self, person: Person) -> bool {
        self.people.contains_key(&person)
    }

    /// Removes what a person did before a time, in milliseconds since 1970, and returns it. Who did nothing
    /// later is removed as a whole.
    pub(crate) fn take_before(&mut self, person: Person, until: i64) -> Vec<Act> {
        let Some(resident) = self.people.get_mut(&person) else { return Vec::new() };
        let old = resident.acts.partition_point(|act| act.ts < until);
        if old == resident.acts.len() {
            return self.take(person).unwrap_or_default();
        }
        self.acts -= old;
        resident.acts.drain(..old).collect()
    }

    /// Removes a person and returns their history.
    pub(crate) fn take(&mut self, person: Person) -> Option<Vec<Act>> {
        let resident = self.people.remove(&person)?;
        self.acts -= resident.acts.len();
        let of_site = Slice { site: person.site, from: i32::MIN, until: i32::MIN }..Slice {
            site: person.site + 1,
            from: i32::MIN,
            until: i32::MIN,
        };
        for (slice, stored) in self.stored.range_mut(of_site) {
            if resident.acts.iter().any(|act| slice.holds(person.site, act.ts)) {
                stored.visitors.insert(person.visitor);
            }
        }
        Some(resident.acts)
    }
}

#[cfg(test)]
mod tests {
    use opentrace_operators::EventFact;
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3_600_000;

    #[derive(Clone, Debug)]
    enum Step {
        Event { visitor: u64, hour: i64 },
        Commit,
        Evict,
        Forget,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            6 => (0u64..4, 0i64..100).prop_map(|(visitor, hour)| Step::Event { visitor, hour }),
            2 => Just(Step::Commit),
            2 => Just(Step::Evict),
            1 => Just(Step::Forget),
        ];
        prop::collection::vec(step, 1..80)
    }

    /// The protocol of the coordinator against a store that is a list: whenever an event is
    /// counted, every earlier event within the event's slice is resident, and nothing is twice.
    fn check(steps: Vec<Step>, identified: bool) -> Result<(), TestCaseError> {
        let mut residents = Residents::default();
        let mut stored: Vec<(EventFact, Epoch)> = Vec::new();
        let mut resident: std::collections::BTreeSet<EventFact> = std::collections::BTreeSet::new();
        let (mut epoch, mut committed, mut minute) = (0, 0, 0);
        for step in steps {
            minute += 1;
            match step {
                Step::Event { visitor, hour } => {
                    epoch += 1;
                    let person = Person { site: 1, visitor };
                    let act = Act { ts: hour * HOUR, id: epoch, ..Act::default() };
                    let slice = Slice::of(1, act.ts, identified);
                    for slice in residents.unknown_slices([slice].into_iter()) {
                        let within =
                            stored.iter().filter(|(fact, e)| *e <= committed && slice.holds(1, fact.act.ts));
                        residents.learn_slice(slice, within.map(|(fact, _)| fact.person.visitor), minute);
                    }
                    let now = Now { minute, idle_minutes: 3 };
                    if residents.needs_history(person, slice, act.ts, now) {
                        let mine: Vec<EventFact> = stored
                            .iter()
                            .filter(|(fact, e)| {
                                *e <= committed && fact.person == person && slice.holds(1, fact.act.ts)
                            })
                            .map(|(fact, _)| *fact)
                            .collect();
                        for fact in mine {
                            if residents.add(person, fact.act, 0, now) {
                                prop_assert!(resident.insert(fact), "fed twice");
                            }
                        }
                    }
                    let needed = stored
                        .iter()
                        .filter(|(fact, _)| fact.person == person && slice.holds(1, fact.act.ts));
                    for (fact, _) in needed {
                        prop_assert!(resident.contains(fact), "{fact:?} is missing for {act:?}");
                    }
                    prop_assert!(residents.add(person, act, epoch, now));
                    let fact = EventFact { person, act };
                    resident.insert(fact);
                    stored.push((fact, epoch));
                }
                Step::Commit => committed = epoch,
                Step::Evict => {
                    for (person, acts) in residents.evict(minute - 3, usize::MAX, committed) {
                        for act in acts {
                            prop_assert!(
                                resident.remove(&EventFact { person, act }),
                                "taken out without being in"
                            );
                        }
                    }
                }
                Step::Forget => residents.forget_slices(minute - 2),
            }
            prop_assert_eq!(residents.size().1, resident.len());
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn whoever_is_counted_has_their_history(steps in steps(), identified in any::<bool>()) {
            check(steps, identified)?;
        }
    }

    #[test]
    fn too_many_events_push_the_longest_idle_out_early() {
        let mut residents = Residents::default();
        for visitor in 0..10u64 {
            let person = Person { site: 1, visitor };
            let now = Now { minute: visitor as i64, idle_minutes: 100 };
            residents.needs_history(person, Slice::of(1, 0, false), 0, now);
            residents.add(person, Act::default(), 1, now);
        }
        let gone = residents.evict(i64::MIN, 4, 1);
        assert_eq!(gone.len(), 6);
        assert_eq!(gone[0].0.visitor, 0, "the longest idle first");
    }

    #[test]
    fn of_a_minute_whoever_came_first_leaves_first_and_who_is_in_use_stays() {
        let mut residents = Residents::default();
        let now = Now { minute: 7, idle_minutes: 100 };
        for (visitor, epoch) in [(0, 1), (1, 2), (2, 1), (3, 1), (4, 1), (5, 1)] {
            let person = Person { site: 1, visitor };
            residents.needs_history(person, Slice::of(1, 0, false), 0, now);
            residents.add(person, Act::default(), epoch, now);
        }
        let mut gone = |most, committed| -> Vec<u64> {
            let gone = residents.evict(i64::MIN, most, committed);
            gone.iter().map(|(person, _)| person.visitor).collect()
        };
        assert_eq!(gone(4, 1), [0, 2], "the second is in an epoch that is not committed");
        assert!(gone(4, 2).is_empty());
        assert_eq!(gone(2, 2), [3, 4]);
        assert_eq!(gone(0, 2), [5, 1]);
    }

    #[test]
    fn who_did_something_since_stays_with_that() {
        let mut residents = Residents::default();
        let (person, now) = (Person { site: 1, visitor: 7 }, Now { minute: 9, idle_minutes: 3 });
        for (id, ts) in [(1, 10), (2, 20), (3, 30)] {
            residents.add(person, Act { ts, id, ..Act::default() }, 1, now);
        }
        let mut taken = |until| {
            let acts = residents.take_before(person, until);
            (acts.iter().map(|act| act.ts).collect::<Vec<_>>(), residents.size().1, residents.has(person))
        };
        assert_eq!(taken(20), (vec![10], 2, true));
        assert_eq!(taken(20), (vec![], 2, true));
        assert_eq!(taken(i64::MAX), (vec![20, 30], 0, false));
        assert_eq!(taken(i64::MAX), (vec![], 0, false));
    }

    #[test]
    fn people_of_whom_only_history_came_leave_soon() {
        let mut residents = Residents::default();
        let minute = 30_000_000;
        let now = Now { minute, idle_minutes: 120 };
        for (visitor, ts) in [(1, minute * 60_000), (2, (minute - 60 * 24 * 40) * 60_000)] {
            let person = Person { site: 1, visitor };
            residents.needs_history(person, Slice::of(1, ts, false), ts, now);
            residents.add(person, Act { ts, ..Act::default() }, 1, now);
        }
        let later = |minutes| Now { minute: minute + minutes, ..now }.idle_since();
        assert!(residents.evict(later(1), usize::MAX, 1).is_empty());
        let gone = residents.evict(later(3), usize::MAX, 1);
        assert_eq!(gone.iter().map(|(person, _)| person.visitor).collect::<Vec<_>>(), [2]);
    }
}
