//! The kept forecast of one of a site's main series: `GET /api/v1/forecast?site_id=&metric=&granularity=`.

use jiff::Timestamp;
use opentrace_store::GrainColumn;
use serde_json::{Value, json};
use warp::http::StatusCode;

use super::super::{Answer, ApiError, Call, State, json};
use crate::auth::Read;
use crate::clock;
use crate::models::foretell::FORETOLD;

pub(super) async fn show(state: &State, call: &Call) -> Answer {
    let allowed = state.gate.allow::<Read>(call)?;
    let site = state.gate.on_site(&allowed, &call.required("site_id")?)?;
    let metric = call.parameter("metric").unwrap_or_else(|| "visitors".to_owned());
    let Some((series, _)) = FORETOLD.into_iter().find(|(_, name)| *name == metric) else {
        let names: Vec<&str> = FORETOLD.iter().map(|(_, name)| *name).collect();
        return Err(ApiError::bad_request("unknown_metric", "no forecast of this metric is kept")
            .field("metric")
            .hint(format!("one of {}; POST forecasts any", names.join(", "))));
    };
    let granularity = call.parameter("granularity").unwrap_or_else(|| "day".to_owned());
    let (grain, step) = match granularity.as_str() {
        "hour" => (GrainColumn::Hour, 3_600),
        "day" => (GrainColumn::Day, 86_400),
        _ => {
            return Err(ApiError::bad_request("invalid_value", "`granularity` must be hour or day")
                .field("granularity"));
        }
    };
    // The step that is running is forecast, too.
    let from = clock::now().0.div_euclid(1_000) - step + 1;
    let rows = state.models(&site).foretold(site.site(), series, grain, from).await?;
    let made = rows.iter().map(|row| row.made).max();
    let zone = &site.site().timezone;
    let label = |start: u32| {
        let at = zone.to_datetime(Timestamp::from_second(i64::from(start)).unwrap_or_default());
        if grain == GrainColumn::Day {
            at.date().to_string()
        } else {
            at.strftime("%Y-%m-%d %H:%M:%S").to_string()
        }
    };
    let steps = rows.iter().map(|row| {
        json!({ "time": label(row.start), "mean": row.mean, "intervals": [
            { "level": 80.0, "lower": row.lower80, "upper": row.upper80 },
            { "level": 95.0, "lower": row.lower95, "upper": row.upper95 },
        ] })
    });
    let steps: Vec<Value> = steps.collect();
    Ok(json(
        StatusCode::OK,
        &json!({
            "metric": metric, "granularity": granularity, "made_at": made, "forecast": steps,
        }),
    ))
}
