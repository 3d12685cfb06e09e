#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::rule::{
    Baseline, Condition, Direction, Duration, Grouping, Measure, Mute, Part, Sensitivity, Span,
};
use crate::series::Grain;

const SITE: u32 = 1;
const OF: SeriesId = SeriesId(1000);
const BY: SeriesId = SeriesId(1001);
/// Hours begin at half past in UTC.
const OFFSET: i64 = 19_800;
const START: i64 = 1_700_000_000;

fn rule(condition: Condition) -> Rule {
    Rule {
        id: RuleId(Uuid::from_u128(1)),
        site: SITE,
        name: "Rule".to_owned(),
        measure: Measure::sum(OF),
        condition,
        window: Duration::of_seconds(60),
        grouping: None,
        hold: Duration::default(),
        hysteresis: 0.0,
        cooldown: Duration::default(),
        minimum: 0,
        mute: Mute::default(),
        zone: TimeZone::get("Asia/Kolkata").unwrap(),
        created_at: 0,
    }
}

fn cell(start: i64, value: i64) -> Cell {
    Cell { site: SITE, series: OF, grain: Grain::Minute, key: Key::whole(), start, value }
}

/// A band that moves with time, so that it matters which window is asked for.
struct Moving;

impl Moving {
    fn at(from: i64) -> (f64, f64) {
        let lower = (from.div_euclid(60) % 5) as f64;
        (lower, lower + 4.0)
    }
}

impl Bands for Moving {
    fn expected(&self, _: &Rule, _: &Key, span: Span, _: &dyn Fn(Span) -> Option<f64>) -> Option<Expected> {
        let (lower, upper) = Self::at(span.from);
        Some(Expected { band: Band { lower, upper }, strange: true })
    }
}

/// Series as plain minutes, and the whole state of every alert, recomputed at each epoch.
#[derive(Default)]
struct Naive {
    minutes: BTreeMap<(u32, String, i64), i64>,
    alerts: BTreeMap<String, Life>,
}

#[derive(Clone, Debug, Default)]
struct Life {
    quiet_until: i64,
    pending: Option<i64>,
    open: Option<Opening>,
}

/// Epoch, window and band that broke the rule, and the window that was current then.
type Opening = (u64, i64, i64, (f64, f64), (i64, i64));

impl Naive {
    fn total(&self, series: SeriesId, key: &str, from: i64, to: i64) -> i64 {
        let all = self.minutes.iter();
        all.filter(|((s, k, at), _)| *s == series.0 && k == key && *at >= from && *at < to)
            .map(|(_, v)| v)
            .sum()
    }

    fn number(&self, rule: &Rule, key: &str, from: i64, to: i64) -> Option<f64> {
        let over = self.total(OF, key, from, to) as f64;
        let Some(divisor) = rule.measure.divisor else { return Some(over) };
        let under = self.total(BY, if divisor.across { "" } else { key }, from, to);
        (under > 0).then(|| over / under as f64)
    }

    fn window(rule: &Rule, now: i64) -> (i64, i64) {
        let seconds = now / 1000;
        let long = rule.window.seconds() > 86_400;
        let hourly = long || (!rule.measure.additive() && rule.window.seconds() == 3_600);
        let begun = if hourly { seconds - (seconds + OFFSET) % 3_600 } else { seconds - seconds % 60 };
        let step = if hourly { 3_600 } else { 60 };
        let running = match rule.condition {
            Condition::Event { .. } | Condition::NewValue { .. } => true,
            Condition::Above { .. } => rule.measure.divisor.is_none(),
            _ => false,
        };
        let mut to = if running { begun + step } else { begun };
        if matches!(rule.condition, Condition::Anomaly { .. } | Condition::ForecastBreach { .. }) {
            to -= (to + OFFSET) % rule.window.seconds();
        }
        (to - rule.window.seconds(), to)
    }

