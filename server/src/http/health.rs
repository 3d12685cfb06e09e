//! Whether the program is well: `/healthz` (it runs), `/readyz` (it collects and answers),
//! `/metrics` (Prometheus' text format), `/api/v1/status` (how far the views are, in JSON).

use std::sync::Arc;
use std::time::Duration;

use opentrace_pipeline::{State as PipelineState, Status};
use opentrace_store::Store;
use serde::Serialize;
use tokio::time::timeout;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::CONTENT_TYPE;
use warp::http::{Method, StatusCode};
use warp::reply::{Reply, Response};

use super::{Answer, ApiError, Call, State, json, on};
use crate::auth::Read;
use crate::metrics::{Counts, Page};
use crate::selfcheck;

/// The longest ClickHouse may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    let health = on(warp::path!("healthz"), state, |_, call| async move {
        only_get(&call)?;
        Ok("ok".into_response())
    });
    let ready = on(warp::path!("readyz"), state, |state, call| async move {
        only_get(&call)?;
        ready(&state).await
    });
    let metrics = on(warp::path!("metrics"), state, |state, call| async move {
        only_get(&call)?;
        metrics(&state, &call)
    });
    let status = on(warp::path!("api" / "v1" / "status"), state, |state, call| async move {
        only_get(&call)?;
        status(&state, &call)
    });
    health.or(ready).unify().or(metrics).unify().or(status).unify().boxed()
}

fn only_get(call: &Call) -> Result<(), ApiError> {
    match call.method {
        Method::GET | Method::HEAD => Ok(()),
        ref other => Err(ApiError::method(other, "GET, HEAD")),
    }
}

/// What is ready and what is not.
#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    /// Events are taken.
    collecting: bool,
    /// Questions are answered.
    answering: bool,
    pipeline: PipelineState,
    lag_events: u64,
}

async fn ready(state: &State) -> Answer {
    let (store, status) = state.health();
    let answering = answers(store).await;
    let collecting = status.state != PipelineState::Failed && !state.stop.is_cancelled();
    let ready = collecting && answering && status.state == PipelineState::Running;
    let readiness =
        Readiness { ready, collecting, answering, pipeline: status.state, lag_events: status.lag_events };
    let code = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok(json(code, &readiness))
}

async fn answers(store: &Store) -> bool {
    let client = store.client();
    let ping = client.query("SELECT toUInt8(1)").fetch_one::<u8>();
    matches!(timeout(PATIENCE, ping).await, Ok(Ok(1)))
}

/// For scrapers on this machine, and for keys that may read every site: the counts say how much
/// traffic there is.
fn metrics(state: &State, call: &Call) -> Answer {
    if !call.is_local() {
        let allowed = state.gate.allow::<Read>(call)?;
        if state.bound_site(&allowed)?.is_some() {
            return Err(ApiError::forbidden("this key is bound to a site"));
        }
    }
    let (store, status) = state.health();
    let mut page = Page::default();
    state.metrics.write(&mut page);
    write_pipeline(&mut page, &status);
    state.checks().write(&mut page);
    state.trainings().write(&mut page);
    if let Some(engine) = store.engine() {
        page.counter(
            "opentrace_engine_restarts_total",
            "Restarts of the ClickHouse process",
            &[],
            engine.restarts() as f64,
        );
    }
    let mut response = page.finish().into_response();
    let media_type = warp::http::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    Ok(response)
}

/// How the program is doing, for an import that waits and for whoever operates it.
#[derive(Debug, Serialize)]
struct Report {
    version: &'static str,
    pipeline: Status,
    /// Since the start of the program.
    collected: Counts,
    /// Self-checks of every view since the start of the program.
    verify: selfcheck::Report,
    /// Absent where ClickHouse runs elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    engine: Option<Engine>,
}

#[derive(Debug, Serialize)]
struct Engine {
    /// Process id; 0 while it is down.
    pid: u32,
    restarts: u64,
}

/// For everybody with a key and for this machine: totals only, nothing of a site.
fn status(state: &State, call: &Call) -> Answer {
    if !call.is_local() {
        state.gate.known(call)?;
    }
    let (store, status) = state.health();
    let engine = store.engine().map(|engine| Engine { pid: engine.pid(), restarts: engine.restarts() });
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        pipeline: status,
        collected: state.metrics.counts(),
        verify: state.checks(),
        engine,
    };
    Ok(json(StatusCode::OK, &report))
}

fn write_pipeline(page: &mut Page, status: &Status) {
    let running = status.state == PipelineState::Running;
    for (name, help, value) in [
        ("opentrace_pipeline_running", "Whether the views follow the log", f64::from(u8::from(running))),
        ("opentrace_log_events", "Events in the log since it was made", status.log_events as f64),
        ("opentrace_lag_events", "Events not in every view yet", status.lag_events as f64),
        ("opentrace_epoch_closed", "The last epoch closed", status.closed_epoch as f64),
        ("opentrace_epoch_committed", "The last epoch in every view", status.committed_epoch as f64),
        ("opentrace_resident_visitors", "Visitors held by the dataflow", status.resident_people as f64),
        ("opentrace_resident_events", "Events held by the dataflow", status.resident_events as f64),
        ("opentrace_dedup_ids", "Ids remembered for deduplication", status.dedup_ids as f64),
        ("opentrace_interned", "Texts and sets of attributes held by the dataflow", status.interned as f64),
        ("opentrace_cells", "Cells of views held in memory", status.cells as f64),
    ] {
        page.gauge(name, help, &[], value);
    }
    for (name, help, value) in [
        ("opentrace_pipeline_appended_total", "Events appended to the log", status.appended as f64),
        ("opentrace_commits_total", "Epochs committed to ClickHouse", status.commits as f64),
        (
            "opentrace_commit_failures_total",
            "Commits that had to be tried again",
            status.commit_failures as f64,
        ),
        ("opentrace_commit_seconds_total", "Time spent committing", status.commit_seconds),
        (
            "opentrace_hydrated_events_total",
            "Stored events read back into the dataflow",
            status.hydrated_events as f64,
        ),
        (
            "opentrace_evicted_visitors_total",
            "Visitors taken out of the dataflow",
            status.evicted_people as f64,
        ),
        ("opentrace_violations_total", "Rows taken out that were not in", status.violations as f64),
    ] {
        page.counter(name, help, &[], value);
    }
}
