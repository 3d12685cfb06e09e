//! The API's own routes, asked from within the program.

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};
use tokio_util::task::AbortOnDropHandle;
use warp::filters::BoxedFilter;
use warp::http::header::{AUTHORIZATION, CONTENT_TYPE};
use warp::http::{Method, Request, StatusCode, response};
use warp::reply::Response;

use super::{ApiError, State};
use crate::alerts::Answers;
use crate::config::Secret;

/// Asks a route; what it answers, JSON or nothing.
pub(super) async fn ask(
    routes: BoxedFilter<(Response,)>,
    request: Request<Full<Bytes>>,
) -> Result<(response::Parts, Value), ApiError> {
    let broken = |what: &str| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "ask_failed", what.to_owned());
    let service = TowerToHyperService::new(warp::service(routes));
    // On a task of its own: the routes cannot be asked by a task that they are just answering.
    let asked = tokio::spawn(async move { service.call(request).await });
    let asked = AbortOnDropHandle::new(asked).await.map_err(|_| broken("the query ended too early"))?;
    let answer = asked.unwrap_or_else(|never| match never {});
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.map_err(|_| broken("the answer ended too early"))?.to_bytes();
    Ok((parts, serde_json::from_slice(&body).unwrap_or(Value::Null)))
}

/// Answers questions that reach the program by another way than HTTP, with a key of its own that may read.
#[derive(Clone)]
pub(crate) struct Voice {
    routes: BoxedFilter<(Response,)>,
    key: Secret,
}

impl std::fmt::Debug for Voice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Voice").finish_non_exhaustive()
    }
}

impl Voice {
    pub(crate) fn new(state: &State, routes: BoxedFilter<(Response,)>) -> Self {
        Self { routes, key: state.gate.reader() }
    }
}

#[async_trait]
impl Answers for Voice {
    async fn answer(&self, domain: &str, question: &str) -> Result<Value, String> {
        let body = json!({ "site_id": domain, "question": question }).to_string();
        let request = Request::builder()
            .method(Method::POST)
            .uri("/api/v1/ask")
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, format!("Bearer {}", self.key.reveal()))
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| error.to_string())?;
        let (parts, value) =
            ask(self.routes.clone(), request).await.map_err(|error| error.code().to_owned())?;
        if parts.status.is_success() {
            return Ok(value);
        }
        let message = value.pointer("/error/message").and_then(Value::as_str);
        Err(message.unwrap_or("no answer at the moment").to_owned())
    }
}