    fn broken(
        &self,
        rule: &Rule,
        key: &str,
        (from, to): (i64, i64),
        slack: f64,
        held: Option<(f64, f64)>,
    ) -> bool {
        let quiet_too = !matches!(
            rule.condition,
            Condition::Above { .. } | Condition::Event { .. } | Condition::NewValue { .. }
        );
        if quiet_too && rule.grouping.is_some() {
            let back = to - rule.lookback() + 172_800;
            let by = rule.measure.divisor.filter(|part| !part.across).map(|_| BY);
            let parts: Vec<SeriesId> = [Some(OF), by].into_iter().flatten().collect();
            if parts.iter().all(|series| self.total(*series, key, back, to) == 0) {
                return false;
            }
        }
        let traffic = match rule.measure.divisor {
            Some(part) => self.total(BY, if part.across { "" } else { key }, from, to),
            None => self.total(SeriesId::EVENTS, "", from, to),
        };
        if traffic < rule.minimum {
            return false;
        }
        if rule.condition == Condition::NoData && rule.measure.divisor.is_some() {
            return self.number(rule, key, from, to).is_none();
        }
        let Some(value) = self.number(rule, key, from, to) else { return false };
        match &rule.condition {
            Condition::Above { value: limit } => value > limit * (1.0 - slack),
            Condition::Below { value: limit } => value < limit * (1.0 + slack),
            Condition::Change { percent, direction, over } => {
                let back = match over {
                    Baseline::Previous => to - from,
                    Baseline::Day => 86_400,
                    Baseline::Week => 604_800,
                };
                let Some(base) = self.number(rule, key, from - back, to - back) else { return false };
                if base == 0.0 {
                    return false;
                }
                let by = (value - base) / base * 100.0;
                let enough = percent * (1.0 - slack);
                (*direction != Direction::Down && by >= enough)
                    || (*direction != Direction::Up && by <= -enough)
            }
            Condition::Anomaly { .. } | Condition::ForecastBreach { .. } => {
                let (lower, upper) = held.unwrap_or(Moving::at(from));
                let inset = (upper - lower) / 2.0 * slack;
                let up = value > upper - inset;
                let down = value < lower + inset;
                match &rule.condition {
                    Condition::ForecastBreach { direction: Direction::Up } => up,
                    Condition::ForecastBreach { direction: Direction::Down } => down,
                    _ => up || down,
                }
            }
            Condition::NoData => value == 0.0,
            Condition::Event { .. } => value > 0.0,
            Condition::NewValue { memory } => {
                let back = from - memory.seconds();
                let back = back - (back + OFFSET).rem_euclid(3_600);
                value > 0.0 && self.total(OF, key, back, from) == 0
            }
        }
    }

    fn on_the_spot(rule: &Rule) -> bool {
        rule.hold.seconds() == 0
            && match rule.condition {
                Condition::Event { .. } | Condition::NewValue { .. } => true,
                Condition::Above { .. } => rule.measure.divisor.is_none(),
                _ => false,
            }
    }

    /// Where `OF` grew in this epoch, and earlier than now: windows that end there, newest first.
    fn missed(rule: &Rule, key: &str, now: i64, grown: &BTreeSet<(String, i64)>) -> Vec<(i64, i64)> {
        if !Self::on_the_spot(rule) {
            return Vec::new();
        }
        let (_, to) = Self::window(rule, now);
        let long = rule.window.seconds() > 86_400;
        let step =
            if long || (!rule.measure.additive() && rule.window.seconds() == 3_600) { 3_600 } else { 60 };
        let floor = |at: i64| if step == 60 { at } else { at - (at + OFFSET).rem_euclid(3_600) };
        let ends: BTreeSet<i64> =
            grown.iter().filter(|(grew, _)| grew == key).map(|(_, minute)| floor(*minute) + step).collect();
        let recent = |end: &i64| match rule.condition {
            Condition::Event { .. } => end - step >= now / 1000 - CORRECTABLE && end - step >= -step,
            _ => *end == to - step,
        };
        let ends = ends.into_iter().rev().filter(|end| *end < to).filter(recent);
        ends.map(|end| (end - rule.window.seconds(), end)).collect()
    }

