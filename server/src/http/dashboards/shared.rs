//! A page for who was given its link: what is on it, and the answers to its own questions. Nothing
//! else of the site can be asked by a link.

use std::sync::Arc;

use opentrace_query::parse;
use opentrace_store::meta::DashboardRecord;
use serde::Serialize;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::{CACHE_CONTROL, HeaderValue};
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::tile::{self, Tile};
use super::{Answer, ApiError, Call, State, at, json};
use crate::auth::{OnSite, Read};
use crate::http::question::Question;
use crate::http::turns::Weight;

/// What the password comes in.
const PASSWORD: &str = "x-share-password";

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    let page = at(warp::path!("api" / "v1" / "shared" / String), state, |state, call, token| async move {
        only_get(&call)?;
        page(&state, &call, &token).await
    });
    let tile = warp::path!("api" / "v1" / "shared" / String / "tiles" / usize);
    let tile = tile.map(|token: String, place: usize| format!("{place} {token}"));
    let tile = at(tile, state, |state, call, both: String| async move {
        only_get(&call)?;
        let (place, token) = both.split_once(' ').ok_or_else(unknown)?;
        answer(&state, &call, token, place.parse().map_err(|_| unknown())?).await
    });
    page.or(tile).unify().boxed()
}

fn only_get(call: &Call) -> Result<(), ApiError> {
    match call.method {
        Method::GET => Ok(()),
        ref other => Err(ApiError::method(other, "GET")),
    }
}

#[derive(Debug, Serialize)]
struct View {
    name: String,
    site_id: String,
    timezone: String,
    currency: String,
    /// Metrics of the site's own among those asked for whose parts are not drawn upon each other.
    averages: Vec<String>,
    tiles: Vec<Tile>,
}

async fn page(state: &State, call: &Call, token: &str) -> Answer {
    let (site, record) = opened(state, call, token).await?;
    let metrics = state.definitions(&site).words(site.site().id).await?.metrics;
    let tiles = tile::read(&record.tiles)?;
    let averages = metrics.into_iter().filter(|metric| !metric.value.adds_up()).map(|metric| metric.name);
    let averages = averages.filter(|name| tiles.iter().any(|tile| tile.has_metric(name))).collect();
    let site = site.site();
    let view = View {
        name: record.name,
        site_id: site.domain.clone(),
        timezone: site.timezone.iana_name().unwrap_or("UTC").to_owned(),
        currency: site.currency.clone(),
        averages,
        tiles,
    };
    Ok(unkept(json(StatusCode::OK, &view)))
}

async fn answer(state: &State, call: &Call, token: &str, place: usize) -> Answer {
    let (site, record) = opened(state, call, token).await?;
    let tiles = tile::read(&record.tiles)?;
    let domain = site.site().domain.clone();
    let tile = tiles.get(place).ok_or_else(unknown)?;
    let by_day = call.parameter("by").is_some_and(|by| by == "day");
    let asked = if by_day { tile.by_day(&domain) } else { tile.asked(&domain) }.ok_or_else(unknown)?;
    let question = Question::of(state, site).await?;
    if let Some(report) = tile.report() {
        let _turn = state.turns.take(Weight::Rows).await?;
        return Ok(unkept(report.tell(&question, &asked).await?));
    }
    let query = parse::from_value_with(&asked, &question.vocabulary)?;
    let _turn = state.turns.take(question.weight(&query)).await?;
    Ok(unkept(json(StatusCode::OK, &question.asking().answer(&query).await?)))
}

/// The page of a link, and the proof that who has it may read what is on it.
async fn opened(
    state: &State,
    call: &Call,
    token: &str,
) -> Result<(OnSite<Read>, DashboardRecord), ApiError> {
    let from = state.proxies.client(call.peer, &call.headers);
    state.gate.open_link(token, call.header(PASSWORD), from).await?.ok_or_else(unknown)
}

/// Whether pages of other sites may show the page of a link.
pub(in crate::http) async fn may_embed(state: &State, token: &str) -> bool {
    state.gate.link_may_be_embedded(token).await
}

/// The next one to use the browser may not have the password.
fn unkept(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn unknown() -> ApiError {
    ApiError::not_found("unknown_link", "nothing is shared at this address, or it no longer is")
}
