//! What a model says of somebody, now: of visitors, of rows that the caller has, of what somebody has seen.

use opentrace_events::{Site, VisitorId};
use opentrace_models::predict::{Predictor, Table};
use opentrace_store::VisitorRow;
use opentrace_store::meta::ModelRecord;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Models;
use super::desk::DeskError;
use super::kind::Kind;
use super::learned::Learned;
use super::pages::Recommended;
use super::school::{TrainError, asked};
use super::table::features;

/// Contributions that are told of each prediction: the largest.
const TOLD: usize = 5;
/// Visitors or rows of one answer, and those of an answer where nothing is said.
pub(crate) const MOST: usize = 1_000;
const USUAL: usize = 100;

/// What is asked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// Another version than the live one.
    pub(crate) version: Option<u32>,
    /// Numbers of visitors, as text: they have 64 bits.
    pub(crate) visitors: Option<Vec<String>>,
    /// Features by name.
    pub(crate) rows: Option<Vec<Map<String, Value>>>,
    /// What somebody has seen, for recommendations.
    pub(crate) items: Option<Vec<String>>,
    /// How many to recommend, or the visitors with the highest scores where none are named.
    pub(crate) limit: Option<usize>,
}

/// What is said of somebody.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Said {
    #[serde(skip_serializing_if = "Option::is_none")]
    visitor: Option<String>,
    /// A probability, an amount, or the number of a segment.
    prediction: f64,
    /// The segment's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// What the columns added to the log-odds or the amount, the largest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    contributions: Vec<Contribution>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Contribution {
    feature: String,
    contribution: f64,
}

impl Models {
    /// What a model says of visitors or rows.
    pub(crate) async fn predict(
        &self,
        site: &Site,
        record: &ModelRecord,
        ask: Asked,
    ) -> Result<Value, DeskError> {
        let (kind, options) = asked(&record.kind, &record.options)?;
        let version = self.version(record, ask.version)?;
        let model = json!({ "id": record.id, "version": version, "kind": kind });
        let limit = ask.limit.unwrap_or(USUAL).min(MOST);
        if kind == Kind::Recommend {
            let items =
                self.recommend(site, record, version, &ask, ask.limit.unwrap_or(10).min(MOST)).await?;
            return Ok(json!({ "items": items, "model": model }));
        }
        let folder = self.shared.registry.folder(&record.id.to_string(), version)?;
        let now = crate::clock::now().0;
        let named = ask.visitors.is_some();
        let (who, table): (Vec<Option<u64>>, Table) = match (&ask.visitors, &ask.rows) {
            (Some(_), Some(_)) => {
                return Err(DeskError::Invalid("give `visitors` or `rows`, not both".to_owned()));
            }
            (Some(visitors), None) => {
                let rows = self.visitors(site, visitors).await?;
                (rows.iter().map(|row| Some(row.visitor)).collect(), features(&rows, now))
            }
            (None, Some(rows)) => (vec![None; rows.len()], table_of(rows)?),
            (None, None) if kind.scores() => {
                let people =
                    self.library(site).people(kind, &options, now).await.map_err(TrainError::from)?;
                (people.iter().map(|row| Some(row.visitor)).collect(), features(&people, now))
            }
            (None, None) => {
                return Err(DeskError::Invalid("give `visitors` or `rows`".to_owned()));
            }
        };
        let all = ask.rows.is_some() || named;
        let say = move || {
            let mut said = said(&Learned::load(&folder, kind)?, &who, &table)?;
            if !all {
                said.sort_by(|a, b| b.prediction.total_cmp(&a.prediction));
                said.truncate(limit);
            }
            Ok::<_, opentrace_models::Error>(said)
        };
        Ok(json!({ "predictions": self.work(say).await??, "model": model }))
    }

    /// What somebody will probably look at next.
    pub(crate) async fn recommend(
        &self,
        site: &Site,
        record: &ModelRecord,
        version: u32,
        ask: &Asked,
        limit: usize,
    ) -> Result<Vec<Recommended>, DeskError> {
        let mut has = ask.items.clone().unwrap_or_default();
        for visitor in ask.visitors.iter().flatten() {
            has.extend(self.shared.store.basket_of(site.id.0, number(visitor)?).await?);
        }
        let folder = self.shared.registry.folder(&record.id.to_string(), version)?;
        let best = move || match Learned::load(&folder, Kind::Recommend)? {
            Learned::Pages(pages) => Ok(pages.recommend(&has, limit)),
            _ => Ok(Vec::new()),
        };
        let best: Result<_, opentrace_models::Error> = self.work(best).await?;
        Ok(best?)
    }

    async fn visitors(&self, site: &Site, visitors: &[String]) -> Result<Vec<VisitorRow>, DeskError> {
        if visitors.len() > MOST {
            return Err(DeskError::Invalid(format!("at most {MOST} visitors can be asked about at once")));
        }
        let numbers = visitors.iter().map(|visitor| number(visitor)).collect::<Result<Vec<_>, _>>()?;
        Ok(self.shared.store.visitors_named(site.id.0, &numbers).await?)
    }
}

fn number(visitor: &str) -> Result<u64, DeskError> {
    let VisitorId(number) =
        visitor.parse().map_err(|error| DeskError::Invalid(format!("`{visitor}`: {error}")))?;
    Ok(number)
}

fn table_of(rows: &[Map<String, Value>]) -> Result<Table, DeskError> {
    if rows.is_empty() || rows.len() > MOST {
        return Err(DeskError::Invalid(format!("from 1 to {MOST} rows can be asked about at once")));
    }
    let mut names: Vec<String> = rows.iter().flat_map(|row| row.keys().cloned()).collect();
    names.sort_unstable();
    names.dedup();
    let cell = |value: Option<&Value>| match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let cells: Vec<Vec<String>> =
        rows.iter().map(|row| names.iter().map(|name| cell(row.get(name))).collect()).collect();
    Ok(Table::from_cells(&names, &cells)?)
}

fn said(model: &Learned, who: &[Option<u64>], table: &Table) -> Result<Vec<Said>, opentrace_models::Error> {
    let visitor = |who: &Option<u64>| who.map(|visitor| visitor.to_string());
    match model {
        Learned::Predictor(predictor) => {
            let predictions = predictor.predict(table)?;
            let one = |(who, one): (&Option<u64>, opentrace_models::predict::Prediction)| Said {
                visitor: visitor(who),
                prediction: one.prediction,
                name: None,
                contributions: largest(predictor, &one.contributions),
            };
            Ok(who.iter().zip(predictions).map(one).collect())
        }
        Learned::Segments(segments) => {
            let name = |id: u32| segments.segments.iter().find(|segment| segment.id == id);
            let ids = segments.assign(table)?;
            let one = |(who, id): (&Option<u64>, u32)| Said {
                visitor: visitor(who),
                prediction: f64::from(id),
                name: name(id).map(|segment| segment.name.clone()),
                contributions: Vec::new(),
            };
            Ok(who.iter().zip(ids).map(one).collect())
        }
        Learned::Pages(_) | Learned::Forecasters(_) => {
            Err(opentrace_models::Error::Degenerate { why: "a model of this kind says nothing of visitors" })
        }
    }
}

fn largest(predictor: &Predictor, contributions: &[f64]) -> Vec<Contribution> {
    let named = predictor.columns().zip(contributions);
    let mut named: Vec<Contribution> =
        named.map(|(name, by)| Contribution { feature: name.to_owned(), contribution: *by }).collect();
    named.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
    named.truncate(TOLD);
    named
}
