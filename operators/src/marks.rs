//! Marks: which of a site's conditions an event meets.
//!
//! Conditions are evaluated where the strings are, once per event; the dataflow sees a set of
//! numbers. Equal conditions share a number, so that a step used in ten funnels takes one.

use serde::{Deserialize, Serialize};

/// The number of a condition among those of its site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Mark(u8);

impl Mark {
    /// How many conditions a site can have at a time.
    pub const COUNT: usize = 128;

    /// The mark of this number; `None` from [`Mark::COUNT`] on.
    pub fn new(number: usize) -> Option<Self> {
        u8::try_from(number).ok().filter(|number| usize::from(*number) < Self::COUNT).map(Self)
    }
}

/// A set of marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Marks([u64; 2]);

impl Marks {
    /// The set with one more mark.
    #[must_use]
    pub fn with(self, mark: Mark) -> Self {
        let mut bits = self.0;
        bits[usize::from(mark.0 / 64)] |= 1 << (mark.0 % 64);
        Self(bits)
    }

    /// Whether the mark is in the set.
    pub fn has(self, mark: Mark) -> bool {
        self.0[usize::from(mark.0 / 64)] & (1 << (mark.0 % 64)) != 0
    }

    /// Whether a mark is in both.
    pub fn meets(self, other: Self) -> bool {
        self.0[0] & other.0[0] != 0 || self.0[1] & other.0[1] != 0
    }

    /// What is in either.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self([self.0[0] | other.0[0], self.0[1] | other.0[1]])
    }
}

impl FromIterator<Mark> for Marks {
    fn from_iter<I: IntoIterator<Item = Mark>>(marks: I) -> Self {
        marks.into_iter().fold(Self::default(), Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        let marks: Vec<Mark> = (0..Mark::COUNT).filter_map(Mark::new).collect();
        assert_eq!(marks.len(), Mark::COUNT);
        assert_eq!(Mark::new(Mark::COUNT), None);
        for mark in &marks {
            let only = Marks::default().with(*mark);
            assert_eq!(marks.iter().filter(|other| only.has(**other)).collect::<Vec<_>>(), [mark]);
            assert!(only.meets(marks.iter().copied().collect()));
            assert!(!only.meets(marks.iter().copied().filter(|other| other != mark).collect()));
        }
    }
}
