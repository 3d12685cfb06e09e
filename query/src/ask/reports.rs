//! Questions that a report answers, with the report's body.

use serde_json::{Map, Value as Json, json};

use super::draft::{Against, Intent, Rank, Step};
use super::settle::{Refusal, Settling, outside, refuse, unit_of};
use super::time::Earlier;
use super::time::calendar::{Span, Unit};
use crate::catalogue::{self, Grain};

const LIVE_MS: i64 = 5 * 60 * 1_000;
/// Whether people came back shows after a day at the earliest.
const RETENTION_MS: i64 = 26 * 3_600_000;

/// The body of a report.
pub(crate) fn report(settling: &mut Settling<'_>, intent: Intent) -> Result<Map<String, Json>, Refusal> {
    if settling.draft.share {
        return Err(refuse("a share cannot be asked of this report"));
    }
    let said = settling.measures();
    settling.check_average(&said)?;
    if settling.draft.against.is_some() && intent != Intent::Insight {
        return Err(refuse("this report cannot be compared with another time in one question"));
    }
    if matches!(intent, Intent::Anomalies | Intent::Insight) && !attributes(settling).is_empty() {
        return Err(refuse("this report cannot be divided"));
    }
    if settling.draft.rank.is_some() && intent != Intent::Journeys {
        return Err(refuse("this report has no order"));
    }
    match intent {
        Intent::Forecast => forecast(settling),
        Intent::Anomalies => anomalies(settling),
        Intent::Insight => insight(settling),
        Intent::Live => live(settling),
        Intent::Retention => retention(settling),
        Intent::Journeys => journeys(settling),
        Intent::Funnel => funnel(settling),
    }
}

fn body(kind: &str, range: Json) -> Map<String, Json> {
    let mut body = Map::new();
    body.insert("kind".to_owned(), json!(kind));
    body.insert("date_range".to_owned(), range);
    body
}

/// The one metric of a report and its filters.
fn one_metric(settling: &mut Settling<'_>) -> Result<(&'static str, Vec<Json>), Refusal> {
    let (metrics, mut filters) = settling.counted()?;
    if metrics.len() > 1 {
        return Err(refuse("this report is about one metric"));
    }
    filters.extend(settling.filters());
    Ok((metrics.first().copied().unwrap_or("visitors"), filters))
}

/// The names of what is divided by, time left out.
fn attributes(settling: &Settling<'_>) -> Vec<String> {
    let divides = settling.dimensions().into_iter();
    divides
        .filter(|divide| catalogue::grain(&divide.name).is_none())
        .map(|divide| divide.name.clone())
        .collect()
}

fn grain_name(grain: Grain) -> &'static str {
    grain.name().trim_start_matches("time:")
}

fn forecast(settling: &mut Settling<'_>) -> Result<Map<String, Json>, Refusal> {
    let (metric, filters) = one_metric(settling)?;
    let dimensions = attributes(settling);
    let said = settling.draft.grain();
    let (grain, horizon) = horizon(settling, said)?;
    settling.is_ahead = settling.draft.ahead.is_some() || settling.draft.times.is_empty();
    let clock = settling.around.clock;
    // Enough of the past to see what repeats: weeks in hours and days, years in weeks and months.
    let history = match grain {
        Grain::Minute | Grain::Hour => clock.last(Unit::Day, 28),
        Grain::Day => clock.last(Unit::Day, 90),
        Grain::Week => clock.last(Unit::Week, 52),
        Grain::Month => clock.last(Unit::Month, 24),
    };
    let mut body = body("forecast", settling.iso(history.ok_or_else(outside)?));
    body.insert("metric".to_owned(), json!(metric));
    body.insert("granularity".to_owned(), json!(grain_name(grain)));
    body.insert("horizon".to_owned(), json!(horizon));
    body.insert("levels".to_owned(), json!([80, 95]));
    if !dimensions.is_empty() {
        body.insert("dimensions".to_owned(), json!(dimensions));
    }
    body.insert("filters".to_owned(), json!(filters));
    Ok(body)
}

