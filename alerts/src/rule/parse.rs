//! Reads a rule as the API and files give it, and resolves what it names.

use jiff::tz::TimeZone;
use serde_json::Value;

use super::fields::{Fields, word};
use super::{
    Baseline, Condition, Direction, Duration, Grouping, Measure, Mute, Rule, RuleError, RuleId, Sensitivity,
};
use crate::series::Grain;

/// Without a window of its own a rule looks at five minutes.
const WINDOW: Duration = Duration::of_seconds(300);
const COOLDOWN: Duration = Duration::of_seconds(600);
const MEMORY: Duration = Duration::of_seconds(30 * 86_400);
const LONGEST_WINDOW: Duration = Duration::of_seconds(31 * 86_400);
/// Alerts of one rule that may be open at once, unless it says another number.
const GROUPS: usize = 20;
const MOST_GROUPS: usize = 1_000;
const LONGEST_NAME: usize = 200;

/// What is to be measured, as the user wrote it.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A name such as `pageviews`.
    Metric(String),
    /// A typed query, or a series by its definition.
    Query(Value),
    /// How often an event happens.
    Event(String),
}

/// What a [`Resolver`] is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub site: String,
    pub source: Source,
    /// Filters in the words of the query API; `null` where there are none.
    pub filters: Value,
    pub group_by: Option<String>,
}

/// Knows sites and series.
pub trait Resolver {
    /// The site's number and time zone.
    fn site(&self, site: &str) -> Result<(u32, TimeZone), RuleError>;
    /// The series that hold what is asked for.
    fn measure(&self, target: &Target) -> Result<Measure, RuleError>;
}

/// A rule as it was written: checked for itself, but its names not looked up.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    pub name: String,
    pub target: Target,
    pub condition: Condition,
    pub window: Duration,
    pub grouping: Option<Grouping>,
    pub hold: Duration,
    pub hysteresis: f64,
    pub cooldown: Duration,
    pub minimum: i64,
    pub mute: Value,
    /// Ids or names.
    pub channels: Vec<String>,
    /// The JSON it was read from.
    pub body: Value,
}

/// Reads a rule.
///
/// # Errors
/// [`RuleError`] of the first field that is wrong.
pub fn draft(body: &Value) -> Result<Draft, RuleError> {
    let mut fields = Fields::of("", body)?;
    let name = fields.need_text("name", "a sentence for whoever is woken by it")?.trim().to_owned();
    if name.chars().count() > LONGEST_NAME {
        return Err(RuleError::new("name", format!("is longer than {LONGEST_NAME} characters")));
    }
    let site = match fields.get("site_id") {
        Some(Value::String(site)) if !site.is_empty() => site.clone(),
        Some(Value::Number(site)) => site.to_string(),
        Some(_) => return Err(RuleError::new("site_id", "must be a domain or a number")),
        None => return Err(RuleError::new("site_id", "is missing").hint("the domain of the site")),
    };
    let condition = condition(fields.get("condition"))?;
    let source = source(&mut fields, &condition)?;
    let window = window(&mut fields, &condition)?;
    let grouping = grouping(&mut fields)?;
    if matches!(condition, Condition::NewValue { .. }) && grouping.is_none() {
        return Err(RuleError::new("group_by", "is missing")
            .hint("`new_value` needs the dimension whose values are watched, such as country"));
    }
    let hysteresis = fields.number("hysteresis")?.unwrap_or(0.0);
    if !(0.0..=1.0).contains(&hysteresis) {
        return Err(
            RuleError::new("hysteresis", "must be from 0 to 1").hint("0.1 resolves an alert above 100 at 90")
        );
    }
    let minimum = fields.number("minimum_traffic")?.unwrap_or(0.0);
    if minimum < 0.0 || minimum.fract() != 0.0 || minimum > 1e15 {
        return Err(RuleError::new("minimum_traffic", "must be a whole number of at least 0"));
    }
    let mute = fields.get("mute").cloned().unwrap_or(Value::Null);
    if !mute.is_null() {
        Mute::parse(&mute, &TimeZone::UTC)?;
    }
    let draft = Draft {
        name,
        target: Target {
            site,
            source,
            filters: fields.get("filters").cloned().unwrap_or(Value::Null),
            group_by: grouping.as_ref().map(|grouping| grouping.dimension.clone()),
        },
        condition,
        window,
        grouping,
        hold: fields.duration("for")?.unwrap_or_default(),
        hysteresis,
        cooldown: fields.duration("cooldown")?.unwrap_or(COOLDOWN),
        minimum: minimum as i64,
        mute,
        channels: channels(&mut fields)?,
        body: body.clone(),
    };
    fields.finish()?;
    Ok(draft)
}

impl Draft {
    /// Looks up what the draft names beside channels.
    ///
    /// # Errors
    /// Those of the resolver, and [`RuleError`] of `window` where the measure cannot be taken over it.
    pub fn resolve(&self, id: RuleId, created_at: i64, by: &impl Resolver) -> Result<Rule, RuleError> {
        let (site, zone) = by.site(&self.target.site)?;
        let measure = by.measure(&self.target)?;
        let single = [Grain::Minute, Grain::Hour, Grain::Day].map(Grain::seconds);
        if !measure.additive() && !single.contains(&self.window.seconds()) {
            return Err(RuleError::new("window", format!("people cannot be counted over {}", self.window))
                .hint("1m, 1h or 1d: one person in two minutes is one person"));
        }
        let mute = if self.mute.is_null() { Mute::default() } else { Mute::parse(&self.mute, &zone)? };
        Ok(Rule {
            id,
            site,
            name: self.name.clone(),
            measure,
            condition: self.condition.clone(),
            window: self.window,
            grouping: self.grouping.clone(),
            hold: self.hold,
            hysteresis: self.hysteresis,
            cooldown: self.cooldown,
            minimum: self.minimum,
            mute,
            zone,
            created_at,
        })
    }
}