    /// What happens to each key: `(key, opened at epoch, "firing" or the reason)`.
    fn close(
        &mut self,
        rule: &Rule,
        epoch: u64,
        now: i64,
        grown: &BTreeSet<(String, i64)>,
    ) -> Vec<(String, u64, String)> {
        let mut keys: BTreeSet<String> = self.alerts.keys().cloned().collect();
        match rule.grouping {
            None => keys = BTreeSet::from([String::new()]),
            Some(_) => {
                keys.extend(self.minutes.keys().map(|(_, key, _)| key.clone()).filter(|key| !key.is_empty()));
            }
        }
        let mut said = Vec::new();
        let now_window = Self::window(rule, now);
        for key in keys {
            let life = self.alerts.get(&key).cloned().unwrap_or_default();
            let broken = self.broken(rule, &key, now_window, 0.0, None);
            let holds = self.broken(rule, &key, now_window, rule.hysteresis, None);
            let open = self.alerts.values().filter(|life| life.open.is_some()).count();
            let room = rule.grouping.as_ref().is_none_or(|grouping| open < grouping.limit);
            let mut next = life.clone();
            if let Some((opened, from, to, band, at)) = life.open {
                let was =
                    now / 1000 - to > CORRECTABLE || self.broken(rule, &key, (from, to), 0.0, Some(band));
                let just_now = Self::on_the_spot(rule) && at == now_window;
                if holds && !was && broken {
                    next.open = Some((opened, now_window.0, now_window.1, Moving::at(now_window.0), at));
                } else if !(holds || was && just_now) {
                    next = Life { quiet_until: now + rule.cooldown.millis(), ..Life::default() };
                    said.push((key.clone(), opened, if was { "Recovered" } else { "Retracted" }.to_owned()));
                }
            } else if let Some(window) = std::iter::once(now_window)
                .chain(Self::missed(rule, &key, now, grown))
                .find(|window| self.broken(rule, &key, *window, 0.0, None))
                .filter(|_| life.pending.is_some() || now >= life.quiet_until)
            {
                let since = life.pending.unwrap_or(now);
                if now - since >= rule.hold.millis() && room {
                    next.open = Some((epoch, window.0, window.1, Moving::at(window.0), now_window));
                    next.pending = None;
                    said.push((key.clone(), epoch, "firing".to_owned()));
                } else {
                    next.pending = Some(since);
                }
            } else {
                next.pending = None;
            }
            self.alerts.insert(key, next);
        }
        said
    }
}

/// A change of `by` to the minute `ago` minutes before the epoch.
#[derive(Clone, Debug)]
struct Moved {
    series: SeriesId,
    key: &'static str,
    ago: i64,
    by: i64,
}

fn moved(grouped: bool, across: bool) -> impl Strategy<Value = Moved> {
    let keys = if grouped { vec!["de", "fr", "us"] } else { vec![""] };
    let place = prop::sample::select(keys);
    let which = prop::sample::select(vec![OF, OF, OF, BY, SeriesId::EVENTS]);
    let ago = prop_oneof![4 => Just(0_i64), 2 => 0_i64..12, 1 => 0_i64..3_000];
    let by = prop_oneof![3 => 1_i64..6, 2 => -8_i64..0];
    (which, place, ago, by).prop_map(move |(series, key, ago, by)| {
        let key = if series == SeriesId::EVENTS || (across && series == BY) { "" } else { key };
        Moved { series, key, ago, by }
    })
}

fn conditions() -> impl Strategy<Value = Condition> {
    let direction = prop::sample::select(vec![Direction::Up, Direction::Down, Direction::Both]);
    let over = prop::sample::select(vec![Baseline::Previous, Baseline::Day, Baseline::Week]);
    prop_oneof![
        (0_i32..6).prop_map(|value| Condition::Above { value: f64::from(value) }),
        (0_i32..6).prop_map(|value| Condition::Below { value: f64::from(value) }),
        (10_i32..200, direction.clone(), over).prop_map(|(percent, direction, over)| Condition::Change {
            percent: f64::from(percent),
            direction,
            over
        }),
        Just(Condition::Anomaly { sensitivity: Sensitivity::Medium }),
        direction.prop_map(|direction| Condition::ForecastBreach { direction }),
        Just(Condition::NoData),
        Just(Condition::Event { event: "signup".to_owned() }),
        Just(Condition::NewValue { memory: Duration::of_seconds(86_400) }),
    ]
}

fn measures() -> impl Strategy<Value = (Measure, i64)> {
    let sums = [60, 300, 7_200, 90_000].map(|window| (Measure::sum(OF), window));
    let (of, by) = (Part::sum(OF), Part::sum(BY));
    let ratios = [60, 600].map(|window| (Measure::ratio(of, by, 1.0), window));
    let shares = [60, 600].map(|window| (Measure::ratio(of, Part { across: true, ..by }, 1.0), window));
    let people = [60, 3_600].map(|window| (Measure::people(OF), window));
    prop::sample::select([&sums[..], &ratios, &shares, &people].concat())
}