/// How far ahead, in which steps: as they are said, or in days for weeks and in months for quarters.
fn horizon(settling: &Settling<'_>, said: Option<Grain>) -> Result<(Grain, i64), Refusal> {
    let ahead = match (settling.draft.ahead, settling.draft.times.as_slice()) {
        (Some(ahead), [_] | []) => ahead,
        (None, []) => (Unit::Day, 30),
        // `this month`: what is left of it.
        (None, [span]) => {
            (Unit::Day, days_left(settling, *span).ok_or_else(|| refuse("a forecast is of a time to come"))?)
        }
        _ => return Err(refuse("a forecast is of one time to come")),
    };
    let (grain, horizon) = match ahead {
        (Unit::Minute, count) => (Grain::Minute, count),
        (Unit::Hour, count) => (Grain::Hour, count),
        (Unit::Day, count) => (Grain::Day, count),
        (Unit::Week, count @ ..=2) => (Grain::Day, count * 7),
        (Unit::Week, count) => (Grain::Week, count),
        (Unit::Month, 1) => (Grain::Day, 30),
        (Unit::Month, count) => (Grain::Month, count),
        (Unit::Quarter, count) => (Grain::Month, count * 3),
        (Unit::Year, count) => (Grain::Month, count * 12),
    };
    let Some(said) = said.filter(|said| *said != grain) else { return Ok((grain, horizon)) };
    let minutes = |unit: Unit| match unit {
        Unit::Minute => 1,
        Unit::Hour => 60,
        Unit::Day => 1_440,
        Unit::Week => 10_080,
        _ => 43_200,
    };
    let length = horizon.saturating_mul(minutes(unit_of(grain)));
    let step = minutes(unit_of(said));
    Ok((said, (length / step).max(1)))
}

fn days_left(settling: &Settling<'_>, span: Span) -> Option<i64> {
    let today = settling.around.clock.today()?;
    (span.to > today.to).then(|| (span.to - today.to + 43_200_000) / 86_400_000)
}

fn anomalies(settling: &mut Settling<'_>) -> Result<Map<String, Json>, Refusal> {
    const HOURLY_MS: i64 = 3 * 25 * 3_600_000;
    let range = settling.range()?;
    let (metric, filters) = one_metric(settling)?;
    let usual = if range.length() <= HOURLY_MS { Grain::Hour } else { Grain::Day };
    let grain = settling.draft.grain().unwrap_or(usual);
    let mut body = body("anomalies", settling.iso(range));
    body.insert("metric".to_owned(), json!(metric));
    body.insert("granularity".to_owned(), json!(grain_name(grain)));
    body.insert("filters".to_owned(), json!(filters));
    Ok(body)
}

fn insight(settling: &mut Settling<'_>) -> Result<Map<String, Json>, Refusal> {
    if settling.draft.times.is_empty() && settling.draft.against.is_none() {
        let week = settling.around.clock.last(Unit::Day, 7).ok_or_else(outside)?;
        settling.draft.times.push(week);
        settling.usual_time = true;
    }
    let draft = &settling.draft;
    if draft.measures.is_empty() && draft.mentions.is_empty() && draft.changes.is_empty() {
        return Err(refuse("it is not said what changed"));
    }
    if draft.explain && draft.changes.is_empty() && draft.times.is_empty() {
        return Err(refuse("it is not said what change is to be explained"));
    }
    let range = settling.range()?;
    settling.draft.against.get_or_insert(Against::Earlier(Earlier::Previous));
    let compared = settling.compared(range)?.ok_or_else(outside)?;
    let (metric, filters) = one_metric(settling)?;
    let mut body = body("insight", settling.iso(range));
    body.insert("metric".to_owned(), json!(metric));
    body.insert("compare".to_owned(), settling.iso(compared));
    body.insert("filters".to_owned(), json!(filters));
    Ok(body)
}

fn live(settling: &mut Settling<'_>) -> Result<Map<String, Json>, Refusal> {
    let today = settling.around.clock.today();
    if settling.draft.times.iter().any(|span| Some(*span) != today) {
        return Err(refuse("now and another time cannot be asked about at once"));
    }
    let (metrics, mut filters) = settling.counted()?;
    filters.extend(settling.filters());
    let now = settling.around.clock.now.0;
    let span = Span { from: now - LIVE_MS, to: now, unit: None };
    let mut body = body("live", settling.iso(span));
    let metrics = if metrics.is_empty() { vec!["visitors"] } else { metrics };
    body.insert("metrics".to_owned(), json!(metrics));
    body.insert("dimensions".to_owned(), json!(attributes(settling)));
    body.insert("filters".to_owned(), json!(filters));
    Ok(body)
}