fn condition(value: Option<&Value>) -> Result<Condition, RuleError> {
    let value = value.ok_or_else(|| {
        RuleError::new("condition", "is missing").hint(r#"for example {"type": "above", "value": 100}"#)
    })?;
    let mut fields = Fields::of("condition", value)?;
    let kind = fields.need_text(
        "type",
        "one of above, below, change, anomaly, forecast_breach, no_data, event, new_value",
    )?;
    let kinds = ["above", "below", "change", "anomaly", "forecast_breach", "no_data", "event", "new_value"];
    let condition = match word("condition.type", kind, &kinds.map(|kind| (kind, kind)))? {
        "above" => Condition::Above { value: fields.need_number("value", "the threshold")? },
        "below" => Condition::Below { value: fields.need_number("value", "the threshold")? },
        "change" => change(&mut fields)?,
        "anomaly" => {
            let words =
                [("low", Sensitivity::Low), ("medium", Sensitivity::Medium), ("high", Sensitivity::High)];
            let text = fields.text("sensitivity")?.unwrap_or("medium");
            Condition::Anomaly { sensitivity: word("condition.sensitivity", text, &words)? }
        }
        "forecast_breach" => Condition::ForecastBreach { direction: direction(&mut fields)? },
        "no_data" => Condition::NoData,
        "event" => Condition::Event { event: fields.need_text("event", "the name of the event")?.to_owned() },
        _ => Condition::NewValue { memory: memory(&mut fields)? },
    };
    fields.finish()?;
    Ok(condition)
}

fn change(fields: &mut Fields<'_>) -> Result<Condition, RuleError> {
    let percent = fields.need_number("percent", "50 for half as much again, or half as much")?;
    if percent <= 0.0 {
        return Err(RuleError::new("condition.percent", "must be more than 0")
            .hint("the sign is given by `direction`: up, down or both"));
    }
    let words = [("previous", Baseline::Previous), ("day", Baseline::Day), ("week", Baseline::Week)];
    let over = word("condition.over", fields.text("over")?.unwrap_or("previous"), &words)?;
    Ok(Condition::Change { percent, direction: direction(fields)?, over })
}

fn direction(fields: &mut Fields<'_>) -> Result<Direction, RuleError> {
    let words = [("up", Direction::Up), ("down", Direction::Down), ("both", Direction::Both)];
    word("condition.direction", fields.text("direction")?.unwrap_or("both"), &words)
}

fn memory(fields: &mut Fields<'_>) -> Result<Duration, RuleError> {
    let memory = fields.duration("memory")?.unwrap_or(MEMORY);
    let day = Grain::Day.seconds();
    if memory.seconds() < day || memory.seconds() % Grain::Hour.seconds() != 0 {
        return Err(RuleError::new("condition.memory", "must be whole hours and at least a day").hint("30d"));
    }
    Ok(memory)
}

fn source(fields: &mut Fields<'_>, condition: &Condition) -> Result<Source, RuleError> {
    let metric = fields.text("metric")?;
    let query = fields.get("query");
    match (metric, query, condition) {
        (None, None, Condition::Event { event }) => Ok(Source::Event(event.clone())),
        (_, _, Condition::Event { .. }) => Err(RuleError::new("metric", "is not for the condition `event`")
            .hint("leave `metric` and `query` out")),
        (Some(metric), None, _) => Ok(Source::Metric(metric.to_owned())),
        (None, Some(query), _) => Ok(Source::Query(query.clone())),
        (Some(_), Some(_), _) => Err(RuleError::new("query", "was given beside `metric`").hint("give one")),
        (None, None, _) => Err(RuleError::new("metric", "is missing").hint("for example pageviews")),
    }
}

fn window(fields: &mut Fields<'_>, condition: &Condition) -> Result<Duration, RuleError> {
    let window = match fields.duration("window")? {
        Some(window) => window,
        None if matches!(condition, Condition::Event { .. }) => Duration::of_seconds(60),
        None => WINDOW,
    };
    let step = if window.seconds() > Grain::Day.seconds() { Grain::Hour } else { Grain::Minute };
    if window.seconds() == 0 || window.seconds() % step.seconds() != 0 || window > LONGEST_WINDOW {
        return Err(RuleError::new("window", format!("cannot be {window}"))
            .hint("whole minutes up to a day, or whole hours up to 31d"));
    }
    Ok(window)
}

fn grouping(fields: &mut Fields<'_>) -> Result<Option<Grouping>, RuleError> {
    let limit = fields.number("group_limit")?;
    let Some(dimension) = fields.text("group_by")? else {
        return match limit {
            Some(_) => Err(RuleError::new("group_limit", "needs `group_by`")),
            None => Ok(None),
        };
    };
    let limit = limit.unwrap_or(GROUPS as f64);
    if limit < 1.0 || limit > MOST_GROUPS as f64 || limit.fract() != 0.0 {
        return Err(RuleError::new("group_limit", format!("must be a whole number from 1 to {MOST_GROUPS}")));
    }
    Ok(Some(Grouping { dimension: dimension.to_owned(), limit: limit as usize }))
}

fn channels(fields: &mut Fields<'_>) -> Result<Vec<String>, RuleError> {
    let mut channels: Vec<String> = Vec::new();
    for value in fields.list("channels")? {
        let name = value.as_str().filter(|name| !name.is_empty()).ok_or_else(|| {
            RuleError::new("channels", "must be a list of ids").hint("POST /api/v1/channels makes one")
        })?;
        if !channels.iter().any(|known| known == name) {
            channels.push(name.to_owned());
        }
    }
    Ok(channels)
}
