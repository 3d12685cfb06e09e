//! Pages of tiles: `/api/v1/dashboards`, its `/{id}` and `/{id}/link`, and `/api/v1/shared/{token}`
//! for who was given a link.
//!
//! `GET ?site_id=` lists, `POST` makes; `/{id}` takes `GET`, `PUT` and `DELETE`, `/{id}/link` takes
//! `PUT` and `DELETE`.

mod shared;
mod tile;

use std::sync::Arc;

use opentrace_events::Site;
use opentrace_query::Vocabulary;
use opentrace_store::meta::{DashboardRecord, LinkRecord};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::{Reply, Response};

use self::tile::Tile;
use super::{Answer, ApiError, Call, State, at, json, on};
use crate::auth::{Allowed, OnSite, Read, Write, new_key};

pub(super) use self::shared::may_embed;

const BODY_LIMIT: usize = 256 * 1024;
const LONGEST_NAME: usize = 200;
/// Pages of a site.
const MOST: usize = 200;
/// Tiles of a page.
const MOST_TILES: usize = 60;

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    let all = on(warp::path!("api" / "v1" / "dashboards"), state, |state, call| async move {
        match call.method {
            Method::GET => list(&state, &call).await,
            Method::POST => create(&state, call).await,
            ref other => Err(ApiError::method(other, "GET, POST")),
        }
    });
    let one = at(warp::path!("api" / "v1" / "dashboards" / String), state, |state, call, id| async move {
        match call.method {
            Method::GET => show(&state, &call, &id).await,
            Method::PUT => replace(&state, call, &id).await,
            Method::DELETE => delete(&state, &call, &id).await,
            ref other => Err(ApiError::method(other, "GET, PUT, DELETE")),
        }
    });
    let link = warp::path!("api" / "v1" / "dashboards" / String / "link");
    let link = at(link, state, |state, call, id| async move {
        match call.method {
            Method::PUT => share(&state, call, &id).await,
            Method::DELETE => unshare(&state, &call, &id).await,
            ref other => Err(ApiError::method(other, "PUT, DELETE")),
        }
    });
    all.or(one).unify().or(link).unify().or(shared::routes(state)).unify().boxed()
}

/// A page as it is shown.
#[derive(Debug, Serialize)]
struct View {
    id: Uuid,
    site_id: String,
    name: String,
    tiles: Vec<Tile>,
    /// Milliseconds since 1970.
    created_at: i64,
    updated_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<LinkView>,
}

#[derive(Debug, Serialize)]
struct LinkView {
    token: String,
    has_password: bool,
    embed: bool,
}

#[derive(Debug, Serialize)]
struct Listed {
    dashboards: Vec<View>,
}

/// A page as it is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    site_id: Option<String>,
    name: String,
    tiles: Vec<Tile>,
}

async fn list(state: &State, call: &Call) -> Answer {
    let allowed = state.gate.allow::<Read>(call)?;
    let domain = call.required("site_id")?;
    let site = state.gate.on_site(&allowed, &domain)?;
    let records = state.definitions(&site).meta.dashboards(site.site().id).await?;
    let dashboards = records.into_iter().map(|record| view(&site, record)).collect::<Result<_, _>>()?;
    Ok(json(StatusCode::OK, &Listed { dashboards }))
}

async fn create(state: &State, mut call: Call) -> Answer {
    let allowed = state.gate.allow::<Write>(&call)?;
    let wanted = read(state, &mut call).await?;
    let domain = wanted.site_id.clone().ok_or_else(|| ApiError::missing("site_id"))?;
    let site = state.gate.on_site(&allowed, &domain)?;
    let settings = state.site_settings(&site);
    if settings.meta.dashboards(site.site().id).await?.len() >= MOST {
        let message = format!("a site can have {MOST} dashboards");
        return Err(ApiError::conflict("too_many_dashboards", message));
    }
    let (name, tiles) = wanted.checked(site.site(), &settings.words(site.site().id).await?, &[])?;
    let record = settings.meta.put_dashboard(Uuid::now_v7(), site.site().id, &name, &tiles).await?;
    settings.meta.audit(&allowed.who().to_string(), "dashboard.create", &record.id.to_string()).await?;
    Ok(json(StatusCode::CREATED, &view(&site, record)?))
}

async fn show(state: &State, call: &Call, id: &str) -> Answer {
    let allowed = state.gate.allow::<Read>(call)?;
    for site in state.sites_of(&allowed) {
        let site = state.gate.on_site(&allowed, &site.domain)?;
        let found = state.definitions(&site).meta.dashboard(id_of(id)?).await?;
        if let Some(record) = found.filter(|record| record.site == site.site().id) {
            return Ok(json(StatusCode::OK, &view(&site, record)?));
        }
    }
    Err(unknown())
}

async fn replace(state: &State, mut call: Call, id: &str) -> Answer {
    let allowed = state.gate.allow::<Write>(&call)?;
    let (site, held) = found(state, &allowed, id).await?;
    let wanted = read(state, &mut call).await?;
    let settings = state.site_settings(&site);
    let words = settings.words(site.site().id).await?;
    let (name, tiles) = wanted.checked(site.site(), &words, &tile::read(&held.tiles)?)?;
    let record = settings.meta.put_dashboard(held.id, held.site, &name, &tiles).await?;
    settings.meta.audit(&allowed.who().to_string(), "dashboard.change", &record.id.to_string()).await?;
    Ok(json(StatusCode::OK, &view(&site, record)?))
}

