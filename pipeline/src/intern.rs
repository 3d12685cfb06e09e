//! Interning: strings become numbers on the way into the dataflow and strings again on the way out.
//!
//! An id is the SipHash of the string. Should two strings hash alike, the second takes the next free
//! id, so an id always means one string. Ids live as long as something refers to them: the
//! coordinator counts references per resident row and the entry goes with the last.
//!
//! State: each distinct string and visit once, plus about 60 bytes each.

use std::hash::Hash;
use std::sync::{Arc, RwLock};

use hashbrown::HashMap;
use opentrace_events::Visit;
use opentrace_operators::{TextId, VisitId};
use siphasher::sip::SipHasher13;

use crate::tables::tighten;

/// Fixed keys: ids must mean the same in every process of a cluster. Nothing secret is hashed, and
/// a provoked collision only costs the provoker's strings one more probe.
const KEYS: (u64, u64) = (0x6f70_656e_7472_6163, 0x655f_696e_7465_726e);

/// Shared between the coordinator, which adds and releases, and the sink, which resolves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interner {
    inner: Arc<RwLock<Tables>>,
}

#[derive(Debug, Default)]
struct Tables {
    texts: Table<str>,
    visits: Table<Visit>,
}

#[derive(Debug)]
struct Table<T: ?Sized> {
    entries: HashMap<u64, Entry<T>>,
}

#[derive(Debug)]
struct Entry<T: ?Sized> {
    value: Arc<T>,
    references: u32,
}

/// What of an event is interned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Texts<'a> {
    pub path: &'a str,
    /// Of a custom event.
    pub name: Option<&'a str>,
    pub visit: &'a Visit,
}

/// The same as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interned {
    pub path: TextId,
    /// None (0) of what is no custom event.
    pub name: TextId,
    pub visit: VisitId,
}

