//! `v_funnels`.

use opentrace_operators::{Diff, Passage};
use opentrace_store::PassageRow;

use super::last_states;
use crate::journal::Epoch;

/// The passages a batch changes: the last state of each key, a tombstone where it ended.
pub(crate) fn passages<'a>(epochs: impl Iterator<Item = (Epoch, &'a [(Passage, Diff)])>) -> Vec<PassageRow> {
    let key =
        |passage: &Passage| (passage.person.site, passage.funnel.0, passage.day, passage.person.visitor);
    last_states(epochs, key)
        .into_iter()
        .map(|((site_id, definition, day, visitor), (epoch, state))| match state {
            Some(passage) => passage_row(passage, epoch),
            None => {
                PassageRow { site_id, definition, day, visitor, epoch, deleted: 1, ..PassageRow::default() }
            }
        })
        .collect()
}

pub(crate) fn passage_row(passage: &Passage, epoch: Epoch) -> PassageRow {
    PassageRow {
        site_id: passage.person.site,
        definition: passage.funnel.0,
        day: passage.day,
        visitor: passage.person.visitor,
        entered: passage.entered,
        seconds: passage.seconds.clone(),
        epoch,
        deleted: 0,
    }
}
