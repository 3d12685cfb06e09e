//! Signing in and out: `/api/v1/session`, `/api/v1/session/password`, and `/api/v1/setup` for the
//! first person.
//!
//! `GET /api/v1/session` answers everybody: it is how a page learns whether to ask for a password.

use std::sync::Arc;

use opentrace_query::catalogue::METRICS;
use serde::{Deserialize, Serialize};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::{CACHE_CONTROL, HeaderValue, SET_COOKIE};
use warp::http::{Method, StatusCode};
use warp::reply::{Reply, Response};

use super::{Answer, ApiError, Call, State, json, on};
use crate::auth::{Cookie, Founder, Grant, Person, Scope, Who};

const BODY_LIMIT: usize = 16 * 1024;

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    let session = on(warp::path!("api" / "v1" / "session"), state, |state, call| async move {
        match call.method {
            Method::GET => Ok(uncached(json(StatusCode::OK, &view(&state, &call)))),
            Method::POST => sign_in(&state, call).await,
            Method::DELETE => sign_out(&state, &call).await,
            ref other => Err(ApiError::method(other, "GET, POST, DELETE")),
        }
    });
    let password = on(warp::path!("api" / "v1" / "session" / "password"), state, |state, call| async move {
        match call.method {
            Method::PUT => change_password(&state, call).await,
            ref other => Err(ApiError::method(other, "PUT")),
        }
    });
    let setup = on(warp::path!("api" / "v1" / "setup"), state, |state, call| async move {
        match call.method {
            Method::POST => found(&state, call).await,
            ref other => Err(ApiError::method(other, "POST")),
        }
    });
    session.or(password).unify().or(setup).unify().boxed()
}

/// Who is asking, as far as a page has to know.
#[derive(Debug, Serialize)]
struct View<'a> {
    state: Standing,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<PersonView>,
    /// What to send as `X-CSRF-Token` with everything that is no `GET`.
    #[serde(skip_serializing_if = "Option::is_none")]
    csrf: Option<String>,
    /// What they may do.
    scopes: Vec<Scope>,
    /// Parts of the API that there are beyond questions and settings.
    features: &'a [&'static str],
    /// Metrics that a question may name.
    metrics: Vec<&'static str>,
    /// The folder of the tracker that no list of trackers knows.
    tracker: &'a str,
    version: &'static str,
}

/// How somebody stands to the program.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    /// With a browser.
    SignedIn,
    /// With a key.
    Key,
    /// On this machine, where everybody may read.
    Open,
    SignedOut,
    /// Nobody owns the program yet.
    New,
}

#[derive(Debug, Serialize)]
struct PersonView {
    email: String,
    name: String,
}

fn view<'a>(state: &'a State, call: &Call) -> View<'a> {
    let people = state.gate.people();
    if let Some((person, cookie)) = people.signed_in(call) {
        return signed_in(state, &person, &cookie);
    }
    let grant = state.gate.known(call).ok();
    let standing = match grant.map(|grant| grant.who) {
        Some(Who::Local) => Standing::Open,
        Some(_) => Standing::Key,
        None if people.is_anybody() => Standing::SignedOut,
        None => Standing::New,
    };
    View {
        state: standing,
        person: None,
        csrf: None,
        scopes: scopes(grant),
        features: state.features.get().map_or(&[], Vec::as_slice),
        metrics: METRICS.iter().map(|metric| metric.name).filter(|name| !name.is_empty()).collect(),
        tracker: &state.tracker,
        version: env!("CARGO_PKG_VERSION"),
    }
}

fn signed_in<'a>(state: &'a State, person: &Person, cookie: &Cookie) -> View<'a> {
    View {
        state: Standing::SignedIn,
        person: Some(PersonView { email: person.email.clone(), name: person.name.clone() }),
        csrf: Some(cookie.confirmation()),
        scopes: Scope::ALL.to_vec(),
        features: state.features.get().map_or(&[], Vec::as_slice),
        metrics: METRICS.iter().map(|metric| metric.name).filter(|name| !name.is_empty()).collect(),
        tracker: &state.tracker,
        version: env!("CARGO_PKG_VERSION"),
    }
}