fn rules() -> impl Strategy<Value = Rule> {
    let seconds = |choices: &[i64]| prop::sample::select(choices.to_vec()).prop_map(Duration::of_seconds);
    let slack = prop::sample::select(vec![0.0, 0.3]);
    let limit = prop_oneof![Just(None), Just(Some(1_usize)), Just(Some(10))];
    let minimum = prop::sample::select(vec![0, 0, 3]);
    (conditions(), measures(), seconds(&[0, 90]), slack, seconds(&[0, 120]), minimum, limit).prop_map(
        |(condition, (measure, window), hold, hysteresis, cooldown, minimum, limit)| Rule {
            measure,
            window: Duration::of_seconds(window),
            hold,
            hysteresis,
            cooldown,
            minimum,
            grouping: limit.map(|limit| Grouping { dimension: "country".to_owned(), limit }),
            ..rule(condition)
        },
    )
}

type Epochs = Vec<(i64, Vec<Moved>)>;

fn worlds() -> impl Strategy<Value = (Rule, Epochs, usize)> {
    rules().prop_flat_map(|rule| {
        let grouped = rule.grouping.is_some();
        let wait = prop_oneof![4 => 1_i64..40, 3 => 40_i64..200, 1 => 3_000_i64..90_000];
        let across = rule.measure.divisor.is_some_and(|part| part.across);
        let epoch = (wait, prop::collection::vec(moved(grouped, across), 0..4));
        (Just(rule), prop::collection::vec(epoch, 1..60), 0_usize..60)
    })
}

/// Puts a change into the plain minutes, and returns the cells it makes.
fn put(naive: &mut Naive, moved: &Moved, now: i64, grown: &mut BTreeSet<(String, i64)>) -> Vec<Cell> {
    let minute = (now / 60 - moved.ago) * 60;
    let value = naive.minutes.entry((moved.series.0, moved.key.to_owned(), minute)).or_default();
    *value = (*value + moved.by).max(0);
    let value = *value;
    if moved.by > 0 && moved.series == OF {
        grown.insert((moved.key.to_owned(), minute));
    }
    let hour = minute - (minute + OFFSET) % 3_600;
    let hourly = naive.total(moved.series, moved.key, hour, hour + 3_600);
    let key = Key::from(moved.key);
    let of = |grain, start, value| Cell {
        site: SITE,
        series: moved.series,
        grain,
        key: key.clone(),
        start,
        value,
    };
    vec![of(Grain::Minute, minute, value), of(Grain::Hour, hour, hourly)]
}

fn told(outcome: &Outcome, opened: &mut BTreeMap<OpeningId, u64>) -> Vec<(String, u64, String)> {
    let mut said = Vec::new();
    for transition in &outcome.transitions {
        let what = match &transition.kind {
            TransitionKind::Firing => {
                opened.insert(transition.alert.opening, transition.epoch);
                "firing".to_owned()
            }
            TransitionKind::Resolved { reason } => format!("{reason:?}"),
            other => format!("{other:?}"),
        };
        said.push((transition.key.as_str().to_owned(), opened[&transition.alert.opening], what));
    }
    said
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(2_000), ..ProptestConfig::default() })]

    /// Every condition, with late events, retractions, silence, and a crash at some epoch.
    #[test]
    fn agrees_with_a_recomputation_of_everything((rule, epochs, crash) in worlds()) {
        let rule = Arc::new(rule);
        let mut naive = Naive::default();
        let mut evaluator = Evaluator::restore([Arc::clone(&rule)], [], []);
        let mut history: Vec<Cell> = Vec::new();
        let mut opened = BTreeMap::new();
        let mut now = START;
        for (at, (wait, moves)) in epochs.iter().enumerate() {
            now += wait;
            let mut grown = BTreeSet::new();
            let cells: Vec<Cell> =
                moves.iter().flat_map(|moved| put(&mut naive, moved, now, &mut grown)).collect();
            if at == crash {
                let saved = evaluator.snapshot();
                evaluator = Evaluator::restore([Arc::clone(&rule)], saved, []);
                evaluator.seed(history.iter().cloned());
            }
            history.extend(cells.iter().cloned());
            let outcome = evaluator.close(at as u64, now * 1000, &cells, &[], &Moving);
            let expected = naive.close(&rule, at as u64, now * 1000, &grown);
            prop_assert_eq!(told(&outcome, &mut opened), expected, "epoch {} at {}", at, now);
        }
    }
}