impl Interner {
    /// Interns what events hold, and takes one reference on each.
    pub(crate) fn take<'a>(&self, rows: impl Iterator<Item = Texts<'a>>) -> Vec<Interned> {
        let mut tables = self.write();
        // Rows often share a visit: its attributes need not be hashed for each.
        let mut shared: HashMap<*const Visit, u64> = HashMap::new();
        rows.map(|Texts { path, name, visit }| {
            let path = tables.texts.take(path, || Arc::from(path));
            let name = name.map_or(0, |name| tables.texts.take(name, || Arc::from(name)));
            let known = shared.entry(std::ptr::from_ref(visit));
            let visit = match known {
                hashbrown::hash_map::Entry::Occupied(id) => tables.visits.take_again(*id.get()),
                hashbrown::hash_map::Entry::Vacant(free) => {
                    *free.insert(tables.visits.take(visit, || Arc::new(visit.clone())))
                }
            };
            Interned { path: TextId(path), name: TextId(name), visit: VisitId(visit) }
        })
        .collect()
    }

    /// Gives back one reference on each.
    pub(crate) fn release(&self, rows: impl Iterator<Item = Interned>) {
        let mut tables = self.write();
        for Interned { path, name, visit } in rows {
            tables.texts.release(path.0);
            // None is not in the table.
            tables.texts.release(name.0);
            tables.visits.release(visit.0);
        }
        let Tables { texts, visits } = &mut *tables;
        tighten(&mut texts.entries);
        tighten(&mut visits.entries);
    }

    /// For looking up many ids. Nothing is added or released meanwhile.
    pub(crate) fn reader(&self) -> Reader<'_> {
        Reader {
            tables: self.read(),
            nothing: Arc::default(),
            nowhere: Arc::default(),
            pageview: Arc::from(opentrace_events::PAGEVIEW),
        }
    }

    /// How many strings and visits are held.
    pub(crate) fn len(&self) -> (usize, usize) {
        let tables = self.read();
        (tables.texts.entries.len(), tables.visits.entries.len())
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Tables> {
        // Every change to the tables is a single map operation, so a poisoned table is still whole.
        self.inner.read().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Tables> {
        self.inner.write().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// See [`Interner::reader`].
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    tables: std::sync::RwLockReadGuard<'a, Tables>,
    nothing: Arc<str>,
    nowhere: Arc<Visit>,
    pageview: Arc<str>,
}

impl Reader<'_> {
    /// What page views are called.
    pub(crate) fn pageview(&self) -> Arc<str> {
        Arc::clone(&self.pageview)
    }

    /// The string of an id; empty for "none".
    pub(crate) fn text(&self, id: TextId) -> Arc<str> {
        match self.tables.texts.entries.get(&id.0) {
            Some(entry) => Arc::clone(&entry.value),
            None => {
                if id != TextId::default() {
                    tracing::error!(?id, "an interned string is gone");
                }
                Arc::clone(&self.nothing)
            }
        }
    }

    /// The attributes of a visit.
    pub(crate) fn visit(&self, id: VisitId) -> Arc<Visit> {
        match self.tables.visits.entries.get(&id.0) {
            Some(entry) => Arc::clone(&entry.value),
            None => {
                tracing::error!(?id, "a visit's attributes are gone");
                Arc::clone(&self.nowhere)
            }
        }
    }
}

impl<T: ?Sized> Default for Table<T> {
    fn default() -> Self {
        Self { entries: HashMap::new() }
    }
}

impl<T: ?Sized + Hash + Eq> Table<T> {
    fn take(&mut self, value: &T, owned: impl FnOnce() -> Arc<T>) -> u64 {
        let mut id = hash(value);
        loop {
            match self.entries.entry(id) {
                hashbrown::hash_map::Entry::Occupied(mut held) if *held.get().value == *value => {
                    held.get_mut().references += 1;
                    return id;
                }
                hashbrown::hash_map::Entry::Occupied(_) => id = next(id),
                hashbrown::hash_map::Entry::Vacant(free) => {
                    free.insert(Entry { value: owned(), references: 1 });
                    return id;
                }
            }
        }
    }

    /// Takes another reference on what was taken before.
    fn take_again(&mut self, id: u64) -> u64 {
        if let Some(held) = self.entries.get_mut(&id) {
            held.references += 1;
        }
        id
    }

    fn release(&mut self, id: u64) {
        if let hashbrown::hash_map::Entry::Occupied(mut held) = self.entries.entry(id) {
            held.get_mut().references -= 1;
            if held.get().references == 0 {
                held.remove();
            }
        }
    }
}

/// The number of a value: the same in every process and for ever.
pub(crate) fn hash<T: ?Sized + Hash>(value: &T) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(KEYS.0, KEYS.1);
    value.hash(&mut hasher);
    next(std::hash::Hasher::finish(&hasher).wrapping_sub(1))
}

/// The id after this one, leaving out 0, which means "none".
fn next(id: u64) -> u64 {
    id.wrapping_add(1).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_means_one_string_until_the_last_reference_goes() {
        let interner = Interner::default();
        let visit = Visit { country: "DE".into(), ..Visit::default() };
        let names = [("/a", None), ("/b", Some("/a")), ("/a", None)];
        let taken = interner.take(names.into_iter().map(|(path, name)| Texts { path, name, visit: &visit }));
        let [a, b, again] = taken[..] else { panic!("three rows in, three out") };
        assert_ne!(a.path, b.path);
        assert_eq!((again, b.name, a.name), (a, a.path, TextId::default()));
        assert_eq!(&*interner.reader().text(a.path), "/a");

        interner.release([a, again].into_iter());
        assert_eq!(&*interner.reader().text(a.path), "/a", "one reference is left");
        interner.release([b].into_iter());
        assert_eq!(interner.len(), (0, 0));
    }

    #[test]
    fn a_collision_takes_the_next_id() {
        let mut table = Table::<str>::default();
        let id = hash("/a");
        table.entries.insert(id, Entry { value: Arc::from("/other"), references: 1 });
        assert_eq!(table.take("/a", || Arc::from("/a")), next(id));
        assert_eq!(table.take("/a", || Arc::from("/a")), next(id));
    }
}
