//! The browser tracker and its extensions: at `/js`, and in a folder whose name no list of trackers
//! knows, where the script is called `s.js`.
//!
//! Pages of other hosts load them, so the answers say that they may.

use std::borrow::Cow;
use std::sync::Arc;

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, HeaderName};
use warp::reply::Response;

use super::file::{File, media_type};
use crate::http::{Answer, ApiError, Call, State, at};

/// Committed as they are built, so that the program needs no Node to have them.
const SCRIPTS: [(&str, &str); 4] = [
    ("opentrace.js", include_str!("../../../../web/tracker/dist/opentrace.js")),
    ("errors.js", include_str!("../../../../web/tracker/dist/errors.js")),
    ("forms.js", include_str!("../../../../web/tracker/dist/forms.js")),
    ("vitals.js", include_str!("../../../../web/tracker/dist/vitals.js")),
];
/// What the tracker is called in the neutral folder.
const NEUTRAL: &str = "s.js";
/// Long enough that a visit loads it once, short enough that a new one arrives the same day.
const CACHE: &str = "public, max-age=3600";

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    let known = warp::path!("js" / String);
    let neutral = warp::path(state.tracker.clone()).and(warp::path::param()).and(warp::path::end());
    let known = at(known, state, |_, call, name| async move { script(&call, &name) });
    let neutral = at(neutral, state, |_, call, name: String| async move {
        script(&call, if name == NEUTRAL { SCRIPTS[0].0 } else { &name })
    });
    known.or(neutral).unify().boxed()
}

fn script(call: &Call, name: &str) -> Answer {
    let found = SCRIPTS.iter().find(|(known, _)| *known == name);
    let (_, text) = found.ok_or_else(|| ApiError::not_found("not_found", "there is no such script"))?;
    let file = File {
        bytes: Cow::Borrowed(text.as_bytes()),
        media_type: media_type(name),
        cache: CACHE,
        packed: false,
    };
    file.answer(
        call,
        &[
            (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
        ],
    )
}
