//! The groups of visitors that a site has: segments that people saved, and those that the models found.

use serde_json::{Map, Value, json};

use super::Asker;
use super::results::{get, post};
use crate::http::ApiError;

/// Groups that are looked at.
const MOST: u64 = 100;

/// Saved segments, and the groups found with how many people are in each.
pub(super) async fn groups(asker: &Asker<'_>, query: &Map<String, Value>) -> Result<Value, ApiError> {
    let site = query.get("site_id").and_then(Value::as_str).unwrap_or_default();
    let site: String = url::form_urlencoded::byte_serialize(site.as_bytes()).collect();
    let mut saved = get(asker, &format!("/api/v1/segments?site_id={site}")).await?;
    Ok(json!({ "saved": saved["segments"].take(), "found": found(asker, query).await? }))
}

/// The groups that the models found; none where they were not asked to.
async fn found(asker: &Asker<'_>, query: &Map<String, Value>) -> Result<Value, ApiError> {
    if opentrace_query::catalogue::field(CLUSTER).is_none() {
        return Ok(json!([]));
    }
    let body = Map::from_iter([
        ("site_id".to_owned(), query.get("site_id").cloned().unwrap_or_default()),
        ("metrics".to_owned(), json!(["visitors"])),
        ("date_range".to_owned(), json!("30d")),
        ("dimensions".to_owned(), json!([CLUSTER])),
        ("pagination".to_owned(), json!({ "limit": MOST })),
    ]);
    let answer = post(asker, "/api/v2/query", body).await?;
    let rows = answer["results"].as_array().into_iter().flatten();
    let groups = rows.map(|row| json!({ "name": row["dimensions"][0], "visitors": row["metrics"][0] }));
    Ok(Value::Array(groups.collect()))
}

/// The dimension that says which group a visitor is in.
const CLUSTER: &str = "cluster";
