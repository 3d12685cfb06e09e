//! What every question has: a right, a turn at ClickHouse, and the words of its site.

use std::sync::Arc;

use opentrace_events::define::Definition;
use opentrace_pipeline::Filling;
use opentrace_query::limits::Budget;
use opentrace_query::report::Reporting;
use opentrace_query::{Asking, Query, QueryError, Views, Vocabulary, parse};
use opentrace_store::meta::DefinitionRecord;
use serde_json::Value;
use warp::filters::BoxedFilter;
use warp::reply::{Reply, Response};
use warp::{Filter, Rejection};

use super::turns::{Turn, Weight};
use super::{Answer, ApiError, Call, State, on};
use crate::auth::{Allowed, OnSite, Read};
use crate::clock;
use crate::vocabulary::vocabulary;

/// A route for questions: who asks too often is told to wait, and every answer says how many are left.
pub(super) fn asked<P, H, F>(path: P, state: &Arc<State>, handler: H) -> BoxedFilter<(Response,)>
where
    P: Filter<Extract = (), Error = Rejection> + Clone + Send + Sync + 'static,
    H: Fn(Arc<State>, Call) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Answer> + Send,
{
    on(path, state, move |state, call| {
        let handler = handler.clone();
        async move {
            if call.counted {
                return handler(state, call).await;
            }
            // Who is nobody is refused by the handler.
            let Ok(grant) = state.gate.known(&call) else { return handler(state, call).await };
            let ticket = state.rates.take(grant.who)?;
            let answer = handler(state, call).await.unwrap_or_else(Reply::into_response);
            Ok(ticket.marked(answer))
        }
    })
}

/// A question that may be put to ClickHouse.
pub(super) struct Question<'a> {
    pub(super) site: OnSite<Read>,
    pub(super) vocabulary: Vocabulary,
    views: Views,
    /// What is kept up to date of what is defined on the site.
    kept: Vec<Definition>,
    client: clickhouse::Client,
    budget: Budget,
    /// Where it is put to ClickHouse at once.
    _turn: Option<Turn<'a>>,
}

impl<'a> Question<'a> {
    /// About this site, if the proof reaches it.
    pub(super) async fn about(
        state: &'a State,
        allowed: &Allowed<Read>,
        domain: &str,
        weight: Weight,
    ) -> Result<Self, ApiError> {
        Self::on(state, state.gate.on_site(allowed, domain)?, weight).await
    }

    /// About the site of the proof.
    pub(super) async fn on(state: &'a State, site: OnSite<Read>, weight: Weight) -> Result<Self, ApiError> {
        let question = Self::of(state, site).await?;
        Ok(Self { _turn: Some(state.turns.take(weight).await?), ..question })
    }

    /// The same, before its turn has come.
    pub(super) async fn of(state: &'a State, site: OnSite<Read>) -> Result<Self, ApiError> {
        let (vocabulary, kept) = words(state, &site).await?;
        let (client, views) = (state.store(&site).client(), state.views(&site));
        let budget = state.limits.question;
        Ok(Self { site, vocabulary, views, kept, client, budget, _turn: None })
    }

    /// What a query costs.
    pub(super) fn weight(&self, query: &Query) -> Weight {
        if self.asking().is_kept(query) { Weight::Kept } else { Weight::Rows }
    }

    /// For queries.
    pub(super) fn asking(&self) -> Asking<'_> {
        Asking {
            client: &self.client,
            site: self.site.site(),
            now: clock::now(),
            views: self.views,
            goals: &self.vocabulary.goals,
            budget: self.budget,
        }
    }

    /// For reports.
    pub(super) fn reporting(&self) -> Reporting<'_> {
        Reporting { asking: self.asking(), kept: &self.kept }
    }
}

/// What a site has defined: its words, and the definitions that views keep.
async fn words(state: &State, site: &OnSite<Read>) -> Result<(Vocabulary, Vec<Definition>), ApiError> {
    let settings = state.definitions(site);
    let records = settings.definitions(site.site().id).await?;
    let vocabulary = vocabulary(&records, settings.meta.words(site.site().id).await?);
    let ready = |record: &DefinitionRecord| settings.filling(record.definition.id) == Filling::Ready;
    let kept = records.into_iter().filter(ready).map(|record| record.definition);
    Ok((vocabulary, kept.collect()))
}

/// The JSON of a body, and the site it is about.
pub(super) fn read(body: &[u8]) -> Result<(Value, String), QueryError> {
    let value = parse::value_of(body)?;
    let site = parse::site_of(&value)?.to_owned();
    Ok((value, site))
}
