//! `POST /api/v1/verify`: recomputes every view of a site, or of all, from raw events and lists what
//! differs.
//!
//! It waits until the views have caught up; how it is made is said in [`crate::selfcheck`].

use std::sync::Arc;

use opentrace_store::verify::{Difference, Pace};
use serde::{Deserialize, Serialize};
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::{Answer, ApiError, Call, State, json, on};
use crate::auth::Admin;
use crate::selfcheck::{CATCH_UP, CheckError, Checked};

const BODY_LIMIT: usize = 4 * 1024;

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    on(warp::path!("api" / "v1" / "verify"), state, verify)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// A domain; absent for every site the key reaches.
    site_id: Option<String>,
}

#[derive(Debug, Serialize)]
struct Verified {
    /// Sites that were compared.
    sites: usize,
    /// The first of each view and site.
    differences: Vec<Difference>,
}

async fn verify(state: Arc<State>, mut call: Call) -> Answer {
    if call.method != Method::POST {
        return Err(ApiError::method(&call.method, "POST"));
    }
    let allowed = state.gate.allow::<Admin>(&call)?;
    let body = call.body(BODY_LIMIT, &state.budget).await?;
    let wanted: Wanted = serde_json::from_slice(&body.bytes).map_err(|error| {
        ApiError::bad_request("invalid_json", format!("not a request to verify: {error}"))
    })?;
    let checker = state.checker(&allowed);
    let sites = match &wanted.site_id {
        Some(domain) => Some(vec![Arc::clone(state.gate.on_site(&allowed, domain)?.site())]),
        // A key that is bound to a site reaches no other.
        None => state.bound_site(&allowed)?.map(|site| vec![site]),
    };
    let checked = match sites {
        Some(sites) => checker.check(&sites, Pace::Full).await?,
        None => checker.check_all(Pace::Full).await?,
    };
    let Checked { sites, differences, .. } = checked;
    Ok(json(StatusCode::OK, &Verified { sites, differences }))
}

impl From<CheckError> for ApiError {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::Busy | CheckError::Behind => {
                Self::unavailable(error.code(), error.to_string(), CATCH_UP)
            }
            CheckError::NotAtRest => Self::unavailable(error.code(), error.to_string(), CATCH_UP)
                .hint("too much was changing at once to tell what is wrong: ask when less comes in"),
            CheckError::Pipeline(error) => Self::internal("waiting for the views", &error),
            CheckError::Store(error) => error.into(),
        }
    }
}
