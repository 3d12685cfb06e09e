//! Which parts of the API this program has: a page whose part is missing is not shown.
//!
//! Nobody keeps a list. The routes themselves are asked once, at the start.

use bytes::Bytes;
use http_body_util::Empty;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use warp::filters::BoxedFilter;
use warp::http::{Method, Request, StatusCode};
use warp::reply::Response;

/// What the dashboard has pages for, by the last segment of its path.
const PATHS: [&str; 15] = [
    "/api/v1/alerts",
    "/api/v1/anomalies",
    "/api/v1/ask",
    "/api/v1/channels",
    "/api/v1/clusters",
    "/api/v1/dashboards",
    "/api/v1/erasure",
    "/api/v1/export",
    "/api/v1/forecast",
    "/api/v1/funnel",
    "/api/v1/insights",
    "/api/v1/journeys",
    "/api/v1/models",
    "/api/v1/people",
    "/api/v1/retention",
];

/// The names of the parts that answer.
pub(crate) async fn found(routes: &BoxedFilter<(Response,)>) -> Vec<&'static str> {
    let service = TowerToHyperService::new(warp::service(routes.clone()));
    let mut names = Vec::new();
    for path in PATHS {
        // A method that nothing takes: what is there says so, and nothing is done.
        let request = Request::builder().method(Method::TRACE).uri(path).body(Empty::<Bytes>::new());
        let Ok(request) = request else { continue };
        let status = service.call(request).await.map_or(StatusCode::NOT_FOUND, |answer| answer.status());
        if status != StatusCode::NOT_FOUND {
            names.push(path.rsplit_once('/').map_or(path, |(_, name)| name));
        }
    }
    names
}
