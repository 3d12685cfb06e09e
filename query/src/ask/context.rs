//! Follow-up questions: what was said now changes the question before, the rest of it stays.

use serde_json::{Map, Value as Json, json};

use super::Around;
use super::draft::{Draft, Rank};
use super::settle::{Refusal, Settling, earlier, outside, refuse};
use super::time::calendar::Span;

/// The question before, changed; none where the question stands by itself.
pub(crate) fn follow_up(settling: &mut Settling<'_>) -> Result<Option<Map<String, Json>>, Refusal> {
    let Some(context) = settling.around.context else {
        return if leans(&settling.draft) {
            Err(refuse("this continues a question that was not given"))
        } else {
            Ok(None)
        };
    };
    if !settling.draft.follow_up && !fragment(&settling.draft) {
        return Ok(None);
    }
    if !settling.draft.intents.is_empty()
        || settling.draft.share
        || settling.draft.rate
        || !settling.draft.steps.is_empty()
    {
        return Ok(None);
    }
    let mut query = context.clone();
    let before = span(settling.around, &query).ok_or_else(|| refuse("the question before has no time"))?;
    let is_figures = query.get("kind").is_none_or(|kind| kind == "query");

    let range = match settling.draft.times.as_slice() {
        [] => before,
        [one] => {
            query.insert("date_range".to_owned(), settling.iso(*one));
            query.remove("compare");
            *one
        }
        _ => return Err(refuse("two different times were said, and not how they go together")),
    };
    if let Some(against) = settling.draft.against {
        let span = earlier(settling.around, against, range).ok_or_else(outside)?;
        query.insert("compare".to_owned(), settling.iso(span));
    }
    if is_figures {
        change_metrics(settling, &mut query)?;
        change_dimensions(settling, &mut query, range);
    } else if !settling.draft.measures.iter().all(|measure| measure.weak)
        || !settling.draft.divides.is_empty()
    {
        return Err(refuse("this report cannot be changed in that way"));
    }
    change_filters(settling, &mut query);
    if let Some(rank) = settling.draft.rank {
        change_order(settling, &mut query, &rank)?;
    }
    Ok(Some(query))
}

/// Whether a question says by itself that it continues another.
fn leans(draft: &Draft) -> bool {
    draft.follow_up && fragment(draft)
}

/// Whether a question does not say what is to be counted.
fn fragment(draft: &Draft) -> bool {
    draft.measures.is_empty() && draft.mentions.is_empty() && draft.intents.is_empty()
}

/// The range of the question before. What it is made of is recognised by its ends.
fn span(around: &Around<'_>, query: &Map<String, Json>) -> Option<Span> {
    let pair = query.get("date_range")?.as_array()?;
    let ms = |place: usize| -> Option<i64> {
        let at: jiff::Timestamp = pair.get(place)?.as_str()?.parse().ok()?;
        Some(at.as_millisecond())
    };
    Some(around.clock.recognise(ms(0)?, ms(1)?))
}

fn change_metrics(settling: &mut Settling<'_>, query: &mut Map<String, Json>) -> Result<(), Refusal> {
    let (metrics, events) = settling.counted()?;
    let counted_events = query.get("metrics").is_some_and(|metrics| *metrics == json!(["conversion_rate"]));
    if !(metrics.is_empty() || counted_events && metrics == ["events"]) {
        query.insert("metrics".to_owned(), json!(metrics));
        // An order by what is no longer asked for is none.
        query.remove("order_by");
    }
    if !events.is_empty() {
        let mut filters = filters(query);
        filters.retain(|filter| filter.get(1) != Some(&json!("event:goal")));
        let mut all = events;
        all.extend(filters);
        query.insert("filters".to_owned(), json!(all));
    }
    Ok(())
}

fn change_dimensions(settling: &mut Settling<'_>, query: &mut Map<String, Json>, range: Span) {
    if let Some(dimension) = settling.draft.versus.take() {
        settling.draft.divide(&dimension, true, true);
    }
    if settling.draft.trend || settling.draft.chart {
        let grain = settling.around.clock.grain(range);
        settling.draft.divide(grain.name(), true, true);
    }
    let names: Vec<&str> = settling.dimensions().into_iter().map(|divide| divide.name.as_str()).collect();
    if !names.is_empty() {
        query.insert("dimensions".to_owned(), json!(names));
    }
}

fn change_filters(settling: &mut Settling<'_>, query: &mut Map<String, Json>) {
    let conds = settling.draft.conds.clone();
    let mut kept = filters(query);
    // Another value of an attribute takes the place of the one before.
    kept.retain(|filter| !conds.iter().any(|cond| filter.get(1) == Some(&json!(cond.dimension))));
    kept.extend(settling.filters());
    query.insert("filters".to_owned(), json!(kept));
}

fn change_order(settling: &Settling<'_>, query: &mut Map<String, Json>, rank: &Rank) -> Result<(), Refusal> {
    let text = |key: &str| {
        query.get(key).and_then(Json::as_array).and_then(|list| list.first()).and_then(Json::as_str)
    };
    if text("dimensions").is_none() {
        return Err(refuse("it is not said of what the top or bottom is asked for"));
    }
    let metric = text("metrics").unwrap_or("visitors").to_owned();
    let rank = Rank { count: rank.count.or(Some(10)), ..*rank };
    settling.insert_rank(query, &rank, &metric);
    Ok(())
}

fn filters(query: &Map<String, Json>) -> Vec<Json> {
    query.get("filters").and_then(Json::as_array).cloned().unwrap_or_default()
}
