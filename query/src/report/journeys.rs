//! Which way visits go from page to page.

use serde::Serialize;
use serde_json::Value;

use super::{About, Divided, Reporting};
use crate::error::QueryError;
use crate::plan::{Shape, Views};
use crate::query::Query;
use crate::rows;
use crate::sql;

/// A question about the pages of visits that began in the range, in their order. Reloads are left
/// out; of a long visit the first 32 pages are known.
#[derive(Clone, Debug, PartialEq)]
pub struct Journeys {
    pub about: About,
    /// Steps from page to page, from the entry on.
    pub depth: u64,
    /// Links in the answer (of each group, where it is divided).
    pub limit: u64,
}

/// The links most visits took, the busiest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JourneysAnswer {
    pub links: Vec<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breakdown: Option<Vec<Divided<Links>>>,
}

/// The links of one group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Links {
    pub links: Vec<Link>,
}

/// Visits that went from one page to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    pub from: String,
    pub to: String,
    /// 1 for the step from the entry page to the second.
    pub step: u64,
    pub visits: u64,
}

impl Reporting<'_> {
    /// Answers a question about the ways of visits.
    ///
    /// # Errors
    /// See [`QueryError::blame`].
    pub async fn journeys(&self, ask: &Journeys) -> Result<JourneysAnswer, QueryError> {
        let range = self.asking.range(&ask.about.date_range).await?;
        let query = Query { filters: ask.about.filters.clone(), ..Query::default() };
        let shape = Shape { made_visits: self.asking.views == Views::Never, ..Shape::default() };
        let context = self.context(&query, &range, &shape);
        let links = self.links(&sql::report::journeys(context, ask, None)?).await?;
        let links = links.into_iter().map(|(_, link)| link).collect();
        let Some(dimension) = &ask.about.dimension else {
            return Ok(JourneysAnswer { links, breakdown: None });
        };
        let mut groups: Vec<Divided<Links>> = Vec::new();
        for (name, link) in self.links(&sql::report::journeys(context, ask, Some(dimension))?).await? {
            match groups.iter_mut().find(|group| group.dimensions[0] == name) {
                Some(group) => group.part.links.push(link),
                None => groups.push(Divided { dimensions: [name], part: Links { links: vec![link] } }),
            }
        }
        Ok(JourneysAnswer { links, breakdown: Some(groups) })
    }

    async fn links(&self, statement: &sql::Statement) -> Result<Vec<(String, Link)>, QueryError> {
        let returned = rows::fetch(self.asking.client, statement, self.asking.budget).await?;
        let read = returned.into_iter().map(|row| match row.as_slice() {
            [Value::String(name), Value::String(from), Value::String(to), step, visits] => {
                let link = Link {
                    from: from.clone(),
                    to: to.clone(),
                    step: step.as_u64().unwrap_or_default(),
                    visits: visits.as_u64().unwrap_or_default(),
                };
                Ok((name.clone(), link))
            }
            _ => Err(QueryError::Row { message: "a link of another form".to_owned() }),
        });
        read.collect()
    }
}