fn retention(settling: &mut Settling<'_>) -> Result<Map<String, Json>, Refusal> {
    if settling.measures().iter().any(|metric| !matches!(*metric, "visitors" | "visits")) {
        return Err(refuse("retention counts people"));
    }
    let range = settling.range()?;
    if range.length() < RETENTION_MS {
        return Err(refuse("retention is of more than one day"));
    }
    let period = match settling.draft.grain() {
        None | Some(Grain::Week) => "week",
        Some(Grain::Day) => "day",
        Some(Grain::Month) => "month",
        Some(_) => return Err(refuse("retention is by day, week or month")),
    };
    let back_to = settling.draft.back_to.unwrap_or(usize::MAX);
    let mut mentions = std::mem::take(&mut settling.draft.mentions);
    mentions.sort_by_key(|mention| mention.at);
    let mut start = None;
    let mut back = None;
    for mention in mentions {
        let [name] = mention.names.as_slice() else { return Err(refuse("retention begins with one event")) };
        let place = if mention.at > back_to || start.is_some() { &mut back } else { &mut start };
        if mention.negated || place.is_some() {
            return Err(refuse("retention has one event to begin with and one to come back for"));
        }
        *place = Some(name.clone());
    }
    if let [Step::Event(from), Step::Event(to)] = settling.draft.steps.as_slice() {
        (start, back) = (Some(from.clone()), Some(to.clone()));
    }
    let filters = settling.filters();
    let mut body = body("retention", settling.iso(range));
    body.insert("period".to_owned(), json!(period));
    if let Some(start) = start {
        body.insert("start_event".to_owned(), json!(start));
    }
    if let Some(back) = back {
        body.insert("return_event".to_owned(), json!(back));
    }
    add_attributes(settling, &mut body);
    body.insert("filters".to_owned(), json!(filters));
    Ok(body)
}

fn add_attributes(settling: &Settling<'_>, body: &mut Map<String, Json>) {
    let dimensions = attributes(settling);
    if !dimensions.is_empty() {
        body.insert("dimensions".to_owned(), json!(dimensions));
    }
}

fn journeys(settling: &mut Settling<'_>) -> Result<Map<String, Json>, Refusal> {
    let range = settling.range()?;
    let (metrics, mut filters) = settling.counted()?;
    if metrics.iter().any(|metric| !matches!(*metric, "visitors" | "visits")) {
        return Err(refuse("journeys count visits"));
    }
    filters.extend(settling.filters());
    let mut body = body("journeys", settling.iso(range));
    if let Some(Rank { count: Some(count), .. }) = settling.draft.rank {
        body.insert("limit".to_owned(), json!(count));
    }
    body.insert("filters".to_owned(), json!(filters));
    Ok(body)
}

fn funnel(settling: &mut Settling<'_>) -> Result<Map<String, Json>, Refusal> {
    let allowed = ["visitors", "visits", "conversion_rate"];
    if settling.measures().iter().any(|metric| !allowed.contains(metric)) {
        return Err(refuse("a funnel counts people"));
    }
    let mut steps = std::mem::take(&mut settling.draft.steps);
    let mentions = std::mem::take(&mut settling.draft.mentions);
    if steps.is_empty() {
        // `signup, trial, purchase funnel`.
        steps
            .extend(mentions.iter().flat_map(|mention| &mention.names).map(|name| Step::Event(name.clone())));
    } else if !mentions.is_empty() {
        return Err(refuse("an event was named that is no step of the funnel"));
    }
    if steps.len() < 2 {
        return Err(refuse("a funnel needs at least two steps, for example: funnel from /pricing to signup"));
    }
    let range = settling.range()?;
    let filters = settling.filters();
    let mut body = body("funnel", settling.iso(range));
    let steps: Vec<Json> = steps.iter().map(Step::json).collect();
    body.insert("steps".to_owned(), json!(steps));
    body.insert("window".to_owned(), json!(settling.draft.window.as_deref().unwrap_or("7d")));
    body.insert("order".to_owned(), json!("ordered"));
    add_attributes(settling, &mut body);
    body.insert("filters".to_owned(), json!(filters));
    Ok(body)
}