fn scopes(grant: Option<Grant>) -> Vec<Scope> {
    let allowed = |scope: &Scope| grant.is_some_and(|grant| grant.scopes.allow(*scope));
    Scope::ALL.into_iter().filter(allowed).collect()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    email: String,
    password: String,
}

async fn sign_in(state: &State, mut call: Call) -> Answer {
    let wanted: Credentials = read(state, &mut call).await?;
    let from = state.proxies.client(call.peer, &call.headers);
    let person = state.gate.people().recognise(&wanted.email, &wanted.password, from).await?;
    welcome(state, &call, &person, StatusCode::OK).await
}

async fn sign_out(state: &State, call: &Call) -> Answer {
    let people = state.gate.people();
    if let Some((_, cookie)) = people.signed_in(call) {
        if !cookie.is_confirmed(call) {
            return Err(ApiError::forbidden("no page of this server sent this"));
        }
        people.sign_out(&cookie).await?;
    }
    with_cookie(StatusCode::NO_CONTENT.into_response(), &Cookie::removal(is_secure(call)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    current: String,
    password: String,
}

/// Who is signed in proves again who they are: somebody else may sit at their desk.
async fn change_password(state: &State, mut call: Call) -> Answer {
    let people = state.gate.people();
    let (person, cookie) =
        people.signed_in(&call).ok_or_else(|| ApiError::unauthorised("nobody is signed in"))?;
    if !cookie.is_confirmed(&call) {
        return Err(ApiError::forbidden("no page of this server sent this"));
    }
    let wanted: NewPassword = read(state, &mut call).await?;
    let from = state.proxies.client(call.peer, &call.headers);
    people.recognise(&person.email, &wanted.current, from).await?;
    people.set_password(&person, &wanted.password).await?;
    welcome(state, &call, &person, StatusCode::OK).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Setup {
    /// What the program printed when it started; absent with the admin token as bearer.
    code: Option<String>,
    email: String,
    #[serde(default)]
    name: String,
    password: String,
}

async fn found(state: &State, mut call: Call) -> Answer {
    let wanted: Setup = read(state, &mut call).await?;
    let founder = Founder { email: &wanted.email, name: &wanted.name, password: &wanted.password };
    let person = state.gate.found(&call, wanted.code.as_deref(), founder).await?;
    tracing::info!(id = %person.id, "the server has an owner");
    welcome(state, &call, &person, StatusCode::CREATED).await
}

/// Signs a browser in and tells it so.
async fn welcome(state: &State, call: &Call, person: &Person, status: StatusCode) -> Answer {
    let cookie = state.gate.people().sign_in(person).await?;
    let response = json(status, &signed_in(state, person, &cookie));
    with_cookie(uncached(response), &cookie.header(is_secure(call)))
}

/// The body. Only as JSON: a form on a page of somebody else cannot send that.
async fn read<T: serde::de::DeserializeOwned>(state: &State, call: &mut Call) -> Result<T, ApiError> {
    if call.media_type() != "application/json" {
        return Err(ApiError::unsupported("unsupported_type", "only application/json is understood")
            .field("Content-Type"));
    }
    let body = call.body(BODY_LIMIT, &state.budget).await?;
    serde_json::from_slice(&body.bytes)
        .map_err(|error| ApiError::bad_request("invalid_json", format!("not what is asked for: {error}")))
}

/// Whether the browser came by https. A proxy that says so wrongly keeps its own users out.
fn is_secure(call: &Call) -> bool {
    call.header("x-forwarded-proto").is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
}

fn with_cookie(mut response: Response, cookie: &str) -> Answer {
    let cookie = HeaderValue::from_str(cookie).map_err(|error| ApiError::internal("signing in", &error))?;
    response.headers_mut().insert(SET_COOKIE, cookie);
    Ok(response)
}

fn uncached(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
