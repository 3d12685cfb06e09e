//! Sites: `GET` and `POST /api/v1/sites`, `GET` and `PATCH /api/v1/sites/{domain}`.

use std::sync::Arc;

use jiff::civil::Weekday;
use opentrace_events::Site;
use opentrace_events::site::BotPolicy;
use opentrace_store::meta::SiteChange;
use serde::{Deserialize, Serialize};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::{Answer, ApiError, Call, State, at, json, on};
use crate::auth::{Admin, Read, Write};

const BODY_LIMIT: usize = 16 * 1024;

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    let all = on(warp::path!("api" / "v1" / "sites"), state, |state, call| async move {
        match call.method {
            Method::GET => list(&state, &call),
            Method::POST => create(&state, call).await,
            ref other => Err(ApiError::method(other, "GET, POST")),
        }
    });
    let one = at(warp::path!("api" / "v1" / "sites" / String), state, |state, call, domain| async move {
        match call.method {
            Method::GET => show(&state, &call, &domain),
            Method::PATCH => change(&state, call, &domain).await,
            ref other => Err(ApiError::method(other, "GET, PATCH")),
        }
    });
    all.or(one).unify().boxed()
}

/// A site as it is shown.
#[derive(Debug, Serialize)]
struct View {
    domain: String,
    /// What it was called before.
    formerly: Vec<String>,
    timezone: String,
    week_start: &'static str,
    identified: bool,
    currency: String,
    bots: BotPolicy,
    honour_privacy_signals: bool,
    retention_days: u32,
}

#[derive(Debug, Serialize)]
struct Listed {
    sites: Vec<View>,
}

impl View {
    fn of(site: &Site, state: &State) -> Self {
        Self {
            domain: site.domain.clone(),
            formerly: state.former_names(site.id),
            timezone: site.timezone.iana_name().unwrap_or("UTC").to_owned(),
            week_start: WEEK[site.week_start.to_monday_zero_offset().unsigned_abs() as usize % 7],
            identified: site.identified,
            currency: site.currency.clone(),
            bots: site.bots,
            honour_privacy_signals: site.honour_privacy_signals,
            retention_days: site.retention_days,
        }
    }
}

const WEEK: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// What may be set. Absent and `null` leave a setting as it is.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    domain: Option<String>,
    timezone: Option<String>,
    week_start: Option<String>,
    identified: Option<bool>,
    currency: Option<String>,
    bots: Option<BotPolicy>,
    honour_privacy_signals: Option<bool>,
    retention_days: Option<u32>,
}

impl Wanted {
    async fn read(state: &State, call: &mut Call) -> Result<Self, ApiError> {
        let body = call.body(BODY_LIMIT, &state.budget).await?;
        serde_json::from_slice(&body.bytes)
            .map_err(|error| ApiError::bad_request("invalid_json", format!("not a site's settings: {error}")))
    }

    fn change(self) -> Result<SiteChange, ApiError> {
        Ok(SiteChange {
            domain: self.domain,
            timezone: self.timezone,
            week_start: self.week_start.as_deref().map(weekday).transpose()?,
            identified: self.identified,
            currency: self.currency,
            bots: self.bots,
            honour_privacy_signals: self.honour_privacy_signals,
            retention_days: self.retention_days,
        })
    }
}

fn weekday(name: &str) -> Result<Weekday, ApiError> {
    let place = WEEK.iter().position(|day| day.eq_ignore_ascii_case(name));
    let day = place.and_then(|place| Weekday::from_monday_zero_offset(i8::try_from(place).ok()?).ok());
    day.ok_or_else(|| {
        ApiError::bad_request("invalid_value", "`week_start` is a day of the week, such as monday")
            .field("week_start")
    })
}

fn list(state: &State, call: &Call) -> Answer {
    let allowed = state.gate.allow::<Read>(call)?;
    let sites: Vec<View> = state.sites_of(&allowed).iter().map(|site| View::of(site, state)).collect();
    Ok(json(StatusCode::OK, &Listed { sites }))
}

fn show(state: &State, call: &Call, domain: &str) -> Answer {
    let allowed = state.gate.allow::<Read>(call)?;
    let site = state.gate.on_site(&allowed, domain)?;
    Ok(json(StatusCode::OK, &View::of(site.site(), state)))
}

async fn create(state: &State, mut call: Call) -> Answer {
    let allowed = state.gate.allow::<Admin>(&call)?;
    if state.bound_site(&allowed)?.is_some() {
        return Err(ApiError::forbidden("a key that is bound to a site cannot create another"));
    }
    let mut wanted = Wanted::read(state, &mut call).await?;
    let domain = wanted
        .domain
        .take()
        .ok_or_else(|| ApiError::bad_request("missing_field", "`domain` is required").field("domain"))?;
    let settings = state.settings(&allowed);
    let site = settings.meta.create_site(&domain, &wanted.change()?).await?;
    settings.put(site.clone()).await?;
    settings.meta.audit(&allowed.who().to_string(), "site.create", &site.domain).await?;
    Ok(json(StatusCode::CREATED, &View::of(&site, state)))
}

async fn change(state: &State, mut call: Call, domain: &str) -> Answer {
    let allowed = state.gate.allow::<Write>(&call)?;
    let site = state.gate.on_site(&allowed, domain)?;
    let wanted = Wanted::read(state, &mut call).await?;
    let settings = state.site_settings(&site);
    let changed = settings.meta.update_site(site.site().id, &wanted.change()?).await?;
    settings.put(changed.clone()).await?;
    let what = match site.site().domain == changed.domain {
        true => changed.domain.clone(),
        false => format!("{} is {} now", site.site().domain, changed.domain),
    };
    settings.meta.audit(&allowed.who().to_string(), "site.change", &what).await?;
    Ok(json(StatusCode::OK, &View::of(&changed, state)))
}