#[test]
fn what_comes_late_fires_also_where_something_earlier_found_no_room() {
    let grouping = Some(Grouping { dimension: "country".to_owned(), limit: 1 });
    let signup = Condition::Event { event: "signup".to_owned() };
    let mut evaluator = Evaluator::restore([Arc::new(Rule { grouping, ..rule(signup) })], [], []);
    let minute = START / 60 * 60;
    let of = |key: &str, start| Cell { key: Key::from(key), ..cell(start, 1) };
    let told = |outcome: Outcome| -> Vec<_> {
        let said = outcome.transitions.into_iter();
        said.map(|said| (said.key.as_str().to_owned(), said.kind.name())).collect()
    };
    let cells = [of("fr", minute - 60), of("de", minute)];
    let said = evaluator.close(1, START * 1000, &cells, &[], &NoBands);
    assert_eq!(told(said), [("de".to_owned(), "firing")], "there is room for one");
    let now = (minute + 61) * 1000;
    let said = evaluator.close(2, now, &[of("fr", minute)], &[], &NoBands);
    assert_eq!(told(said), [("de".to_owned(), "resolved"), ("fr".to_owned(), "firing")]);
    assert_eq!(evaluator.open()[0].state.alert().unwrap().started_at, now, "what waited is forgotten");
}

#[test]
fn an_alert_whose_cause_was_erased_is_resolved_as_retracted() {
    let mut evaluator = Evaluator::restore([Arc::new(rule(Condition::Above { value: 10.0 }))], [], []);
    let minute = START / 60 * 60;
    let fired = evaluator.close(1, START * 1000, &[cell(minute, 11)], &[], &NoBands);
    assert_eq!(fired.transitions[0].kind, TransitionKind::Firing);
    let erased = evaluator.close(2, START * 1000 + 500, &[cell(minute, 3)], &[], &NoBands);
    assert_eq!(erased.transitions[0].kind, TransitionKind::Resolved { reason: Reason::Retracted });
    assert_eq!(erased.transitions[0].alert.opening, fired.transitions[0].alert.opening);
}

#[test]
fn an_acknowledged_alert_is_resolved_and_a_closed_one_is_not_resolved_again() {
    let rule = Arc::new(rule(Condition::Above { value: 10.0 }));
    let mut evaluator = Evaluator::restore([Arc::clone(&rule)], [], []);
    let minute = START / 60 * 60;
    let opening =
        evaluator.close(1, START * 1000, &[cell(minute, 11)], &[], &NoBands).transitions[0].alert.opening;
    let acknowledge =
        Command::Acknowledge { opening, rule: rule.id, key: Key::whole(), by: "ann".to_owned() };
    let twice = [acknowledge.clone(), acknowledge];
    let said = evaluator.close(2, START * 1000 + 1, &[], &twice, &NoBands);
    assert_eq!(said.transitions.len(), 1, "one cannot acknowledge twice");
    assert!(matches!(evaluator.snapshot()[0].state, State::Acknowledged { .. }));
    let close = Command::Close { opening, rule: rule.id, key: Key::whole() };
    let stale = Command::Close { opening: OpeningId(Uuid::nil()), rule: rule.id, key: Key::whole() };
    assert!(evaluator.close(3, START * 1000 + 2, &[], &[stale], &NoBands).transitions.is_empty());
    let said = evaluator.close(4, START * 1000 + 3, &[cell(minute, 0)], &[close], &NoBands);
    assert_eq!(said.transitions[0].kind, TransitionKind::Resolved { reason: Reason::Closed });
    assert!(evaluator.close(5, START * 1000 + 90_000, &[], &[], &NoBands).transitions.is_empty());
}

#[test]
fn a_closed_alert_stays_closed_for_as_long_as_the_cooldown() {
    let cooldown = Duration::of_seconds(600);
    let rule = Arc::new(Rule { cooldown, ..rule(Condition::Above { value: 10.0 }) });
    let mut evaluator = Evaluator::restore([Arc::clone(&rule)], [], []);
    let minute = START / 60 * 60;
    let opening =
        evaluator.close(1, START * 1000, &[cell(minute, 11)], &[], &NoBands).transitions[0].alert.opening;
    let close = Command::Close { opening, rule: rule.id, key: Key::whole() };
    let said = evaluator.close(2, START * 1000 + 1, &[], &[close], &NoBands);
    assert_eq!(said.transitions.len(), 1, "what is still true does not open it again");
    assert!(evaluator.close(3, START * 1000 + 2, &[cell(minute, 12)], &[], &NoBands).transitions.is_empty());
}

