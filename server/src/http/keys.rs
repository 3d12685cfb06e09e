//! API keys: `GET` and `POST /api/v1/keys`, `DELETE /api/v1/keys/{id}`.
//!
//! A key's text is in the answer to its creation and nowhere else. Who is bound to a site sees and
//! makes only keys of that site.

use std::sync::Arc;

use opentrace_events::{Site, SiteId};
use opentrace_store::meta::KeyRecord;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::{Reply, Response};

use super::{Answer, ApiError, Call, State, at, json, on};
use crate::auth::{Admin, Allowed, KeyHash, Reach, Scope, new_key};
use crate::clock;

const BODY_LIMIT: usize = 16 * 1024;
const LONGEST_NAME: usize = 200;
/// Characters of a key that are shown in lists.
const HINT: usize = 9;

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    let all = on(warp::path!("api" / "v1" / "keys"), state, |state, call| async move {
        match call.method {
            Method::GET => list(&state, &call).await,
            Method::POST => create(&state, call).await,
            ref other => Err(ApiError::method(other, "GET, POST")),
        }
    });
    let one = at(warp::path!("api" / "v1" / "keys" / String), state, |state, call, id| async move {
        match call.method {
            Method::DELETE => revoke(&state, &call, &id).await,
            ref other => Err(ApiError::method(other, "DELETE")),
        }
    });
    all.or(one).unify().boxed()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: Option<String>,
    /// A domain; absent for every site.
    site: Option<String>,
    scopes: Vec<Scope>,
}

/// A key as it is shown.
#[derive(Debug, Serialize)]
struct View {
    id: Uuid,
    name: String,
    site: Option<String>,
    scopes: Vec<String>,
    /// The first characters of its text.
    hint: String,
    /// Milliseconds since 1970.
    created_at: i64,
}

#[derive(Debug, Serialize)]
struct Listed {
    keys: Vec<View>,
}

/// A key that was just made, with its text.
#[derive(Debug, Serialize)]
struct Created {
    key: String,
    #[serde(flatten)]
    view: View,
}

async fn list(state: &State, call: &Call) -> Answer {
    let allowed = state.gate.allow::<Admin>(call)?;
    let keys = visible(state, &allowed).await?;
    let keys = keys.into_iter().map(|key| view(state, &allowed, key)).collect();
    Ok(json(StatusCode::OK, &Listed { keys }))
}

async fn create(state: &State, mut call: Call) -> Answer {
    let allowed = state.gate.allow::<Admin>(&call)?;
    let body = call.body(BODY_LIMIT, &state.budget).await?;
    let wanted: Wanted = serde_json::from_slice(&body.bytes)
        .map_err(|error| ApiError::bad_request("invalid_json", format!("not a key: {error}")))?;
    let name = wanted.name.unwrap_or_default();
    if name.chars().count() > LONGEST_NAME {
        return Err(ApiError::bad_request("invalid_value", "the name is too long").field("name"));
    }
    if wanted.scopes.is_empty() {
        return Err(ApiError::bad_request("invalid_value", "a key needs a scope")
            .field("scopes")
            .hint("collect, read, write or admin"));
    }
    let site = site_of(state, &allowed, wanted.site.as_deref())?;
    let text = new_key();
    let mut scopes = wanted.scopes;
    scopes.sort_unstable();
    scopes.dedup();
    let record = KeyRecord {
        id: Uuid::now_v7(),
        hash: KeyHash::of(&text).0,
        hint: text.chars().take(HINT).collect(),
        name,
        site: site.map(|site| site.id),
        scopes: scopes.iter().map(|scope| scope.name().to_owned()).collect(),
        created_at: clock::now().0,
    };
    let settings = state.settings(&allowed);
    settings.meta.insert_key(&record).await?;
    settings.meta.audit(&allowed.who().to_string(), "key.create", &record.id.to_string()).await?;
    state.gate.add_record(&record);
    Ok(json(StatusCode::CREATED, &Created { key: text, view: view(state, &allowed, record) }))
}

async fn revoke(state: &State, call: &Call, id: &str) -> Answer {
    let allowed = state.gate.allow::<Admin>(call)?;
    let unknown = || ApiError::not_found("unknown_key", "no key with this id");
    let id: Uuid = id.parse().map_err(|_| unknown())?;
    if !visible(state, &allowed).await?.iter().any(|key| key.id == id) {
        return Err(unknown());
    }
    let settings = state.settings(&allowed);
    settings.meta.revoke_key(id).await?;
    state.gate.remove(id);
    settings.meta.audit(&allowed.who().to_string(), "key.revoke", &id.to_string()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The keys that the proof reaches.
async fn visible(state: &State, allowed: &Allowed<Admin>) -> Result<Vec<KeyRecord>, ApiError> {
    let mut keys = state.settings(allowed).meta.keys().await?;
    if let Reach::One(only) = allowed.reach() {
        keys.retain(|key| key.site == Some(only));
    }
    Ok(keys)
}

/// The site of a new key: the one named, else the one its maker is bound to.
fn site_of(
    state: &State,
    allowed: &Allowed<Admin>,
    named: Option<&str>,
) -> Result<Option<Arc<Site>>, ApiError> {
    match named {
        Some(domain) => Ok(Some(Arc::clone(state.gate.on_site(allowed, domain)?.site()))),
        None => state.bound_site(allowed),
    }
}

fn view(state: &State, allowed: &Allowed<Admin>, key: KeyRecord) -> View {
    let domain = |id: SiteId| state.settings(allowed).site(id).map(|site| site.domain.clone());
    View {
        id: key.id,
        name: key.name,
        site: key.site.and_then(domain),
        scopes: key.scopes,
        hint: key.hint,
        created_at: key.created_at,
    }
}
