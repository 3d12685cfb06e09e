//! Counting history: the views of a plan from the stored events of earlier epochs.
//!
//! People are taken a share at a time, all their events at once, and told whole to the same functions
//! that the dataflow calls for changes. A share holds about as many events as fit into a hundred
//! megabytes, however large the site is.

use hashbrown::HashMap;
use opentrace_events::DefinitionId;
use opentrace_operators::{Change, Counted, Installed, Person, Rows};
use opentrace_store::{Block, Columns, Origin, SiteShare, Store, StoreError};

use super::{Filling, Fillings};
use crate::facts::FactMaker;
use crate::history::source;
use crate::intern::Interner;
use crate::journal::Epoch;
use crate::plan::{Book, InForce, SitePlan};
use crate::retry::until_it_works;
use crate::sink::views::{
    Breakdowns, CellView, Days, Goals, Retention, Series, Uniques, feature_row, passage_row, session_row,
};

/// Events whose people are taken at a time, about.
const SHARE_EVENTS: u64 = 1_000_000;
/// Stored events made into facts at a time.
const PIECE: usize = 8_192;

/// Counts and writes everything up to `epoch`. Tries again until ClickHouse has taken it; returns how
/// many events there were.
pub(super) async fn fill(
    store: &Store,
    fillings: &Fillings,
    plan: &SitePlan,
    epoch: Epoch,
    whole: bool,
    definitions: &[DefinitionId],
) -> u64 {
    let Ok(in_force) = InForce::new(plan.clone()) else {
        tracing::error!(site = plan.site.0, "a plan that was in force cannot be read");
        return 0;
    };
    let mut installed = in_force.installed.clone();
    installed.retain(|installed| definitions.iter().any(|wanted| wanted.0 == installed.id.0));
    if !whole && installed.is_empty() {
        return 0;
    }
    let columns = if whole { Columns::All } else { Columns::Only(in_force.columns()) };
    let mut book = Book::default();
    book.put(std::sync::Arc::new(in_force));
    let filler = Filler { store, book, plan, epoch, whole, installed, columns };

    let events = until_it_works("count history", || store.count_events(plan.site.0, epoch)).await;
    let of = events.div_ceil(SHARE_EVENTS);
    let mut cells = Rows::default();
    let mut days = Days::default();
    for part in 0..of {
        let counted = part * SHARE_EVENTS;
        fillings.set(definitions.iter().copied(), Filling::Filling { counted, of: events });
        let share = SiteShare { site_id: plan.site.0, part, of, max_epoch: epoch };
        let (rows, of_share) = until_it_works("count history", || filler.share(share)).await;
        days.add(of_share);
        cells.uniques.extend(rows.uniques);
        cells.goals.extend(rows.goals);
        cells.retention.extend(rows.retention);
        cells.series.extend(rows.series);
        cells.consolidate();
    }
    filler.write_cells(cells).await;
    filler.write_days(days).await;
    events
}

struct Filler<'a> {
    store: &'a Store,
    book: Book,
    plan: &'a SitePlan,
    epoch: Epoch,
    whole: bool,
    installed: Vec<Installed>,
    columns: Columns,
}

impl Filler<'_> {
    /// Counts a share of the people; writes their rows and returns their cells.
    async fn share(&self, share: SiteShare) -> Result<(Rows, Days), StoreError> {
        let mut maker = FactMaker::new(Interner::default());
        let mut people: HashMap<Person, Vec<Counted>> = HashMap::new();
        let mut piece = Vec::with_capacity(PIECE);
        let mut stored = self.store.share_events(share, &self.columns)?;
        loop {
            let act = stored.next().await?;
            let ended = act.is_none();
            piece.extend(act);
            if piece.len() == PIECE || ended {
                let sources: Vec<_> = piece.iter().map(source).collect();
                for fact in maker.make(&sources, &self.book) {
                    people.entry(fact.person).or_default().push((fact.act, 1));
                }
                piece.clear();
            }
            if ended {
                break;
            }
        }
        let mut rows = Rows::default();
        for (person, history) in &mut people {
            history.sort_unstable();
            history.dedup_by_key(|(act, _)| (act.ts, act.id));
            let change = Change::from_nothing(*person, history, &self.installed);
            if self.whole { rows.derive(&change) } else { rows.derive_defined(&change) }
        }
        rows.consolidate();
        self.write_rows(&mut rows, &maker.interner).await?;
        let days = Days::new(&rows, self.plan.calendar, &maker.interner.reader());
        Ok((rows, days))
    }

    /// Writes and takes out rows that are whole.
    async fn write_rows(&self, rows: &mut Rows, interner: &Interner) -> Result<(), StoreError> {
        let (sessions, features, passages) = {
            let words = interner.reader();
            let sessions: Vec<_> =
                rows.sessions.drain(..).map(|(row, _)| session_row(&row, self.epoch, &words)).collect();
            let features: Vec<_> =
                rows.features.drain(..).map(|(row, _)| feature_row(&row, self.epoch, &words)).collect();
            let passages: Vec<_> =
                rows.funnels.drain(..).map(|(row, _)| passage_row(&row, self.epoch)).collect();
            (sessions, features, passages)
        };
        self.store.insert(&Block::sessions(&sessions), None).await?;
        self.store.insert(&Block::features(&features), None).await?;
        self.store.insert(&Block::passages(&passages), None).await
    }

    async fn write_cells(&self, rows: Rows) {
        let calendar = self.plan.calendar;
        let uniques: Vec<_> = rows.uniques.into_iter().map(|(cell, n)| ((calendar, cell), n)).collect();
        let series: Vec<_> =
            rows.series.into_iter().map(|(cell, n)| (Series::cell(calendar, cell), n)).collect();
        self.write::<Uniques>(uniques).await;
        self.write::<Series>(series).await;
        self.write::<Goals>(rows.goals).await;
        self.write::<Retention>(rows.retention).await;
    }

    async fn write_days(&self, days: Days) {
        let (cells, values) = days.into_cells(self.plan.site.0, self.epoch);
        until_it_works("write history", || self.store.upsert_values(&values)).await;
        self.write::<Breakdowns>(cells).await;
    }

    async fn write<V: CellView>(&self, cells: Vec<(V::Cell, V::Value)>) {
        let row = |(cell, value): &(V::Cell, V::Value)| V::row(cell, value, self.epoch, Origin::History);
        let rows: Vec<V::Row> = cells.iter().map(row).collect();
        until_it_works("write history", || self.store.upsert_cells(&rows)).await;
    }
}
