//! `GET /api/v1/live?site_id=`: a site's figures, pushed as they change (server-sent events).
//!
//! However many people watch a site, its figures are asked for once per change, by one task that
//! lives as long as somebody watches. A change is seen when an epoch that touched the site became
//! visible; between changes the figures are asked for again now and then, because who was there
//! five minutes ago leaves without an event.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use opentrace_events::{Site, SiteId};
use opentrace_pipeline::{Epoch, Progress};
use opentrace_query::{Live, Views};
use opentrace_store::Store;
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_stream::wrappers::WatchStream;
use tokio_util::sync::CancellationToken;
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::Response;
use warp::sse::Event;

use super::push::push;
use super::{Answer, ApiError, Call, State, on};
use crate::auth::{OnSite, Read};
use crate::clock;

/// Figures of one site are asked for at most this often.
const SHORTEST: Duration = Duration::from_millis(500);
/// And at least this often.
const LONGEST: Duration = Duration::from_secs(10);
/// Sites that may be watched at once.
const MOST_SITES: usize = 1_000;

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    on(warp::path!("api" / "v1" / "live"), state, watch_site)
}

async fn watch_site(state: Arc<State>, call: Call) -> Answer {
    if call.method != Method::GET {
        return Err(ApiError::method(&call.method, "GET"));
    }
    let allowed = state.gate.allow::<Read>(&call)?;
    let domain = call.required("site_id")?;
    let site = state.gate.on_site(&allowed, &domain)?;
    let figures = state.watchers.subscribe(&state, &site)?;
    let events = WatchStream::new(figures).filter_map(std::future::ready);
    Ok(push(events.map(|figures| Ok(Event::default().data(&*figures))), &state.stop))
}

/// The tasks that ask, one per watched site.
#[derive(Debug)]
pub(super) struct Watchers {
    sites: Mutex<HashMap<SiteId, watch::Sender<Option<Arc<str>>>>>,
    stop: CancellationToken,
}

impl Watchers {
    pub(super) fn new(stop: CancellationToken) -> Self {
        Self { sites: Mutex::default(), stop }
    }

    /// The site's figures: the last ones at once if somebody watches already.
    fn subscribe(
        &self,
        state: &Arc<State>,
        watched: &OnSite<Read>,
    ) -> Result<watch::Receiver<Option<Arc<str>>>, ApiError> {
        let site = watched.site();
        let mut sites = self.sites.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(figures) = sites.get(&site.id).filter(|figures| figures.receiver_count() > 0) {
            return Ok(figures.subscribe());
        }
        sites.retain(|_, figures| figures.receiver_count() > 0);
        if sites.len() >= MOST_SITES {
            return Err(ApiError::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_watched",
                "too many sites are being watched",
            ));
        }
        let (sender, receiver) = watch::channel(None);
        sites.insert(site.id, sender.clone());
        let (store, views) = (state.store(watched).clone(), state.watch_views(watched));
        let asking = ask(Arc::clone(site), store, views, state.progress(watched), sender);
        let stop = self.stop.clone();
        tokio::spawn(async move { stop.run_until_cancelled(asking).await });
        Ok(receiver)
    }
}

/// The figures as they are pushed.
#[derive(Debug, Serialize)]
struct Pushed<'a> {
    /// The newest epoch in which something of the site changed, past figures too.
    epoch: Epoch,
    #[serde(flatten)]
    live: &'a Live,
}

/// Asks for the figures and publishes them where they or others of the site changed, until nobody watches.
async fn ask(
    site: Arc<Site>,
    store: Store,
    views: impl Fn() -> Views,
    mut progress: watch::Receiver<Progress>,
    figures: watch::Sender<Option<Arc<str>>>,
) {
    let mut shown: Option<(Epoch, Live)> = None;
    let mut epoch = progress.borrow().epoch;
    while figures.receiver_count() > 0 {
        let began = Instant::now();
        let asked = progress.borrow_and_update().epoch;
        match opentrace_query::live(&store, &site, clock::now(), views()).await {
            Ok(live) => {
                if shown.as_ref().is_none_or(|(of, shown)| *of != epoch || differ(shown, &live)) {
                    match serde_json::to_string(&Pushed { epoch, live: &live }) {
                        Ok(text) => drop(figures.send_replace(Some(text.into()))),
                        Err(error) => tracing::error!(%error, "cannot write live figures"),
                    }
                    shown = Some((epoch, live));
                }
            }
            Err(error) => tracing::debug!(site = site.id.0, code = error.code(), "no live figures"),
        }
        sleep_until(began + SHORTEST).await;
        let touched = touched(&mut progress, asked, site.id);
        tokio::select! {
            touched = timeout_at(began + LONGEST, touched) => {
                if touched.is_ok() {
                    epoch = progress.borrow().epoch;
                }
            }
            () = figures.closed() => {}
        }
    }
}

/// Whether anything but the time of asking differs.
fn differ(shown: &Live, live: &Live) -> bool {
    Live { at: shown.at, ..live.clone() } != *shown
}

/// Waits until something of the site became visible after the epoch `last`. An epoch that went by
/// unseen counts as one that touched it.
async fn touched(progress: &mut watch::Receiver<Progress>, mut last: Epoch, site: SiteId) {
    while progress.changed().await.is_ok() {
        let seen = progress.borrow_and_update();
        if seen.epoch != last + 1 || seen.sites.contains(&site) {
            return;
        }
        last = seen.epoch;
    }
    // The pipeline has ended; the deadline of the caller ends the wait.
    std::future::pending::<()>().await;
}