async fn delete(state: &State, call: &Call, id: &str) -> Answer {
    let allowed = state.gate.allow::<Write>(call)?;
    let (site, held) = found(state, &allowed, id).await?;
    let settings = state.site_settings(&site);
    settings.meta.delete_dashboard(held.id).await?;
    settings.meta.audit(&allowed.who().to_string(), "dashboard.delete", &held.id.to_string()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// How a page is to be shared.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Sharing {
    /// Absent: it stays as it is. Empty: none is asked for from now on.
    password: Option<String>,
    embed: bool,
}

async fn share(state: &State, mut call: Call, id: &str) -> Answer {
    let allowed = state.gate.allow::<Write>(&call)?;
    let (site, held) = found(state, &allowed, id).await?;
    let body = call.body(BODY_LIMIT, &state.budget).await?;
    let sharing: Sharing = serde_json::from_slice(&body.bytes)
        .map_err(|error| ApiError::bad_request("invalid_json", format!("not a link: {error}")))?;
    // Who changes the password does not change the address.
    let (token, kept) = held.link.map_or_else(|| (new_key(), None), |link| (link.token, link.password));
    let password = match sharing.password.as_deref() {
        None => kept,
        Some("") => None,
        Some(password) => Some(state.gate.people().hash_for_link(password).await?),
    };
    let link = LinkRecord { token, password, embed: sharing.embed };
    let settings = state.site_settings(&site);
    settings.meta.share_dashboard(held.id, Some(&link)).await?;
    settings.meta.audit(&allowed.who().to_string(), "dashboard.share", &held.id.to_string()).await?;
    Ok(json(StatusCode::OK, &LinkView::from(link)))
}

async fn unshare(state: &State, call: &Call, id: &str) -> Answer {
    let allowed = state.gate.allow::<Write>(call)?;
    let (site, held) = found(state, &allowed, id).await?;
    let settings = state.site_settings(&site);
    settings.meta.share_dashboard(held.id, None).await?;
    settings.meta.audit(&allowed.who().to_string(), "dashboard.unshare", &held.id.to_string()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A page that the proof reaches, and its site.
async fn found(
    state: &State,
    allowed: &Allowed<Write>,
    id: &str,
) -> Result<(OnSite<Write>, DashboardRecord), ApiError> {
    for site in state.sites_of(allowed) {
        let site = state.gate.on_site(allowed, &site.domain)?;
        let held = state.site_settings(&site).meta.dashboard(id_of(id)?).await?;
        if let Some(record) = held.filter(|record| record.site == site.site().id) {
            return Ok((site, record));
        }
    }
    Err(unknown())
}

async fn read(state: &State, call: &mut Call) -> Result<Wanted, ApiError> {
    let body = call.body(BODY_LIMIT, &state.budget).await?;
    serde_json::from_slice(&body.bytes)
        .map_err(|error| ApiError::bad_request("invalid_json", format!("not a dashboard: {error}")))
}

impl Wanted {
    /// The name and the tiles as they are kept, of a page that has `held` so far.
    fn checked(&self, site: &Site, words: &Vocabulary, held: &[Tile]) -> Result<(String, String), ApiError> {
        let name = self.name.trim();
        if name.is_empty() {
            return Err(ApiError::missing("name"));
        }
        if name.chars().count() > LONGEST_NAME {
            return Err(ApiError::bad_request("invalid_value", "the name is too long").field("name"));
        }
        if self.tiles.len() > MOST_TILES {
            let message = format!("a dashboard can have {MOST_TILES} tiles");
            return Err(ApiError::bad_request("invalid_value", message).field("tiles"));
        }
        for (place, tile) in self.tiles.iter().enumerate() {
            tile.check(&site.domain, words, held).map_err(|error| error.field(format!("tiles[{place}]")))?;
        }
        let tiles = serde_json::to_string(&self.tiles)
            .map_err(|error| ApiError::internal("writing a dashboard", &error))?;
        Ok((name.to_owned(), tiles))
    }
}

fn view<R: crate::auth::Right>(site: &OnSite<R>, record: DashboardRecord) -> Result<View, ApiError> {
    Ok(View {
        id: record.id,
        site_id: site.site().domain.clone(),
        name: record.name,
        tiles: tile::read(&record.tiles)?,
        created_at: record.created_at,
        updated_at: record.updated_at,
        link: record.link.map(LinkView::from),
    })
}

impl From<LinkRecord> for LinkView {
    fn from(link: LinkRecord) -> Self {
        Self { token: link.token, has_password: link.password.is_some(), embed: link.embed }
    }
}

fn id_of(text: &str) -> Result<Uuid, ApiError> {
    text.parse().map_err(|_| unknown())
}

fn unknown() -> ApiError {
    ApiError::not_found("unknown_dashboard", "there is no such dashboard")
}