#[test]
fn commands_are_obeyed_before_there_is_anything_to_judge_by() {
    let rule = Arc::new(rule(Condition::Above { value: 10.0 }));
    let mut evaluator = Evaluator::restore([Arc::clone(&rule)], [], []);
    let minute = START / 60 * 60;
    let fired = evaluator.close(1, START * 1000, &[cell(minute, 11)], &[], &NoBands);
    let opening = fired.transitions[0].alert.opening;
    let mut restored = Evaluator::restore([Arc::clone(&rule)], evaluator.snapshot(), []);
    let acknowledge =
        Command::Acknowledge { opening, rule: rule.id, key: Key::whole(), by: "ann".to_owned() };
    let said = restored.obey_only(2, START * 1000 + 1, &[acknowledge]);
    assert_eq!(said.transitions.len(), 1, "the cells are not there: nothing is taken back");
    assert!(matches!(said.transitions[0].kind, TransitionKind::Acknowledged { .. }));
}

#[test]
fn a_muted_alert_is_announced_when_it_is_no_longer_muted() {
    let rule = Arc::new(rule(Condition::NoData));
    let mut evaluator = Evaluator::restore([Arc::clone(&rule)], [], []);
    let mute = [Command::Mute { rule: rule.id, until: START * 1000 + 3_600_000 }];
    let fired = evaluator.close(1, START * 1000, &[], &mute, &NoBands);
    assert!(!fired.transitions[0].notify, "it fires, but in silence");
    let due = evaluator.next_due().unwrap();
    assert!(due <= (START + 60) * 1000, "it is looked at each minute: {due}");
    let later = evaluator.close(2, START * 1000 + 3_600_000, &[], &[], &NoBands);
    assert_eq!(later.transitions[0].kind, TransitionKind::Announced);
    assert!(later.transitions[0].notify);
}

#[test]
fn a_rule_that_goes_or_changes_takes_its_alerts_along() {
    let rule = Arc::new(rule(Condition::Above { value: 10.0 }));
    let mut evaluator = Evaluator::restore([Arc::clone(&rule)], [], []);
    let minute = START / 60 * 60;
    evaluator.close(1, START * 1000, &[cell(minute, 11)], &[], &NoBands);
    let said = evaluator.close(2, START * 1000 + 1, &[], &[Command::Put(Arc::clone(&rule))], &NoBands);
    let kinds: Vec<&str> = said.transitions.iter().map(|transition| transition.kind.name()).collect();
    assert_eq!(kinds, ["resolved", "firing"], "the new version is judged at once");
    let said = evaluator.close(3, START * 1000 + 2, &[], &[Command::Remove(rule.id)], &NoBands);
    assert_eq!(said.transitions[0].kind, TransitionKind::Resolved { reason: Reason::RuleRemoved });
    assert!(evaluator.snapshot().is_empty());
}

#[test]
fn a_simulation_says_when_it_would_have_fired() {
    let first = START / 60 * 60;
    let history = (0..60).map(|at| cell(first + at * 60, if at == 30 { 50 } else { 1 })).collect();
    let said = simulate(&rule(Condition::Above { value: 10.0 }), history, first, first + 3_600, &NoBands);
    let kinds: Vec<_> = said.iter().map(|t| (t.kind.name(), (t.at / 1000 - first) / 60)).collect();
    assert_eq!(kinds, [("firing", 30), ("resolved", 31)]);
}

#[test]
fn ten_thousand_rules_are_judged_within_an_epoch() {
    let rules = (0..10_000_u32).map(|number| {
        let condition = Condition::Above { value: f64::from(number) };
        let id = RuleId(Uuid::from_u128(u128::from(number)));
        Arc::new(Rule { id, window: Duration::of_seconds(300), ..rule(condition) })
    });
    let mut evaluator = Evaluator::restore(rules, [], []);
    let minute = START / 60 * 60;
    let best = (0..5_u64)
        .map(|epoch| {
            let began = std::time::Instant::now();
            let value = 2_000 * epoch.cast_signed() + 1_000;
            evaluator.close(epoch, START * 1000, &[cell(minute, value)], &[], &NoBands);
            began.elapsed()
        })
        .min()
        .unwrap();
    assert_eq!(evaluator.snapshot().len(), 9_000);
    // The goal of 50 ms is measured by the bench, optimised and on a quiet machine.
    assert!(best < std::time::Duration::from_millis(250), "took {best:?}");
}
